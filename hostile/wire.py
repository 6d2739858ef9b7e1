"""A transport in memory, and what must hold of all that is written to one."""

import re
from collections.abc import Iterable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IConsumer, IPushProducer
from zope.interface import implementer

ACTIVE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|\r(?!\n)"
)


class BrokenPromiseError(AssertionError):
    """Something that must hold does not."""


@implementer(IConsumer, IPushProducer)
class Wire:
    """A transport that keeps what is written; a slow one is full after each write."""

    TLS = False

    def __init__(self, host: str, is_slow: bool = False) -> None:
        self.peer = IPv4Address("TCP", host, 4000)
        self.is_slow = is_slow
        self.written: list[bytes] = []
        self.is_open = True
        self.is_paused = False
        self.producer: Any = None

    @property
    def disconnecting(self) -> bool:
        return not self.is_open

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 8080)

    def getPeer(self) -> IPv4Address:
        return self.peer

    def getHandle(self) -> object:
        raise AttributeError("no socket here")

    def write(self, data: bytes) -> None:
        if self.is_open:
            self.written.append(data)
            if self.is_slow and self.producer is not None:
                self.producer.pauseProducing()

    def writeSequence(self, pieces: Iterable[bytes]) -> None:
        self.write(b"".join(pieces))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def pauseProducing(self) -> None:
        self.is_paused = True

    def resumeProducing(self) -> None:
        self.is_paused = False

    def loseConnection(self) -> None:
        self.is_open = False

    stopProducing = loseWriteConnection = abortConnection = loseConnection

    def connectionLost(self, reason: object) -> None:
        """Be lost by its own protocol's wish, which is told of it later."""
        self.is_open = False

    def drain(self) -> None:
        """Have room again."""
        if self.is_slow and self.producer is not None and self.is_open:
            self.producer.resumeProducing()

    def take(self) -> bytes:
        """Return what was written since the last time."""
        data = b"".join(self.written)
        self.written.clear()
        return data


def check_lines(data: bytes) -> None:
    """Check that ``data`` is whole lines, and that none of it acts on a terminal."""
    if not data:
        return
    if not data.endswith(b"\n"):
        raise BrokenPromiseError(f"a line was cut: {data[-80:]!r}")
    found = ACTIVE.search(data.decode())
    if found is not None:
        raise BrokenPromiseError(f"active: {found[0]!r} in {data[:200]!r}")
