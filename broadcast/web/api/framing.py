"""How lines become the pieces of a chunked body, or Server-Sent Events.

A batch is framed once for all readers of a kind (``store.entries.Framing``). The json
of an event is one line without a CR, so it is the ``data`` of an event as it is.
"""

import json
from collections.abc import Callable
from typing import Final

from broadcast.store.entries import Framing

END: Final = b"0\r\n\r\n"
"""The end of a chunked body (RFC 9112, 7.1)."""

COMMENT: Final = b":\n\n"
"""A line that an EventSource ignores, and that keeps proxies from closing."""

FINAL: Final = "bye"
"""The ``id:`` of a ``bye`` that forbids to come back.

An EventSource comes back all the same, and this is the ``Last-Event-ID`` by which it is
known. It is no position.
"""

_MESSAGE: Final = b'{"event":"message","id":'


def chunk(data: bytes) -> bytes:
    """Return ``data``, which is not empty, as a piece of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def unchanged(data: bytes) -> bytes:
    """Return ``data``, for a client of HTTP/1.0, which knows no chunks."""
    return data


def events_in(data: bytes, epoch: bytes) -> bytes:
    """Return lines of json as Server-Sent Events.

    Args:
        data: whole lines, each an event of the json dialect.
        epoch: the log's, as it is in positions.
    """
    start, pieces = len(_MESSAGE), []
    for line in data.split(b"\n")[:-1]:
        if line.startswith(_MESSAGE):
            id = line[start : line.index(b",", start)]
            pieces.append(
                b"event: message\nid: %b:%b\ndata: %b\n\n" % (epoch, id, line)
            )
        else:
            pieces.append(_other_event(line))
    return b"".join(pieces)


def _other_event(line: bytes) -> bytes:
    event = json.loads(line)
    kind, id = event["event"], ""
    if kind == "welcome":
        id = "{epoch}:{id}".format(**event)
    elif kind == "replayed":
        id = event["position"]
    elif kind == "bye" and not event["reconnect"]:
        id = FINAL
    mark = f"id: {id}\n" if id else ""
    return f"event: {kind}\n{mark}data: ".encode() + line + b"\n\n"


class Framings:
    """The framings of a room's streams: the same object for all readers of a kind.

    Args:
        epoch: returns the log's present epoch, which the ids of events have in them.
    """

    def __init__(self, epoch: Callable[[], str]) -> None:
        self._epoch = epoch
        self._known = ""
        self._events: dict[bool, Framing] = {}

    def lines(self, is_chunked: bool) -> Framing:
        """Return the framing of plain lines."""
        return chunk if is_chunked else unchanged

    def events(self, is_chunked: bool) -> Framing:
        """Return the framing of Server-Sent Events."""
        epoch = self._epoch()
        if epoch != self._known:
            self._known, self._events = epoch, {}
        if is_chunked not in self._events:
            self._events[is_chunked] = _events_framing(epoch.encode(), is_chunked)
        return self._events[is_chunked]


def _events_framing(epoch: bytes, is_chunked: bool) -> Framing:
    if is_chunked:
        return lambda data: chunk(events_in(data, epoch))
    return lambda data: events_in(data, epoch)
