"""The page's files, read once: HTML, CSS and JavaScript modules as they are.

Nothing on the page comes from elsewhere, and nothing there runs but these
files: the Content-Security-Policy sees to that.
"""

import hashlib
from importlib.resources import files
from typing import Any, Final

from twisted.web.resource import Resource
from twisted.web.server import Request

from broadcast.web.answers import answer

KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    b" connect-src 'self'; base-uri 'none'; form-action 'none';"
    b" frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


class File(Resource):
    """One file, kept in memory: a browser asks each time whether it is still so."""

    isLeaf = True

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._kind = KINDS["." + name.rpartition(".")[2]]
        self._content = content
        self._tag = hashlib.sha256(content).hexdigest()[:32].encode()

    def render_GET(self, request: Request) -> bytes:
        """Give the file, or say that it has not changed."""
        headers = {b"Content-Security-Policy": POLICY, b"Cache-Control": b"no-cache"}
        is_known: Any = request.setETag(self._tag)
        body = b"" if is_known else self._content
        status = request.code if is_known else 200
        return answer(request, status, self._kind, body, headers)


def load() -> dict[str, File]:
    """Return the page's files by name."""
    folder = files("broadcast.web") / "static"
    return {
        item.name: File(item.name, item.read_bytes())
        for item in folder.iterdir()
        if item.name.endswith(tuple(KINDS))
    }
