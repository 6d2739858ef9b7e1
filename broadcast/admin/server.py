"""The server of the admin socket: each line is a command, answered in order."""

import json
from collections.abc import Iterator
from typing import Any

from twisted.internet import interfaces
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver
from zope.interface import implementer

from broadcast.admin import MAX_COMMAND
from broadcast.admin.actions import AdminActions, Row
from broadcast.admin.commands import Answer, carry_out
from broadcast.net import sockopts
from broadcast.protocol.sanitize import escape

MAX_CONNECTIONS = 16
"""Admin connections at the same time; any further connection is closed."""

MANY = "too many admins at once; try again later"

PIECE = 256
"""Rows written in a single turn: the room goes on in between."""


@implementer(interfaces.IPullProducer)
class Answering:
    """Writes an answer as the transport has room."""

    def __init__(self, admin: "AdminProtocol") -> None:
        self._admin = admin

    def resumeProducing(self) -> None:
        """Write some more."""
        self._admin.write_some()

    def stopProducing(self) -> None:
        """Do nothing: ``connectionLost`` cleans up."""


class AdminProtocol(LineReceiver):
    """A connection of an admin. During an answer, the next command waits unread."""

    delimiter = b"\n"
    MAX_LENGTH = MAX_COMMAND
    transport: Any  # the interfaces of Twisted's transports are many
    factory: "AdminFactory"
    _rows: Iterator[Answer] | None = None

    def connectionMade(self) -> None:
        """Register the connection, or close it if there are too many."""
        self.factory.connections[self] = None
        if len(self.factory.connections) > MAX_CONNECTIONS:
            self._write({"ok": False, "error": MANY})
            self.transport.loseConnection()

    def lineReceived(self, line: bytes) -> None:
        """Carry out a command."""
        command = line.decode(errors="replace").strip()
        if not command:
            return
        actions = self.factory.actions
        who = sockopts.user_of(self.transport)
        actions.logger.info(
            "admin{who}: {subject}",
            event="admin",
            who=who,
            subject=escape(command),
        )
        self._rows = carry_out(actions, command)
        self.pauseProducing()  # type: ignore[no-untyped-call]  # input, here
        self._go_on()

    def lineLengthExceeded(self, line: bytes) -> None:
        """Send an error, and close."""
        message = f"the command is too long; give {self.MAX_LENGTH} bytes at most"
        self._write({"ok": False, "error": message})
        self.transport.loseConnection()

    def write_some(self) -> None:
        """Write a piece of the answer; after the last piece, read the next command."""
        assert self._rows is not None
        for _ in range(PIECE):
            row = next(self._rows, None)
            if row is None:
                self._rows = None
                self.transport.unregisterProducer()
                self.resumeProducing()  # type: ignore[no-untyped-call]
                return
            if isinstance(row, Deferred):
                self.transport.unregisterProducer()
                row.addCallback(self._go_on)
                return
            self._write(row)

    def _go_on(self, _: object = None) -> None:
        """Write the answer, or the rest of it, unless the connection is lost."""
        if self._rows is not None:
            self.transport.registerProducer(Answering(self), False)

    def connectionLost(self, reason: Any = None) -> None:
        """Forget the connection, and the rest of its answer."""
        self._rows = None
        self.factory.connections.pop(self, None)

    def _write(self, row: Row) -> None:
        self.transport.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")


class AdminFactory(Factory):
    """Makes the admins' connections."""

    noisy = False
    protocol: Any = AdminProtocol

    def __init__(self, actions: AdminActions) -> None:
        self.actions = actions
        self.connections: dict[AdminProtocol, None] = {}
