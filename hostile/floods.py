"""What attackers send: rows of ``hostile.waits``, each a few bytes that repeat.

A row is a name and the face over which it goes: ``who:tls``. Lines go over TCP, TLS
and WebSocket alike, over the last in a frame each. Crowds, whose harm is in the number
of connections, are in ``hostile.crowds``.
"""

from dataclasses import dataclass
from itertools import count
from math import gcd

from tests.support.websocket import PING, PONG, TEXT, frame

BURST = 63 * 1024
"""Bytes of one send: nearly what the daemon reads at once."""

RECORD = 23
"""Bytes of a TLS record for one byte of text (RFC 8446, 5.2; a tag of 16 bytes)."""

EPOCH = b"EPOCH"
"""Stands in a line for the epoch of the room's log."""

NUMBER = b"NUMBER"
"""Stands in a line for the number of the connection."""

_UNMASKED = b"\0\0\0\0"

LINES = {
    "format": [b"/format text", b"/format json"],
    "say": [b"/say token x"],
    "help": [b"/help"],
    "unknown": [b"/x"],
    "name": [b"/name a-NUMBER", b"/name b-NUMBER"],
    "ping": [b"/ping"],
    "who": [b"/who"],
    "since": [b"/since EPOCH:1"],
    "foreign": [b"/since 0:1"],
    "history": [b"/history 1000"],
    "escapes": [b"\x1b[2J\x07\xff\xc2\x9b"],
    "blank": [b""],
    "clean": [b"x" * 79],
    "short": [b"x"],
}
"""Lines that are sent in turn, by row."""

FRAMES = {
    "ping": frame(PING, mask=_UNMASKED),
    "ping-payload": frame(PING, b"p" * 125, mask=_UNMASKED),
    "pong": frame(PONG, mask=_UNMASKED),
    "fragments": frame(0, fin=False, mask=_UNMASKED),
    "texts": frame(TEXT, mask=_UNMASKED),
}
"""Frames that are no lines. Fragments need a message that has begun."""

PATHS = {
    "healthz": "/healthz",
    "page": "/",
    "nowhere": "/nowhere",
    "metrics": "/metrics",
}
"""Requests that are sent one behind the other, by row."""

POSTS = {
    "post": b"x",
    "post-lines": b"x\n" * 1000,
    "post-escapes": b"\x1b[2J\x07\xff\xc2\x9b\n" * 1000,
    "post-wide": (b"\xff" * 4000 + b"\n") * 15,
}
"""Bodies that are posted one behind the other, by row."""

FACES = ("tcp", "tls", "ws")

EVERYWHERE = ("say", "who", "ping", "clean")
"""Rows of lines that go over every face unless rows are chosen; the rest over TCP."""

MIXTURE = "mixture"
"""The row in which each connection does what another row does."""


@dataclass(frozen=True, slots=True)
class Flood:
    """What one kind of attacker does.

    Attributes:
        name: the row's, without its face.
        face: ``tcp``, ``tls``, ``ws`` or ``http``.
        pieces: lines, frames or requests, sent in turn again and again.
        is_framed: each piece is put into a frame of its own.
        first: sent once before.
        is_crumbled: each byte is a TLS record of its own.
    """

    name: str
    face: str
    pieces: tuple[bytes, ...]
    is_framed: bool = False
    first: bytes = b""
    is_crumbled: bool = False

    def __str__(self) -> str:
        """Return the row's name."""
        return f"{self.name}:{self.face}"

    def payload(self, number: int, epoch: str) -> bytes:
        """Return whole pieces, together no more than ``BURST`` on the wire.

        Args:
            number: the connection's.
            epoch: the room's.
        """
        pieces = (
            piece.replace(EPOCH, epoch.encode()).replace(NUMBER, b"%d" % number)
            for piece in self.pieces
        )
        if self.is_framed:
            pieces = (frame(TEXT, piece, mask=_UNMASKED) for piece in pieces)
        turn = b"".join(pieces)
        return turn * (BURST // len(turn) // (RECORD if self.is_crumbled else 1))


def _lines(name: str, face: str) -> Flood:
    if face == "ws":
        return Flood(name, face, tuple(LINES[name]), is_framed=True)
    return Flood(name, face, tuple(line + b"\n" for line in LINES[name]))


def _requests(name: str) -> Flood:
    request = f"GET {PATHS[name]} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    return Flood(name, "http", (request.encode(),))


def _posts(name: str) -> Flood:
    body = POSTS[name]
    head = f"POST /say HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
    return Flood(name, "http", (head.encode() + b"\r\n\r\n" + body,))


def _frames(name: str) -> Flood:
    begun = frame(TEXT, b"x", fin=False, mask=_UNMASKED)
    first = begun if name == "fragments" else b""
    return Flood(f"frame-{name}", "ws", (FRAMES[name],), first=first)


def floods() -> dict[str, Flood]:
    """Return every row of bytes, by its name."""
    found = [
        *(_frames(name) for name in FRAMES),
        *(_requests(name) for name in PATHS),
        *(_posts(name) for name in POSTS),
        *(_lines(name, face) for name in LINES for face in FACES),
        Flood("crumbs", "tls", (b"x" * 79 + b"\n",), is_crumbled=True),
    ]
    return {str(flood): flood for flood in found}


def usual_floods() -> list[str]:
    """Return the rows that are run unless some are chosen."""
    return [
        *(
            name
            for name, flood in floods().items()
            if flood.face == "tcp"
            or flood.name not in LINES
            or flood.name in EVERYWHERE
        ),
        MIXTURE,
    ]


def chosen_flood(row: str, number: int) -> Flood:
    """Return what connection ``number`` of a row does."""
    every = floods()
    if row != MIXTURE:
        return every[row]
    # A step without a common factor: neighbours are of different kinds.
    names = list(every)
    step = next(step for step in count(7) if gcd(step, len(names)) == 1)
    return every[names[number * step % len(names)]]
