"""``GET /lines`` and ``GET /events``: streams of what is said.

``/lines`` is for people and pipes. ``/events`` is for an EventSource, which comes back
by itself with the id of the last event that it has had. It does so only after a 200.
So it is refused with a ``bye`` where it is to come back.
"""

import random
from typing import Any, ClassVar, Final

from broadcast.protocol.dialects import JSON, TEXT
from broadcast.protocol.events import Bye
from broadcast.session.reader import Wish
from broadcast.web.api.endpoint import BUSY, Endpoint
from broadcast.web.api.framing import FINAL, chunk
from broadcast.web.api.logins import Caller
from broadcast.web.api.query import (
    NOWHERE,
    accepts,
    last_of,
    name_in,
    number_in,
    position_in,
)
from broadcast.web.api.stream import StreamConnection
from broadcast.web.door import RefusedError
from broadcast.web.http import PLAIN, head_of, headers, whole

NDJSON: Final = "application/x-ndjson"
EVENT_STREAM: Final = "text/event-stream"

RETRY: Final = (1000, 5000)
"""Milliseconds, at least and at most, after which an EventSource comes back. Thousands
that are closed at one moment come back spread out."""


class Reading(Endpoint):
    """An address that is read for ever."""

    methods: ClassVar = (b"GET", b"HEAD", b"OPTIONS")

    def render_GET(self, request: Any) -> int:
        """Begin a stream."""
        return self.begin(request)

    def render_HEAD(self, request: Any) -> int:
        """Tell what a stream would be."""
        return self.begin(request)

    def wish_of(self, request: Any, caller: Caller) -> Wish:
        """Return what a request asks for.

        Raises:
            RefusedError: it can't be told, or had.
        """
        raise NotImplementedError

    def kind_of(self, wish: Wish) -> str:
        """Return the media type of the stream."""
        raise NotImplementedError

    def open(self, request: Any, kind: str, wish: Wish) -> None:
        """Write the head of the answer and begin the stream."""
        raise NotImplementedError

    def serve(self, request: Any, caller: Caller) -> None:
        """Begin a stream for one that may read."""
        wish = self.wish_of(request, caller)
        directory = self.api.connections.room.directory
        if (bye := directory.policy.turn_away("", wish.name)) is not None:
            raise RefusedError(403, bye.message)
        if wish.follows:
            bye = directory.occupancy.refuse(caller.address)
            if bye is not None:
                raise RefusedError(503, bye.message, BUSY)
        kind = self.kind_of(wish)
        if request.method == b"HEAD":
            self.give(request, 200, kind, None)
        else:
            self.open(request, kind, wish)

    def head(self, request: Any, kind: str) -> bytes:
        """Return the head of an answer without an end."""
        chunked = {b"Transfer-Encoding": b"chunked"} if is_chunked(request) else {}
        return head_of(200, kind, {**self.shared(request), **chunked})

    def begin_stream(
        self, request: Any, head: bytes, framing: Any, wish: Wish
    ) -> StreamConnection:
        """Have the connection be a reader's from now on."""
        connections, chunked = self.api.connections, is_chunked(request)
        made: StreamConnection = request.channel.stream(
            lambda transport: StreamConnection(
                connections, transport, head, framing, chunked, wish
            ),
            keeps_place=not wish.follows,
        )
        return made


class Lines(Reading):
    """Lines as people read them, or objects of json."""

    parameters: ClassVar = ("history", "since", "follow", "name")

    def wish_of(self, request: Any, caller: Caller) -> Wish:
        """Return what a request asks for.

        Raises:
            RefusedError: it can't be told.
        """
        since, follow = last_of(request, b"since"), last_of(request, b"follow")
        position = None if since is None else position_in(since)
        if since is not None and position is None:
            raise RefusedError(400, "since takes a position, EPOCH:ID")
        if follow not in (None, "0", "1"):
            raise RefusedError(400, "follow is 0 or 1")
        return Wish(
            JSON if accepts(request, NDJSON) else TEXT,
            name_in(request),
            caller.folded,
            number_in(request, b"history"),
            position,
            follow != "0",
        )

    def kind_of(self, wish: Wish) -> str:
        """Return the media type of the stream."""
        return NDJSON if wish.dialect is JSON else PLAIN

    def open(self, request: Any, kind: str, wish: Wish) -> None:
        """Begin the stream."""
        framing = self.api.framings.lines(is_chunked(request))
        self.begin_stream(request, self.head(request, kind), framing, wish)


class Events(Reading):
    """Server-Sent Events, for an EventSource."""

    parameters: ClassVar = ("history", "since", "name")

    def precheck(self, request: Any) -> None:
        """Send one that was told not to come back away for good."""
        if _last_event(request) == FINAL:
            raise RefusedError(204, "")
        super().precheck(request)

    def wish_of(self, request: Any, caller: Caller) -> Wish:
        """Return what a request asks for; any position is taken."""
        last = _last_event(request) or last_of(request, b"since")
        position = None if last is None else position_in(last) or NOWHERE
        history = number_in(request, b"history")
        return Wish(JSON, name_in(request), caller.folded, history, position)

    def kind_of(self, wish: Wish) -> str:
        """Return the media type of the stream."""
        return EVENT_STREAM

    def open(self, request: Any, kind: str, wish: Wish) -> None:
        """Begin the stream."""
        is_whole = not is_chunked(request)
        begin = retry() if is_whole else chunk(retry())
        framing = self.api.framings.events(not is_whole)
        head = self.head(request, kind) + begin
        self.api.comments.add(self.begin_stream(request, head, framing, wish))

    def refuse(self, request: Any, error: RefusedError) -> None:
        """Answer why a request is refused, in a way that it may come back from."""
        if error.status == 204:
            self.give(request, 204, PLAIN, b"")
        elif error.status in (429, 503) and request.method == b"GET":
            stopping = self.api.connections.is_stopping
            bye = Bye("shutdown" if stopping else "full", str(error))
            self.give(request, 200, EVENT_STREAM, farewell(bye))
        else:
            super().refuse(request, error)


def is_chunked(request: Any) -> bool:
    """Tell whether a body without an end is sent in chunks: not to HTTP/1.0."""
    return bool(request.clientproto == b"HTTP/1.1")


def retry() -> bytes:
    """Return when to come back, as an EventSource is told."""
    return b"retry: %d\n\n" % random.randint(*RETRY)


def farewell(bye: Bye) -> bytes:
    """Return a stream that only says ``bye``, which asks to come back."""
    return retry() + b"event: bye\ndata: " + JSON.told(bye) + b"\n"


def refusal_of_events(message: str) -> bytes:
    """Return the whole answer to an EventSource for which there is no place."""
    return whole(200, EVENT_STREAM, farewell(Bye("full", message)))


def _last_event(request: Any) -> str | None:
    found = headers(request, "Last-Event-ID")
    return found[-1] if found and found[-1] else None
