"""A small blocking client with deadlines, over whatever carries its bytes."""

import json
import re
import socket
import ssl
import struct
from typing import Any, Protocol

from tests.support.daemon import DEADLINE


class Wire(Protocol):
    """What carries a client's bytes. A face implements it."""

    def send(self, data: bytes) -> None:
        """Send all of ``data``: lines, on a face that frames."""

    def receive(self) -> bytes:
        """Return what has come, waiting for it; empty at the end."""

    def end(self) -> None:
        """Close the sending half; TimeoutError, ConnectionError as sockets do."""

    def reset(self) -> None:
        """Break the connection off, unread input and all."""

    def close(self) -> None:
        """Close."""


class SocketWire:
    """Plain TCP, a unix socket, or TLS."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        sock.settimeout(DEADLINE)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self) -> bytes:
        try:
            return self.socket.recv(1 << 16)
        except ssl.SSLEOFError:
            return b""

    def end(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()

    def close(self) -> None:
        self.socket.close()


def connect_tcp(port: int, receive_buffer: int | None = None) -> SocketWire:
    """Connect to a port of this machine."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(DEADLINE)
    sock.connect(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return SocketWire(sock)


_PRESENCE = re.compile(
    rb"\* \S+ (?:joined|left) the chat\r?\n"
    rb"|\* \d+ (?:joined, (?:\d+ left, )?|left, )\d+ here\r?\n"
    rb'|\{"event":"(?:join|leave|presence)"'
)


class LineClient:
    """Sends lines, and awaits lines.

    Attributes:
        shows_presence: who comes and goes is among the lines it returns.
    """

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.shows_presence = True
        self._buffer = b""
        self._tokens = 0

    def send(self, *lines: str) -> None:
        """Send lines, each ended by LF."""
        self.wire.send("".join(f"{line}\n" for line in lines).encode())

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.wire.send(data)

    def raw_line(self) -> bytes:
        """Return the next line with its end; what is left at the end of it all."""
        line = self._next_line()
        while not self.shows_presence and _PRESENCE.match(line):
            line = self._next_line()
        return line

    def _next_line(self) -> bytes:
        while b"\n" not in self._buffer:
            data = self.wire.receive()
            if not data:
                line, self._buffer = self._buffer, b""
                return line
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line + b"\n"

    def raw_bytes(self, count: int) -> bytes:
        """Return the next ``count`` bytes, which need be no line; fewer at the end."""
        while len(self._buffer) < count and (data := self.wire.receive()):
            self._buffer += data
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def line(self) -> str:
        """Return the next line without its end; an error if there is none."""
        raw = self.raw_line()
        assert raw.endswith(b"\n"), f"no whole line, but {raw!r} and the end"
        return raw.decode().removesuffix("\n").removesuffix("\r")

    def lines(self, count: int) -> list[str]:
        """Return the next ``count`` lines."""
        return [self.line() for _ in range(count)]

    def until(self, pattern: str) -> list[str]:
        """Return the lines up to the first in which ``pattern`` is found."""
        got: list[str] = []
        while not got or not re.search(pattern, got[-1]):
            got.append(self.line())
        return got

    def event(self) -> dict[str, Any]:
        """Return the next line's object (json dialect)."""
        event = json.loads(self.line())
        assert isinstance(event, dict)
        return event

    def events_until(self, kind: str, **fields: object) -> list[dict[str, Any]]:
        """Return the events up to the first of ``kind`` with these ``fields``."""
        got: list[dict[str, Any]] = []
        wanted = fields | {"event": kind}
        while not got or not wanted.items() <= got[-1].items():
            got.append(self.event())
        return got

    def await_event(self, kind: str, **fields: object) -> dict[str, Any]:
        """Return the first event of ``kind`` with these ``fields``."""
        return self.events_until(kind, **fields)[-1]

    def since_ping(self, *lines: str) -> list[str]:
        """Send ``lines`` and a ping; return the lines that come before the pong."""
        self._tokens += 1
        token = f"ping-{self._tokens}"
        self.send(*lines, f"/ping {token}")
        return self.until(rf"\b{token}\b")[:-1]

    def rest(self) -> bytes:
        """Return all that comes until the end."""
        pieces = [self._buffer]
        self._buffer = b""
        while data := self.wire.receive():
            pieces.append(data)
        return b"".join(pieces)

    def rest_lines(self) -> list[str]:
        """Return the lines that come until the end; the last one must be whole."""
        lines: list[str] = []
        while raw := self.raw_line():
            assert raw.endswith(b"\n"), f"cut: {raw[-100:]!r}"
            lines.append(raw.decode().removesuffix("\n").removesuffix("\r"))
        return lines

    def half_close(self) -> None:
        """Say that nothing more will be sent."""
        self.wire.end()

    def reset(self) -> None:
        """Break off."""
        self.wire.reset()

    def close(self) -> None:
        """Close."""
        self.wire.close()
