"""An address of the API: the rules on its callers, and the form of its answers.

The rules on pages come first, before anything of a request is looked at. A browser asks
before it sends a request with other headers than a form's (the preflight), and shows an
answer only to the pages that are named in it (CORS). Both are for the pages of
``--web-origin`` alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from broadcast.auth.ratelimit import Rates
from broadcast.net.connections import Connections
from broadcast.web.api.framing import Framings
from broadcast.web.api.logins import Caller, Logins
from broadcast.web.api.stream import Comments
from broadcast.web.door import Door, RefusedError
from broadcast.web.http import (
    COMMON,
    NOTHING,
    PLAIN,
    answer,
    headers,
    unknown_parameter,
)

ALLOWED_HEADERS: Final = b"Authorization, Content-Type, Idempotency-Key, Last-Event-ID"

BUSY: Final = 1
"""Seconds after which a request may be sent again that came too early."""


@dataclass(frozen=True, slots=True)
class Api:
    """The parts that all addresses share.

    Attributes:
        connections: the open connections, and their room.
        door: the rules about pages.
        logins: names the caller of a request.
        rates: the lines that each may post.
        framings: those of the room's streams.
        comments: writes comments to streams of events.
    """

    connections: Connections
    door: Door
    logins: Logins
    rates: Rates
    framings: Framings
    comments: Comments


def api_for(connections: Connections, door: Door) -> Api:
    """Return the parts that all addresses of a room share."""
    room, clock = connections.room, connections.work.clock
    return Api(
        connections,
        door,
        Logins(room.directory.policy.authenticator, clock),
        Rates(clock),
        Framings(lambda: room.store.epoch),
        Comments(connections),
    )


class Endpoint(Resource):
    """An address of the API.

    Args:
        api: the parts that all addresses share.
    """

    isLeaf = True
    methods: ClassVar[tuple[bytes, ...]]
    parameters: ClassVar[tuple[str, ...]]

    def __init__(self, api: Api) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.api = api

    def render_OPTIONS(self, request: Any) -> int:
        """Answer a preflight."""
        try:
            self.check_page(request)
        except RefusedError as error:
            self.refuse(request, error)
            return NOT_DONE_YET
        more = {b"Allow": b", ".join(self.methods)}
        if self.api.door.names(headers(request, "Origin")):
            more[b"Access-Control-Allow-Methods"] = more[b"Allow"]
            more[b"Access-Control-Allow-Headers"] = ALLOWED_HEADERS
            more[b"Access-Control-Max-Age"] = b"600"
        self.give(request, 204, PLAIN, b"", more)
        return NOT_DONE_YET

    def begin(self, request: Any) -> int:
        """Serve ``request``, or refuse it."""
        done = Deferred.fromCoroutine(self._admit(request))
        done.addErrback(self._failed, request)
        return NOT_DONE_YET

    def serve(self, request: Any, caller: Caller) -> None:
        """Answer a request of one that may use this address.

        Raises:
            RefusedError: it is refused all the same.
        """
        raise NotImplementedError

    def check_page(self, request: Any) -> None:
        """Check the page that has sent a request, if a page has.

        Raises:
            RefusedError: it may not.
        """
        (host,) = headers(request, "Host")
        sites = headers(request, "Sec-Fetch-Site")
        self.api.door.check_fetch(headers(request, "Origin"), sites, host)

    def refuse(self, request: Any, error: RefusedError) -> None:
        """Answer why a request is refused."""
        more = {}
        if error.status == 401:
            # Not Basic: a browser would ask for it, keep it, and attach it to what
            # any other page sends here.
            more[b"WWW-Authenticate"] = b"Bearer"
        if error.retry_after:
            more[b"Retry-After"] = b"%d" % error.retry_after
        self.give(request, error.status, PLAIN, f"{error}\n".encode(), more)

    def give(
        self,
        request: Any,
        status: int,
        kind: str,
        body: bytes | None,
        more: Mapping[bytes, bytes] | None = None,
    ) -> None:
        """Answer, unless the connection is lost.

        Args:
            request: the request.
            status: the status code.
            kind: the media type of the body.
            body: the whole body; None for one that has no length, and isn't sent.
            more: further headers.
        """
        if not request.channel or not request.channel.is_waiting_for(request):
            return
        own = {**COMMON, **self.shared(request), **(more or {})}
        answer(request, status, kind, b"", own)
        if body is not None and status != 204:
            request.setHeader(b"Content-Length", b"%d" % len(body))
            request.write(body)
        request.finish()

    def shared(self, request: Any) -> dict[bytes, bytes]:
        """Return the headers that let the page read the answer, if it may."""
        found = headers(request, "Origin")
        if not self.api.door.names(found):
            return {}
        return {
            b"Access-Control-Allow-Origin": found[0].encode("latin-1"),
            b"Access-Control-Expose-Headers": b"Retry-After",
        }

    async def _admit(self, request: Any) -> None:
        try:
            self.check_page(request)
            if request.postpath:
                raise RefusedError(404, NOTHING)
            self.precheck(request)
            caller = await self.api.logins.admit(request)
            if request.channel and request.channel.is_waiting_for(request):
                self._check_bans(caller)
                self.serve(request, caller)
        except RefusedError as error:
            self.refuse(request, error)

    def precheck(self, request: Any) -> None:
        """Check what needs no login.

        Raises:
            RefusedError: the request is refused.
        """
        if (message := unknown_parameter(request, self.parameters)) is not None:
            raise RefusedError(400, message)
        if self.api.connections.is_stopping:
            raise RefusedError(503, "the server shuts down", BUSY)

    def _check_bans(self, caller: Caller) -> None:
        policy = self.api.connections.room.directory.policy
        if (bye := policy.turn_away(caller.address, caller.folded)) is not None:
            raise RefusedError(403, bye.message)

    def _failed(self, failure: Failure, request: Any) -> None:
        Logger(namespace="broadcast").failure(
            "a request has failed", failure, event="fault"
        )
        if request.channel:
            request.channel.abort()
