"""The body of a request: where it ends, and what it holds.

The parser is strict, since another one in front of it may see another end. Each line
end is CR LF, a size has hexadecimal digits alone, and nothing is skipped.
"""

import re
from typing import Final

MAX_CHUNK_LINE: Final = 256
"""Bytes of the line before a chunk, at most: its size and extensions."""

MAX_TRAILERS: Final = 4096
"""Bytes of all lines after the last chunk, at most. They are ignored."""

_CHUNK_LINE: Final = re.compile(
    rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[^\x00-\x08\x0a-\x1f]*)?"
)
_TRAILER: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\x0a-\x1f]*")


class BodyError(ValueError):
    """It is not clear where a body ends."""


class Body:
    """Takes the body of a request out of the bytes that come.

    Args:
        length: the bytes that it has; None if it comes in chunks (RFC 9112, 7.1).

    Attributes:
        is_whole: its end has come.
    """

    def __init__(self, length: int | None) -> None:
        self._left = length or 0
        self._is_chunked = length is None
        self._has_chunk = False  # a chunk has begun whose end has not come
        self._is_last = False  # trailers follow
        self._trailers = 0
        self.is_whole = length == 0

    def take(self, unread: bytearray) -> bytes:
        """Remove what belongs to the body from ``unread``; return its content.

        Raises:
            BodyError: the chunks are malformed.
        """
        pieces: list[bytes] = []
        while not self.is_whole:
            if self._left:
                if not unread:
                    break
                piece = bytes(unread[: self._left])
                del unread[: self._left]
                self._left -= len(piece)
                pieces.append(piece)
                self.is_whole = not (self._left or self._is_chunked)
            elif not self._go_on(unread):
                break
        return b"".join(pieces)

    def _go_on(self, unread: bytearray) -> bool:
        """Take what stands between two chunks; tell whether it was whole."""
        if self._has_chunk:
            if not b"\r\n".startswith(bytes(unread[:2])):
                raise BodyError("a chunk is longer than it says")
            if len(unread) < 2:
                return False
            del unread[:2]
            self._has_chunk = False
            return True
        most = MAX_TRAILERS - self._trailers if self._is_last else MAX_CHUNK_LINE
        end = unread.find(b"\r\n", 0, most + 2)
        if end < 0:
            if len(unread) > most:
                raise BodyError("a line between chunks is too long")
            return False
        line = bytes(unread[:end])
        del unread[: end + 2]
        if self._is_last:
            self._take_trailer(line)
        else:
            self._take_size(line)
        return True

    def _take_size(self, line: bytes) -> None:
        found = _CHUNK_LINE.fullmatch(line)
        if found is None:
            raise BodyError("a chunk has no size")
        self._left = int(found[1], 16)
        self._is_last = not self._left
        self._has_chunk = not self._is_last

    def _take_trailer(self, line: bytes) -> None:
        self._trailers += len(line) + 2
        if line and _TRAILER.fullmatch(line) is None:
            raise BodyError("that is no trailer")
        self.is_whole = not line
