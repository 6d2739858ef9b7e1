"""Connections over transports that take what they like, in memory."""

import random
from collections import deque
from typing import Any

from broadcast.net.writers import BufferedWriter, DirectWriter
from broadcast.protocol.roles import UNRESTRICTED
from broadcast.session import new_session
from broadcast.session.session import Session
from tests.support.hall import Hall


class Wire:
    """A connection whose transport takes random amounts, and hands them on late."""

    def __init__(self, seed: int, is_direct: bool) -> None:
        self._random = random.Random(seed)
        self._is_direct = is_direct
        self._queue: deque[bytes] = deque()
        self._producer: Any = None
        self.out = b""
        self.is_finished = False
        self.is_stuck = False
        self.is_reset = False

    # the socket

    def send(self, data: bytes) -> int:
        assert data, "a system call for nothing"
        assert not self._queue, "sent past what is queued"
        if self.is_reset:
            raise ConnectionResetError
        if self.is_stuck or self._random.random() < 0.4:
            raise BlockingIOError
        taken = self._random.randint(1, len(data))
        self.out += data[:taken]
        return taken

    # the transport

    def getHandle(self) -> "Wire":
        return self

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._producer = producer
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        self._producer = None

    def write(self, data: bytes) -> None:
        self._queue.append(data)
        if self._is_direct or self._random.random() < 0.3:
            return
        self._producer.pauseProducing()
        if not self.is_stuck and self._random.random() < 0.5:
            self.flush()

    def flush(self) -> None:
        """Hand on what is queued, and ask for more."""
        while self._queue and not self.is_stuck:
            self.out += self._queue.popleft()
        if self._producer is not None and not self._queue:
            self._producer.resumeProducing()

    def drain(self) -> None:
        """Hand on everything, to the end."""
        for _ in range(3000):
            self.flush()
            if self.is_finished:
                break
        self.flush()


class Front:
    """The connection of a wire, as far as a writer knows it."""

    def __init__(self, wire: Wire) -> None:
        self.transport = wire

    def pause_reading(self) -> None:
        """Do nothing: nothing is read here."""

    resume_reading = linger = pause_reading

    def shut(self) -> None:
        """Be finished: all has been written."""
        assert not self.transport.is_finished
        self.transport.is_finished = True


def join_over(hall: Hall, wire: Wire, is_direct: bool) -> Session:
    """Return the session of a guest that has joined, its output going to ``wire``."""
    front: Any = Front(wire)
    session = new_session(hall.room, front, "wire", True, UNRESTRICTED)
    kind = DirectWriter if is_direct else BufferedWriter
    front.session = session
    session.subscription.writer = kind(front)
    session.secured(None)
    session.greet()
    hall.turn()
    return session


class Pipe(Wire):
    """Takes all that it is given, unless it is stuck."""

    def write(self, data: bytes) -> None:
        if self.is_stuck or self._queue or self._is_direct:
            super().write(data)
        else:
            self.out += data

    def send(self, data: bytes) -> int:
        if self.is_stuck:
            raise BlockingIOError
        self.out += data
        return len(data)
