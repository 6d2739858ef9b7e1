"""Rooms whose door is the HTTP port: requests, handshakes, WebSocket frames.

What must hold beside all that holds in any room: what the server writes to a
WebSocket is whole frames, never masked, never fragmented, none after the one that
closes; to a request it never answers 500.
"""

from collections.abc import Sequence
from typing import Any

from broadcast.base.settings import RoomSettings
from broadcast.options import settings_from
from broadcast.web.site import WebSite
from hostile.rooms import SECRET, Arena
from hostile.wire import BrokenPromiseError, Wire, check_lines

_TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x81, 0x82, 0x88, 0x89, 0x8A


def handshake(path: str = "/ws") -> bytes:
    """Return a request for a WebSocket, with nothing wrong."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


class WebRoom(Arena):
    """A room that is given what comes to an HTTP port, with a WebSocket listening.

    Args:
        opening: sent before each input: a handshake, so that frames follow.
        asks: it asks for a name.
    """

    half_closes = False

    def __init__(
        self,
        settings: RoomSettings,
        opening: bytes = b"",
        secret: str = "",
        asks: bool = False,
    ) -> None:
        super().__init__(settings, secret=secret)
        self._opening = opening
        given = {"web": "0", "web-metrics": "on"}
        if settings.relay:
            given["relay"] = "yes"
        if asks:
            given["web-ask"] = "yes"
        self._site = WebSite(self.clock, self.connections, settings_from(given))
        self._browser = self._listen_in(
            f"/login {secret}" if secret else "ear" if asks else ""
        )

    def run(self, pieces: Sequence[bytes], host: str, ending: int) -> None:
        """Give one input; half of the time along with the handshake's last bytes."""
        if self._opening:
            whole = ending % 2 and len(pieces) > 0
            first = self._opening + pieces[0] if whole else self._opening
            pieces = [first, *pieces[1:]] if whole else [first, *pieces]
        super().run(pieces, host, ending)

    def _visit(self, host: str, is_slow: bool) -> tuple[Any, Wire]:
        site: Any = self._site  # untyped, as Twisted's
        channel = site.buildProtocol(None)
        wire = Wire(host, is_slow)
        channel.makeConnection(wire)
        return channel, wire

    def _listen_in(self, line: str) -> Wire:
        """Return the wire of a WebSocket that only listens, for as long as we run.

        Args:
            line: what it has to say first, if anything.
        """
        channel, wire = self._visit("127.0.0.1", False)
        channel.dataReceived(handshake())
        if line:
            size = bytes([0x80 | len(line)])
            mask = bytes(4)  # which changes nothing
            channel.dataReceived(b"\x81" + size + mask + line.encode())
        self.clock.advance(1)
        head, _, _ = wire.take().partition(b"\r\n\r\n")
        if b" 101 " not in head:
            raise BrokenPromiseError(f"no WebSocket: {head!r}")
        self.ears.append(wire)
        return wire

    def _check_ears(self) -> None:
        wire, self.ears = self._browser, self.ears[:2]
        frames = wire.take()
        try:
            super()._check_ears()
        finally:
            self.ears.append(wire)
        starts = check_frames(frames, is_relay=self.settings.relay)
        if any(frames[at] == _CLOSE for at in starts):
            raise BrokenPromiseError("one who only listens was closed")

    def _check_own(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 500") or b"\r\nHTTP/1.1 500" in data:
            raise BrokenPromiseError(f"a fault of the server's: {data[:300]!r}")
        head, _, rest = data.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 101 "):
            check_frames(rest, is_relay=self.settings.relay)


def check_frames(data: bytes, is_relay: bool = False) -> list[int]:
    """Check a server's frames; return where each begins."""
    starts: list[int] = []
    at = 0
    while at < len(data):
        if starts and data[starts[-1]] == _CLOSE:
            raise BrokenPromiseError(f"after the close frame: {data[at:][:80]!r}")
        starts.append(at)
        kind, size = data[at], data[at + 1] if at + 1 < len(data) else 0
        body = at + 2
        if size == 126:
            body, size = at + 4, int.from_bytes(data[at + 2 : at + 4])
        elif size == 127:
            body, size = at + 10, int.from_bytes(data[at + 2 : at + 10])
        payload = data[body : body + size]
        if kind not in (_TEXT, _BINARY, _CLOSE, _PING, _PONG) or len(payload) < size:
            raise BrokenPromiseError(f"no whole frame: {data[at:][:80]!r}")
        if kind in (_CLOSE, _PING, _PONG) and size > 125:
            raise BrokenPromiseError(f"a long control frame: {data[at:][:80]!r}")
        if kind == _TEXT and is_relay:
            payload.decode()
        elif kind == _TEXT:
            check_lines(payload + b"\n")
        elif kind == _BINARY and not is_relay:
            raise BrokenPromiseError(f"a binary frame: {data[at:][:80]!r}")
        elif kind == _CLOSE:
            payload[2:].decode()
        at = body + size
    return starts


def web_rooms() -> list[WebRoom]:
    """Return an HTTP port of each kind."""
    small = RoomSettings(max_line=256, welcome="hello")
    echo = RoomSettings(max_line=256, echo=True, rate=100, burst=100)
    asking = RoomSettings(
        max_line=256, joined_text="[{name}, {count}]", login_timeout=1
    )
    by_line = handshake("/ws?frames=line&format=json&name=eve")
    return [
        WebRoom(small),
        WebRoom(small, handshake()),
        WebRoom(echo, by_line),
        WebRoom(small, handshake(), secret=SECRET),
        WebRoom(asking, handshake(), asks=True),
        WebRoom(RoomSettings(max_line=256, relay=True), handshake()),
    ]
