"""A request, and the checks before any resource handles it."""

from typing import Any

from twisted.web.server import Request

from broadcast.web.door import RefusedError, target_of
from broadcast.web.http import headers, say


class Visit(Request):
    """A request whose host and method have been checked.

    A resource finds exactly one Host header, with the authority of the target.
    """

    channel: Any
    _refusal: RefusedError | None = None

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Process a whole request, after a check of its target."""
        try:
            asked = target_of(
                path.decode("latin-1"), headers(self, "Host"), version.decode("ascii")
            )
            if self.channel.is_inside:
                self.channel.factory.door.check_host(asked.authority)
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
            self._refuse_method()
        else:
            self.responseHeaders.setRawHeaders(b"Connection", [b"close"])
            self.channel.persistent = False
            self._tell(self._refusal.status, str(self._refusal))

    def render(self, resrc: Any) -> None:
        """Answer GET and HEAD with a resource, and refuse other methods.

        Twisted's own answer to other methods fails on some URIs.
        """
        if self.method in (b"GET", b"HEAD"):
            super().render(resrc)  # type: ignore[no-untyped-call]  # Twisted's
        else:
            self._refuse_method()

    def _refuse_method(self) -> None:
        self.responseHeaders.setRawHeaders(b"Allow", [b"GET, HEAD"])
        self._tell(405, "only GET and HEAD here")

    def _tell(self, status: int, message: str) -> None:
        body = say(self, status, message)
        visit: Any = self  # untyped, as Twisted's
        visit.setHeader(b"Content-Length", str(len(body)).encode())
        visit.write(body)
        visit.finish()
