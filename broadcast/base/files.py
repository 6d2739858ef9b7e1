"""Text files that an admin names, read whole, as UTF-8, without ever blocking.

A refusal is one line: the reason, then a remedy.
"""

import codecs
import os
import stat
from typing import Final

from broadcast.base.values import reason_of

_OTHER_ENCODINGS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""Byte order marks of other encodings. UTF-32's begins with UTF-16's."""

CREDENTIAL: Final = "credential:"
"""The beginning of a path that the service manager provides."""

_OTHERS_ACCESS: Final = stat.S_IROTH | stat.S_IWOTH


def read_text(path: str) -> str:
    r"""Return a file's text, its line ends as ``\n``, without a byte order mark.

    Raises:
        ValueError: the file can't be read, is not a regular file (opening a named
            pipe may block), or is not UTF-8.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if not _is_file(path, os.fstat(file.fileno())):
                raise _refusal(path, "it is no file", "name a regular file")
            os.set_blocking(file.fileno(), True)
            data = file.read()
    except OSError as error:
        hint = "name a file that can be read"
        raise _refusal(path, reason_of(error), hint) from None
    return _decoded(path, data)


def text_or_file(value: str) -> str:
    """Return the text, or the content of the file that is named after ``@``.

    Raises:
        ValueError: the file can't be read, or has no name.
    """
    if value == "@":
        raise ValueError("'@' names no file; give @FILE")
    if not value.startswith("@"):
        return value
    return read_text(value[1:]).rstrip("\n")


def path_or_none(value: str) -> str | None:
    """Return a path; None for the empty text.

    ``credential:NAME`` is a file that the service manager has put into
    ``$CREDENTIALS_DIRECTORY`` (``LoadCredential=`` in systemd's units).

    Raises:
        ValueError: there is no such folder, or ``NAME`` is no plain name.
    """
    if not value.startswith(CREDENTIAL):
        return value or None
    name = value.removeprefix(CREDENTIAL)
    if not name or "/" in name or name in (".", ".."):
        raise ValueError(f"{value!r} names no credential; give {CREDENTIAL}NAME")
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise ValueError(
            f"{value!r}: there is no $CREDENTIALS_DIRECTORY; set LoadCredential= in the"
            " unit, or name a file"
        )
    return os.path.join(folder, name)


def is_open_to_others(path: str) -> bool:
    """Tell whether every account of this machine may read or write the file."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return os.name == "posix" and bool(mode & _OTHERS_ACCESS)


def is_named_pipe(path: str) -> bool:
    """Tell whether the path is a named pipe, whose opening may block.

    An unnamed pipe, such as a shell's ``<(…)`` or ``/dev/stdout``, has its other end.
    """
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode) and _has_name(path)
    except OSError:
        return False


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; a pipe without a writer is opened too, and doesn't block."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _is_file(path: str, status: os.stat_result) -> bool:
    """Tell whether the file can be read to its end.

    A regular file can, and so can a pipe that a shell has opened, and the null device,
    which is as good as an empty file.
    """
    if stat.S_ISFIFO(status.st_mode):
        return not _has_name(path)
    null = os.stat(os.devnull)
    return stat.S_ISREG(status.st_mode) or os.path.samestat(status, null)


def _has_name(path: str) -> bool:
    """Tell whether the path resolves to a name, not to ``/proc/PID/fd/pipe:[ID]``."""
    return os.path.exists(os.path.realpath(path))


def _decoded(path: str, data: bytes) -> str:
    for mark, encoding in _OTHER_ENCODINGS:
        if data.startswith(mark):
            raise _refusal(path, f"it is {encoding}", "save it as UTF-8")
    if b"\0" in data:
        raise _refusal(path, "it has NUL bytes, as UTF-16 has", "save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refusal(path, "it is not UTF-8", "save it as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _refusal(path: str, why: str, hint: str) -> ValueError:
    return ValueError(f"can't read {path}: {why}; {hint}")
