"""The page's files: read once, compressed once.

The Content-Security-Policy allows nothing from elsewhere on the page, and only these
files as scripts.
"""

import gzip
import hashlib
from collections.abc import Iterable
from importlib.resources import files
from typing import Final

from twisted.web.resource import Resource
from twisted.web.server import Request

from broadcast.protocol.origins import Origin
from broadcast.web.http import accepts_gzip, answer, headers, is_current
from broadcast.web.modules import join

KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

SCRIPT: Final = "page.js"
"""The file that has all modules in it."""

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors {}; require-trusted-types-for 'script'; trusted-types 'none'"
)


def content_policy(embedders: Iterable[tuple[str, str, int]] = ()) -> str:
    """Return the Content-Security-Policy.

    Args:
        embedders: the origins whose pages may show this one in a frame.
    """
    names = sorted(str(Origin(*one)) for one in embedders)
    return _POLICY.format(" ".join(names) or "'none'")


class File(Resource):
    """A file, kept in memory; a browser revalidates its copy at each use.

    Args:
        name: the file's name, whose suffix tells its type.
        content: its bytes.
        embedders: as in ``content_policy``.
    """

    isLeaf = True

    def __init__(
        self,
        name: str,
        content: bytes,
        embedders: frozenset[tuple[str, str, int]] = frozenset(),
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._kind = KINDS["." + name.rpartition(".")[2]]
        self._policy = content_policy(embedders).encode()
        self._is_embedded = bool(embedders)
        digest = hashlib.sha256(content).hexdigest()[:32]
        compressed = gzip.compress(content, 9, mtime=0)
        # A representation has a tag of its own (RFC 9110, 8.8.3.3).
        self._plain = (content, f'"{digest}"')
        self._compressed = (compressed, f'"{digest}-gzip"')

    def render_GET(self, request: Request) -> bytes:
        """Return the file, or 304 if the client's copy is current."""
        is_compressed = accepts_gzip(headers(request, "Accept-Encoding"))
        content, tag = self._compressed if is_compressed else self._plain
        more = {
            b"Content-Security-Policy": self._policy,
            b"Cache-Control": b"no-cache",
            b"Vary": b"Accept-Encoding",
            b"ETag": tag.encode(),
        }
        is_known = is_current(headers(request, "If-None-Match"), tag)
        if is_compressed and not is_known:
            more[b"Content-Encoding"] = b"gzip"
        # With 304 Twisted sends the content's length, as it may, but no content.
        body = answer(request, 304 if is_known else 200, self._kind, content, more)
        if self._is_embedded:
            # It knows no list of origins; browsers that know the policy ignore it.
            request.responseHeaders.removeHeader(b"X-Frame-Options")
        return body


def load(
    embedders: frozenset[tuple[str, str, int]] = frozenset(),
) -> dict[str, File]:
    """Return the page's files by name.

    Args:
        embedders: as in ``content_policy``.
    """
    folder = files("broadcast.web") / "static"
    found = {
        item.name: item.read_bytes()
        for item in folder.iterdir()
        if item.name.endswith(tuple(KINDS))
    }
    modules = {
        name: content.decode()
        for name, content in found.items()
        if name.endswith(".js")
    }
    found[SCRIPT] = join(modules, "main.js").encode()
    return {name: File(name, content, embedders) for name, content in found.items()}
