"""Bytes in any pieces, cut into lines of text."""

from broadcast.client.errors import BrokenServerError

MAX_LINE = 4 * 1024 * 1024


class Lines:
    """The lines of one connection; what has no end yet is kept for the next piece."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[str]:
        """The lines that are complete now, without their ends; bad UTF-8 repaired.

        Raises:
            BrokenServerError: a line is longer than `MAX_LINE` bytes.
        """
        whole, end, rest = data.rpartition(b"\n")
        if not end:
            rest = data
        else:
            whole = b"".join((*self._rest, whole))
            self._rest, self._size = [], 0
        self._rest.append(rest)
        self._size += len(rest)
        if self._size > MAX_LINE:
            raise BrokenServerError("the server sends a line without end")
        if not end:
            return []
        lines = whole.decode(errors="replace").split("\n")
        return [line.removesuffix("\r") for line in lines] if b"\r" in whole else lines

    def rest(self) -> str:
        """What came after the last line end."""
        rest, self._rest, self._size = b"".join(self._rest), [], 0
        return rest.decode(errors="replace")
