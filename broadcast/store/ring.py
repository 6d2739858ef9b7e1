"""A queue that is indexed as fast in its middle as at its ends.

A ``deque`` walks there block by block: in a long log that is microseconds for each
look, and a page of old lines takes thousands of them.
"""

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

CHUNK = 256
"""Items that are walked through, in blocks of 64, at most."""


class Ring(Generic[T]):
    """Items that are appended at the right and dropped at the left.

    What is dropped is not kept alive. All chunks are full but the first, which has
    lost some, and the last.
    """

    __slots__ = ("_chunks", "_first", "_size")

    def __init__(self) -> None:
        self._first: deque[T] = deque()
        self._chunks: deque[deque[T]] = deque([self._first])
        self._size = 0

    def append(self, item: T) -> None:
        """Put ``item`` at the end."""
        last = self._chunks[-1]
        if len(last) == CHUNK:
            last = deque()
            self._chunks.append(last)
        last.append(item)
        self._size += 1

    def popleft(self) -> T:
        """Take the oldest item; IndexError if there is none."""
        item = self._first.popleft()
        self._size -= 1
        if not self._first and len(self._chunks) > 1:
            self._chunks.popleft()
            self._first = self._chunks[0]
        return item

    def __getitem__(self, index: int) -> T:
        """Return the item at ``index``, from the oldest on, or back from the end."""
        if index < 0:
            index += self._size
        if not 0 <= index < self._size:
            raise IndexError(index)
        first = len(self._first)
        if index < first:
            return self._first[index]
        chunk, at = divmod(index - first, CHUNK)
        return self._chunks[chunk + 1][at]

    def __len__(self) -> int:
        """Return how many items there are."""
        return self._size
