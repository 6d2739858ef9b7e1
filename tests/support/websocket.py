"""A WebSocket client that can do wrong: frames are made by hand."""

import contextlib
import struct
from collections.abc import Iterable

from tests.support.daemon import Daemon
from tests.support.lineclient import SocketWire, connect_tcp

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def web_port(daemon: Daemon, scheme: str = "http") -> int:
    """Return the port of the daemon's HTTP listener."""
    found = daemon.out.wait_for(rf"the page is on {scheme}://[^/]+:(\d+)/")
    return int(found[0][1])


def frame(
    opcode: int,
    payload: bytes = b"",
    fin: bool = True,
    mask: bytes | None = b"\1\2\3\4",
    size: int | None = None,
) -> bytes:
    """Return a client's frame; ``size``: what its header says its size is."""
    size = len(payload) if size is None else size
    bit = 0x80 if mask is not None else 0
    head = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        head += bytes([bit | size])
    elif size < 1 << 16:
        head += struct.pack("!BH", bit | 126, size)
    else:
        head += struct.pack("!BQ", bit | 127, size)
    if mask is None:
        return head + payload
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return head + mask + number.to_bytes(len(payload), "big")


def request(
    path: str = "/ws", headers: Iterable[str] = (), host: str = "localhost"
) -> bytes:
    """Return the handshake's request."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: keep-alive, Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *headers,
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


class WebSocketWire:
    """Lines in text messages, and any other frame.

    Attributes:
        code: why the other end has closed, once it has.
        reason: the same, in words.
        pongs: what the pongs held.
        sizes: how many bytes the messages had.
    """

    def __init__(
        self,
        carrier: SocketWire,
        path: str = "/ws",
        first: bytes = b"",
        whole: bytes = b"",
    ) -> None:
        self.carrier = carrier
        self.code: int | None = None
        self.reason = ""
        self.pongs: list[bytes] = []
        self.sizes: list[int] = []
        self._buffer = b""
        carrier.send((whole or request(path)) + first)
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        self.head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        assert b" 101 " in self.head, self.head

    def send(self, data: bytes) -> None:
        """Send whole lines as text messages of 64 KiB or one line."""
        while data:
            stop = (
                data.rfind(b"\n", 0, 1 << 16) + 1 or data.find(b"\n") + 1 or len(data)
            )
            self.carrier.send(frame(TEXT, data[:stop]))
            data = data[stop:]

    def send_frames(self, *frames: bytes) -> None:
        """Send frames as they are."""
        self.carrier.send(b"".join(frames))

    def receive(self) -> bytes:
        """Return the next message's lines; empty when the other end has closed."""
        while self.code is None:
            opcode, payload = self.frame()
            if opcode == TEXT:
                payload.decode()
                self.sizes.append(len(payload))
                return payload + b"\n"
            assert opcode != BINARY
            self._control(opcode, payload)
        return b""

    def frame(self) -> tuple[int, bytes]:
        """Return the next frame's opcode and payload."""
        first, second = self._take(2)
        assert first & 0x80, "the server never fragments"
        assert not second & 0x80, "the server never masks"
        size = second
        if size == 126:
            (size,) = struct.unpack("!H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._take(8))
        return first & 0x0F, self._take(size)

    def end(self) -> None:
        """Close, in the WebSocket's own way."""
        self.carrier.send(frame(CLOSE, struct.pack("!H", 1000)))

    def reset(self) -> None:
        """Break the connection off."""
        self.carrier.reset()

    def close(self) -> None:
        """Close, as a browser's tab does."""
        if self.code is None:
            with contextlib.suppress(OSError):
                self.end()
        self.carrier.close()

    def is_ended(self) -> bool:
        """Tell, waiting, whether the server has closed the connection itself."""
        try:
            return self.carrier.receive() == b""
        except ConnectionResetError:
            return True

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.carrier.send(frame(PONG, payload))
        elif opcode == PONG:
            self.pongs.append(payload)
        else:
            assert opcode == CLOSE, opcode
            self.code = struct.unpack("!H", payload[:2])[0] if payload else 1005
            self.reason = payload[2:].decode()
            with contextlib.suppress(OSError):
                self.carrier.send(frame(CLOSE, payload[:2]))

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _more(self) -> None:
        data = self.carrier.receive()
        if not data:
            raise ConnectionError(f"the end, after {self._buffer[:200]!r}")
        self._buffer += data


def connect_websocket(
    daemon: Daemon, path: str = "/ws", receive_buffer: int | None = None
) -> WebSocketWire:
    """Connect to a daemon's WebSocket."""
    return WebSocketWire(connect_tcp(web_port(daemon), receive_buffer), path)


def http(
    daemon: Daemon, path: str, *headers: str, method: str = "GET"
) -> tuple[str, str]:
    """Return the head and the body of what a request is answered."""
    wire = connect_tcp(web_port(daemon))
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        *headers,
        "",
        "",
    ]
    wire.send("\r\n".join(lines).encode())
    data = b""
    while piece := wire.receive():
        data += piece
    wire.close()
    head, _, body = data.partition(b"\r\n\r\n")
    return head.decode("latin-1"), body.decode()
