"""Text to stdout and lines from stdin, each in a thread of its own.

A pipe that nobody reads, or a terminal where nobody types, must not stop the
heartbeat. Both are bounded: a full printer says so, a reader waits for its taker.
"""

import asyncio
import codecs
import contextlib
import os
import queue
import select
import stat
import threading
from collections.abc import AsyncIterator, Callable
from typing import TextIO

from broadcast.client.core.decode import LineSplitter
from broadcast.client.errors import BrokenServerError
from broadcast.client.io.descriptors import read_some, write_all

FULL = 1024 * 1024
CHUNK = 64 * 1024
BOM = "\ufeff"


def take_standard_numbers() -> None:
    """Open the standard files that are closed, before a socket gets their number.

    Such a stdin is at its end, such a stdout takes nothing, such a stderr takes all.
    """
    modes = (os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)
    for number, mode in enumerate(modes):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # gets the lowest number that is free


def is_terminal(stream: TextIO | None) -> bool:
    """Whether it is open, and at a terminal."""
    return stream is not None and stream.isatty()


class Printer:
    """Writes in order to a file descriptor.

    Args:
        fd: the descriptor.
        drained: called when little is left to write.
        failed: called once when the descriptor takes no more (SIGPIPE, disk full).
    """

    def __init__(
        self, fd: int, drained: Callable[[], None], failed: Callable[[OSError], None]
    ) -> None:
        self._fd = fd
        self._drained = drained
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._size = 0
        self._has_failed = False
        self._empty = asyncio.Event()
        self._empty.set()
        threading.Thread(target=self._write_all, daemon=True).start()

    @property
    def is_full(self) -> bool:
        """Whether more than ``FULL`` bytes wait."""
        return self._size > FULL

    def write(self, text: str) -> None:
        """Write this, sooner or later; nothing after a failure."""
        if self._has_failed:
            return
        data = text.encode(errors="replace")
        self._size += len(data)
        self._empty.clear()
        self._queue.put(data)

    async def flush(self) -> None:
        """Until all is written."""
        await self._empty.wait()

    def watch(self) -> None:
        """Fail as soon as the reader of a pipe ends, and not at the next write.

        Elsewhere than on a pipe or a socket, or without ``poll``, nothing is done.
        """
        mode = os.fstat(self._fd).st_mode
        if (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)) and hasattr(select, "poll"):
            threading.Thread(target=self._wait_for_end, daemon=True).start()

    def _write_all(self) -> None:
        while True:
            data = self._queue.get()
            try:
                write_all(self._fd, data)
            except OSError as problem:
                self._tell(self._fail, problem)
                return
            self._tell(self._wrote, len(data))

    def _wait_for_end(self) -> None:
        """Wait for ``POLLERR`` and ``POLLHUP``, which need not be asked for."""
        poll = select.poll()
        poll.register(self._fd, 0)
        poll.poll()
        self._tell(self._fail, BrokenPipeError())

    def _tell(self, call: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # a closed loop wants to know nothing
            self._loop.call_soon_threadsafe(call, *arguments)

    def _wrote(self, size: int) -> None:
        self._size -= size
        if self._size == 0:
            self._empty.set()
        if self._size <= FULL // 4:
            self._drained()

    def _fail(self, problem: OSError) -> None:
        if self._has_failed:
            return
        self._has_failed, self._size = True, 0
        self._empty.set()
        self._failed(problem)


async def read_lines(fd: int) -> AsyncIterator[list[str]]:
    """The lines of a file descriptor, as they come; the last needs no line end.

    Nothing is read ahead but one chunk: a slow reader slows the writer down.

    A byte order mark at the start is dropped.

    Raises:
        ValueError: a line is too long to be one, or the text is UTF-16.
        OSError: it can't be read.
    """
    lines, is_first = LineSplitter(), True
    async for data in _join_first(_read_chunks(fd)):
        if is_first and data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise ValueError("the input is UTF-16; convert it to UTF-8")
        try:
            found = lines.feed(data)
        except BrokenServerError:
            raise ValueError("a line is too long; end it earlier") from None
        if found:
            yield [found[0].removeprefix(BOM), *found[1:]] if is_first else found
            is_first = False
    if last := lines.rest():
        yield [last.removeprefix(BOM) if is_first else last]


async def _join_first(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks, of which the first has two bytes, if there are so many."""
    first = b""
    async for data in chunks:
        if len(first) < 2:
            first += data
            if len(first) >= 2:
                yield first
        else:
            yield data
    if len(first) == 1:
        yield first


async def _read_chunks(fd: int) -> AsyncIterator[bytes]:
    """The bytes that can be read; nothing is read ahead but one chunk.

    Raises:
        OSError: it can't be read.
    """
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes | OSError] = asyncio.Queue()
    taken = threading.Semaphore(1)

    def read_all() -> None:
        data: bytes | OSError = b"-"
        while data and isinstance(data, bytes):
            taken.acquire()
            try:
                data = read_some(fd, CHUNK)
            except OSError as problem:
                data = problem
            try:
                loop.call_soon_threadsafe(chunks.put_nowait, data)
            except RuntimeError:
                return  # the loop is closed

    threading.Thread(target=read_all, daemon=True).start()
    while data := await chunks.get():
        if isinstance(data, OSError):
            raise data
        yield data
        taken.release()
