"""Reading and writing file descriptors, whatever a program before us left them like.

A descriptor is shared with its other users, and so is ``O_NONBLOCK`` on it: ``EAGAIN``
is neither an end nor a failure, but a reason to wait. These functions block.
"""

import contextlib
import io
import os
import select
import sys


def read_some(fd: int, size: int) -> bytes:
    """At most ``size`` bytes, as soon as there are any; none at the end.

    Raises:
        OSError: they can't be read, for any other reason than that there are none yet.
    """
    while True:
        try:
            return os.read(fd, size)
        except BlockingIOError:
            select.select([fd], [], [])


def write_all(fd: int, data: bytes) -> None:
    """Write all of it.

    Raises:
        OSError: it can't be written, for any other reason than that there is no room.
    """
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            select.select([], [fd], [])


CANT_WRITE = "can't write to standard output"
ELSEWHERE = "send it elsewhere"
OTHERWISE = "give it in a pipe or a file"


def complain(text: str) -> None:
    """One line on stderr; nowhere, where that is closed or takes no more."""
    stderr = sys.stderr
    if stderr is None:
        return
    line = f"bcast-client: {text}\n"
    with contextlib.suppress(OSError):
        try:
            fd = stderr.fileno()
        except io.UnsupportedOperation:  # not a file
            stderr.write(line)
            return
        stderr.flush()
        write_all(fd, line.encode(errors="backslashreplace"))
