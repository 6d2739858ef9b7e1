"""HTTP to a room in memory: requests, answers, and streams as they come."""

import json
from typing import Any, NamedTuple

from broadcast.web.site import WebSite
from tests.support.hall import Hall
from tests.support.visitor import Visitor, new_site


class Answer(NamedTuple):
    """What a request is answered: status, headers in lower case, and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The object in the body."""
        return json.loads(self.body)


def answer_in(data: bytes) -> Answer:
    """Return the answer at the beginning of ``data``; the rest is its body."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    headers = {name.lower(): value for name, value in pairs}
    return Answer(int(first.split()[1]), headers, body)


def request(
    method: str,
    path: str,
    *headers: str,
    body: bytes | None = None,
    host: str = "x",
    version: str = "1.1",
) -> bytes:
    """Return a request; with a body, its length is told."""
    length = () if body is None else (f"Content-Length: {len(body)}",)
    lines = [f"{method} {path} HTTP/{version}", f"Host: {host}", *headers, *length]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def unchunked(data: bytes) -> tuple[bytes, bool]:
    """Return the content of a chunked body, and whether its end has come."""
    pieces: list[bytes] = []
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        pieces.append(data[:length])
        assert data[length : length + 2] == b"\r\n", data[:80]
        data = data[length + 2 :]
        if not length:
            assert data == b"", data
            return b"".join(pieces), True
    return b"".join(pieces), False


class Reader:
    """Somebody that reads a stream.

    Attributes:
        head: the head of the answer.
        is_over: the end of the stream has come.
    """

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.head = answer_in(visitor.take() or b"HTTP/1.1 0 nothing\r\n\r\n")
        self._left = self.head.body
        self.is_over = False

    def text(self) -> str:
        """Return what has been read since the last time."""
        data = self._left + self.visitor.take()
        self._left = b""
        if self.head.headers.get("transfer-encoding") != "chunked":
            return data.decode()
        content, self.is_over = unchunked(data)
        return content.decode()

    def lines(self) -> list[str]:
        """Return the lines since the last time."""
        return self.text().split("\n")[:-1]

    def objects(self) -> list[dict[str, Any]]:
        """Return the objects since the last time."""
        return [json.loads(line) for line in self.lines()]

    def events(self) -> list[dict[str, str]]:
        """Return the events since the last time: ``event``, ``id``, ``data``."""
        return events_in(self.text())


def events_in(text: str) -> list[dict[str, str]]:
    """Return Server-Sent Events, and comments as the field ``""``."""
    found = []
    for block in text.split("\n\n")[:-1]:
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        found.append(fields)
    return found


class Http:
    """The HTTP port of a room in memory.

    Args:
        hall: the room.
        options: those of the HTTP port, with ``_`` for ``-``.
    """

    def __init__(self, hall: Hall | None = None, **options: str) -> None:
        self.hall = hall or Hall()
        self.site: WebSite = new_site(self.hall, **({"web": "0"} | options))

    def visit(self, at: str = "192.168.1.1", peer: str = "192.0.2.7") -> Visitor:
        """Return a new connection."""
        return Visitor(self.hall, at, peer, self.site)

    def ask(
        self,
        method: str,
        path: str,
        *headers: str,
        body: bytes | None = None,
        peer: str = "192.0.2.7",
        at: str = "192.168.1.1",
        host: str = "x",
    ) -> Answer:
        """Return what a request is answered."""
        visitor = self.visit(at, peer)
        visitor.send(request(method, path, *headers, body=body, host=host))
        self.hall.turn()
        found = answer_in(visitor.take() or b"HTTP/1.1 0 nothing\r\n\r\n")
        visitor.lose()
        return found

    def say(self, body: bytes, *headers: str, query: str = "", **more: str) -> Answer:
        """Return what a post is answered."""
        return self.ask("POST", f"/say{query}", *headers, body=body, **more)

    def read(self, path: str, *headers: str, **more: str) -> Reader:
        """Return somebody that reads a stream."""
        visitor = self.visit(**more)
        visitor.send(request("GET", path, *headers))
        self.hall.turn()
        return Reader(visitor)
