"""Standard output of the programs that print an answer, and end.

It may be a pipe without a reader, a file on a full disk, or closed.
"""

import errno
import os
import sys
from collections.abc import Callable
from typing import BinaryIO

from broadcast.base.values import reason_of


def printed(program: str, answer: Callable[[], int]) -> int:
    """Return the exit code of ``answer``; 1 if its output can't be written.

    A reader that has gone, as ``head`` goes, has all that it wanted: that is a 0.

    Args:
        program: its name, before the line on stderr.
        answer: prints. It raises ``OSError`` for its output alone.
    """
    try:
        code = answer()
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _leave()
        return 0
    except OSError as error:
        _leave()
        print(f"{program}: {_unwritable(error)}", file=sys.stderr)
        return 1
    return code


def raw() -> BinaryIO:
    """Return standard output for bytes.

    Raises:
        OSError: it is closed.
    """
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return sys.stdout.buffer


def _unwritable(error: OSError) -> str:
    return f"can't write to standard output: {reason_of(error)}; send it elsewhere"


def _leave() -> None:
    """Lose the rest: it would be written at the exit, and fail once more."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
