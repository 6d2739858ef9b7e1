"""The admin socket: a line is a command, answered in its turn."""

import json
from collections.abc import Iterator
from typing import Any

from twisted.internet import interfaces
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver
from zope.interface import implementer

from broadcast.admin.actions import AdminActions, Row
from broadcast.admin.commands import carry_out
from broadcast.net import sockopts
from broadcast.protocol.sanitize import escape

MAX_CONNECTIONS = 16
"""Admins at once; one more is closed."""

PIECE = 256
"""Rows written at once: the room goes on in between."""


@implementer(interfaces.IPullProducer)
class Answering:
    """Writes an answer as there is room."""

    def __init__(self, admin: "AdminProtocol") -> None:
        self._admin = admin

    def resumeProducing(self) -> None:
        """Write some more."""
        self._admin.write_some()

    def stopProducing(self) -> None:
        """Do nothing: the admin is told that it is gone."""


class AdminProtocol(LineReceiver):
    """One admin. While a command is answered, the next one waits unread."""

    delimiter = b"\n"
    MAX_LENGTH = 8192
    transport: Any  # the interfaces of Twisted's transports are many
    factory: "AdminFactory"
    _rows: Iterator[Row] | None = None

    def connectionMade(self) -> None:
        """Come in, if there is room."""
        self.factory.connections[self] = None
        if len(self.factory.connections) > MAX_CONNECTIONS:
            self._write({"ok": False, "error": "too many admins at once"})
            self.transport.loseConnection()

    def lineReceived(self, line: bytes) -> None:
        """Carry out one command."""
        command = line.decode(errors="replace").strip()
        if not command:
            return
        actions = self.factory.actions
        who = sockopts.user_of(self.transport)
        actions.logger.info("admin{who}: {command}", who=who, command=escape(command))
        self._rows = carry_out(actions, command)
        self.pauseProducing()  # type: ignore[no-untyped-call]  # input, here
        self.transport.registerProducer(Answering(self), False)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Say so, and close."""
        message = f"a command has at most {self.MAX_LENGTH} bytes"
        self._write({"ok": False, "error": message})
        self.transport.loseConnection()

    def write_some(self) -> None:
        """Write a piece of the answer; after the last one take the next command."""
        assert self._rows is not None
        for _ in range(PIECE):
            row = next(self._rows, None)
            if row is None:
                self._rows = None
                self.transport.unregisterProducer()
                self.resumeProducing()  # type: ignore[no-untyped-call]
                return
            self._write(row)

    def connectionLost(self, reason: Any = None) -> None:
        """Be gone."""
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
