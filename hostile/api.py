"""Rooms whose door is lines over HTTP, with an EventSource that listens.

What must hold beside all that holds in any room: every answer is whole and has a status
that is meant, a stream is whole lines or whole events, and whoever may not say anything
says nothing.
"""

import json
import re
from typing import Final

from broadcast.base.settings import RoomSettings
from hostile.rooms import SECRET
from hostile.web import WebRoom, check_frames
from hostile.wire import BrokenPromiseError, check_lines

STATUSES: Final = frozenset(
    (100, 101, 200, 204, 304, 400, 401, 403, 404, 405, 409, 413, 421, 422, 426)
) | {429, 431, 503}
"""What may be answered to anything."""

_HEAD: Final = re.compile(
    rb"HTTP/1\.[01] (\d{3}) [ -~]*\r\n((?:[!-~]+: [^\r\n]*\r\n)*)\r\n"
)
_BAD: Final = b"HTTP/1.1 400 Bad Request\r\n\r\n"  # Twisted's own, and the end
_FIELD: Final = re.compile(r"retry: \d+|event: [a-z]+|id: \S+|data: \{.*\}|:")


class ApiRoom(WebRoom):
    """A room that is given requests for lines over HTTP.

    Args:
        settings: the room's.
        secret: what one has to log in with; "" for nothing.
    """

    half_closes = True

    def __init__(self, settings: RoomSettings, secret: str = "") -> None:
        super().__init__(settings, secret=secret)
        channel, self._reader = self._visit("127.0.0.1", False)
        login = f"Authorization: Bearer {secret}\r\n" if secret else ""
        channel.dataReceived(
            f"GET /events HTTP/1.0\r\nHost: localhost\r\n{login}\r\n".encode()
        )
        self.clock.advance(1)
        self.clock.advance(0)
        head, _, rest = self._reader.take().partition(b"\r\n\r\n")
        if b" 200 " not in head or b"event: welcome" not in rest:
            raise BrokenPromiseError(f"no stream: {head!r}")
        self.ears.append(self._reader)

    def _check_ears(self) -> None:
        self.ears.remove(self._reader)
        try:
            super()._check_ears()
        finally:
            self.ears.append(self._reader)
        check_events(self._reader.take())
        if not self._reader.is_open:
            raise BrokenPromiseError("a reader was closed")

    def _check_own(self, data: bytes) -> None:
        check_answers(data)


def check_answers(data: bytes) -> None:
    """Check all that one connection was answered."""
    while data and data != _BAD:
        found = _HEAD.match(data)
        if found is None or int(found[1]) not in STATUSES:
            raise BrokenPromiseError(f"no answer: {data[:300]!r}")
        headers = {
            line.partition(b": ")[0].lower(): line.partition(b": ")[2]
            for line in found[2].split(b"\r\n")
        }
        data = data[found.end() :]
        if found[1] == b"101":
            check_frames(data)
            return
        if found[1] in (b"100", b"204", b"304"):
            continue
        kind = headers.get(b"content-type", b"")
        if b"content-length" in headers:
            length = int(headers[b"content-length"])
            body, data = data[:length], data[length:]
        elif b"transfer-encoding" in headers:
            body, data = unchunked(data), b""
        else:
            body, data = data, b""
        if kind == b"text/event-stream":
            check_events(body)
        elif not kind.startswith(b"text/html"):
            check_lines(body.replace(b"\r\n", b"\n"))


def check_events(data: bytes) -> None:
    """Check that ``data`` is whole events, with a position where there is one."""
    if data and not data.endswith(b"\n\n"):
        raise BrokenPromiseError(f"an event was cut: {data[-80:]!r}")
    check_lines(data)
    for block in data.decode().split("\n\n")[:-1]:
        fields = block.split("\n")
        if any(_FIELD.fullmatch(field) is None for field in fields):
            raise BrokenPromiseError(f"no event: {block!r}")
        named = dict(field.partition(": ")[::2] for field in fields)
        if "data" not in named:
            continue
        event = json.loads(named["data"])
        if event["event"] != named["event"]:
            raise BrokenPromiseError(f"another event: {block!r}")
        if named["event"] == "message" and named["id"] != f"e1:{event['id']}":
            raise BrokenPromiseError(f"another position: {block!r}")


def unchunked(data: bytes) -> bytes:
    """Return the content of a chunked body, of which the end may be missing."""
    pieces: list[bytes] = []
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        if data[length : length + 2] != b"\r\n":
            raise BrokenPromiseError(f"no chunk: {data[:80]!r}")
        pieces.append(data[:length])
        data = data[length + 2 :]
        if not length and data:
            raise BrokenPromiseError(f"after the last chunk: {data[:80]!r}")
    return b"".join(pieces)


def api_rooms() -> list[ApiRoom]:
    """Return a room of each kind."""
    return [
        ApiRoom(RoomSettings(max_line=256, welcome="hello")),
        ApiRoom(RoomSettings(max_line=256, rate=50, burst=50, history=20)),
        ApiRoom(RoomSettings(max_line=256), secret=SECRET),
    ]
