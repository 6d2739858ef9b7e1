"""A request, and the checks before any resource handles it."""

from io import BytesIO
from typing import Any

from twisted.python.failure import Failure
from twisted.web.server import Request

from broadcast.base.hosts import host_of
from broadcast.net.sockopts import name_of
from broadcast.web.door import RefusedError, Target, target_of
from broadcast.web.heads import TOO_LARGE
from broadcast.web.http import MAX_BODY, READ_ONLY, allowed, headers, refusal, say
from broadcast.web.places import Bodies


class Visit(Request):
    """A request whose host and method have been checked.

    A resource finds exactly one Host header, with the authority of the target. Nothing
    is taken out of the body: a form is as it came.

    Attributes:
        body: the bytes of the body.
        kinds: its Content-Type headers, which Twisted would decode forms by.
    """

    channel: Any
    _refusal: RefusedError | None = None

    def __init__(self, channel: Any, queued: object = None) -> None:
        super().__init__(channel)  # type: ignore[no-untyped-call]  # Twisted's
        self.body = bytearray()
        self.kinds: list[str] = []
        self._bodies: Bodies = channel.factory.bodies

    def gotLength(self, length: int | None) -> None:
        """Have no file for the body, whatever its length."""
        self.content = BytesIO()

    def handleContentChunk(self, data: bytes) -> None:
        """Keep a piece of the body, or refuse the rest of it."""
        if len(self.body) + len(data) > MAX_BODY:
            self.channel.refuse_rest(refusal(413, TOO_LARGE))
        elif not self._bodies.take(self, self._host, len(data)):
            again = {b"Retry-After": b"1"}
            message = "too much is being sent: try later"
            self.channel.refuse_rest(refusal(503, message, again))
        else:
            self.body += data

    def refuse_body(self, line: bytes, length: int | None) -> bytes:
        """Return the answer to a request whose body is not to be read; empty: it is.

        Args:
            line: the request line.
            length: the bytes of the body; None if it comes in chunks.
        """
        more: dict[bytes, bytes] = {}
        method, path, version = [*line.split(b" "), b"", b""][:3]
        try:
            target = self._target(path, version)
            taker = self.channel.factory.takes_body(method, target.path)
            if taker is None:
                refused: bytes = self.channel.factory.refuse_body(method, target.path)
                return refused
            authority = target.authority.encode("latin-1")
            self.requestHeaders.setRawHeaders(b"Host", [authority])
            taker.check_page(self)
            more = taker.shared(self)
        except RefusedError as error:
            return refusal(error.status, str(error))
        encodings = headers(self, "Transfer-Encoding")
        is_chunked = [one.lower() for one in encodings] == ["chunked"]
        if encodings and not (is_chunked and version == b"HTTP/1.1"):
            return refusal(400, "a body comes in chunks, or with its length", more)
        return refusal(413, TOO_LARGE, more) if (length or 0) > MAX_BODY else b""

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Process a whole request, after a check of its target."""
        self.kinds = headers(self, "Content-Type")
        self.requestHeaders.removeHeader(b"Content-Type")
        try:
            asked = self._target(path, version)
        except RefusedError as error:
            self._refusal = error
        else:
            path = asked.path.encode("latin-1")
            self.requestHeaders.setRawHeaders(
                b"Host", [asked.authority.encode("latin-1")]
            )
        super().requestReceived(command, path, version)  # type: ignore[no-untyped-call]  # Twisted's

    def process(self) -> None:
        """Answer, or refuse and close: the bytes after it may be no request."""
        if self._refusal is None and self.path != b"*":
            super().process()  # type: ignore[no-untyped-call]  # Twisted's
        elif self._refusal is None:
            self._refuse_method(READ_ONLY)
        else:
            self.responseHeaders.setRawHeaders(b"Connection", [b"close"])
            self.channel.persistent = False
            self._tell(self._refusal.status, str(self._refusal))

    def render(self, resrc: Any) -> None:
        """Answer the methods of a resource, and refuse others.

        Twisted's own answer to other methods fails on some URIs.
        """
        methods = getattr(resrc, "methods", READ_ONLY)
        if self.method not in methods:
            self._refuse_method(methods)
        elif self.method == b"HEAD" and methods is READ_ONLY:
            self._end(resrc.render(self))  # Twisted would log each
        else:
            super().render(resrc)  # type: ignore[no-untyped-call]  # Twisted's

    def finish(self) -> None:
        """End the answer; the body is needed no longer."""
        self._forget_body()
        super().finish()  # type: ignore[no-untyped-call]  # Twisted's

    def connectionLost(self, reason: Failure) -> None:
        """End without an answer."""
        self._forget_body()
        super().connectionLost(reason)  # type: ignore[no-untyped-call]  # Twisted's

    @property
    def _host(self) -> str:
        return host_of(name_of(self.channel.transport.getPeer()))

    def _forget_body(self) -> None:
        self._bodies.give_back(self)
        self.body = bytearray()

    def _target(self, path: bytes, version: bytes) -> Target:
        """Return the target, whose host has been checked.

        Raises:
            RefusedError: it is none, or of another host.
        """
        asked = target_of(
            path.decode("latin-1"), headers(self, "Host"), version.decode("latin-1")
        )
        if self.channel.is_inside:
            self.channel.factory.door.check_host(asked.authority)
        return asked

    def _refuse_method(self, methods: tuple[bytes, ...]) -> None:
        message, more = allowed(methods)
        for name, value in more.items():
            self.responseHeaders.setRawHeaders(name, [value])
        self._tell(405, message)

    def _tell(self, status: int, message: str) -> None:
        self._end(say(self, status, message))

    def _end(self, body: bytes) -> None:
        """End the answer with ``body``, which is not sent where HEAD was asked."""
        visit: Any = self  # untyped, as Twisted's
        visit.setHeader(b"Content-Length", str(len(body)).encode())
        visit.write(body)
        visit.finish()
