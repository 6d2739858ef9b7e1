"""``bcast-passwd FILE NAME``: set a user's password in a ``--users`` file."""

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Sequence

from broadcast import __version__
from broadcast.auth.passwords import (
    FileError,
    make_hash,
    read_text,
    read_users,
    write_whole,
)
from broadcast.base.values import reason_of
from broadcast.protocol import names

MIN_PASSWORD = 8
"""Characters of a password, at least."""

DESCRIPTION = """\
Sets NAME's password in FILE, the file of the daemon's --users. The password is
asked for on a terminal, else read from the first line of standard input. The
file is replaced whole (mode 0600). The daemon reads it again at SIGHUP."""


class PasswordError(ValueError):
    """A password can't be set; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, or 1 with a line on stderr."""
    parser = argparse.ArgumentParser("bcast-passwd", description=DESCRIPTION)
    parser.add_argument(
        "file", metavar="FILE", help="the file, which is made if it does not exist"
    )
    parser.add_argument("name", metavar="NAME", help="the name of the account")
    parser.add_argument(
        "-d", "--delete", action="store_true", help="removes NAME from the file"
    )
    parser.add_argument(
        "--version", action="version", version=f"bcast-passwd {__version__}"
    )
    given = parser.parse_args(arguments)
    try:
        change(given.file, given.name, None if given.delete else _ask)
    except (PasswordError, FileError) as error:
        print(f"bcast-passwd: {error}", file=sys.stderr)
    except OSError as error:
        hint = "name a file that you may write"
        print(
            f"bcast-passwd: {given.file}: {reason_of(error)}; {hint}", file=sys.stderr
        )
    except (KeyboardInterrupt, EOFError):
        print("bcast-passwd: interrupted; nothing was changed", file=sys.stderr)
    else:
        return 0
    return 1


def change(path: str, raw: str, ask: Callable[[], str] | None) -> None:
    """Set a user's password, or remove the user from the file.

    Args:
        path: the file; it is made if it does not exist.
        raw: the user's name.
        ask: returns the new password; None removes the user.

    Raises:
        PasswordError: the name or the password is not allowed.
        FileError: the file's content is invalid; it is left alone.
        OSError: the file can't be written; it is unchanged.
    """
    if (why := names.why_not_ours(raw)) is not None:
        raise PasswordError(f"{raw!r} is not allowed as a name: {why}; choose another")
    name = names.clean(raw) or ""
    users = read_users(path) if os.path.exists(path) else {}
    if ask is None and names.fold(name) not in users:
        raise PasswordError(f"{path} has no account {name}; see the names in it")
    new = [] if ask is None else [f"{name}:{make_hash(_checked(ask()))}"]
    kept = [line for line in _lines(path) if not _is_for(name, line)]
    write_whole(path, "".join(f"{line}\n" for line in kept + new))


def _lines(path: str) -> list[str]:
    """Return the file's lines as they are now: it may have changed during the prompt.

    Only a line feed ends a line, as in ``read_users``: a comment may contain any other
    of Unicode's line ends.
    """
    text = read_text(path) if os.path.exists(path) else ""
    return text.removesuffix("\n").split("\n") if text else []


def _is_for(name: str, line: str) -> bool:
    """Tell whether ``line`` has ``name``'s password, and is no comment."""
    given = names.clean(line.strip().partition(":")[0])
    return given is not None and names.fold(given) == names.fold(name)


def _ask() -> str:
    if sys.stdin is None:
        raise PasswordError("standard input is closed; give the password there")
    if not sys.stdin.isatty():
        try:
            return sys.stdin.readline().rstrip("\n")
        except UnicodeDecodeError:
            raise PasswordError("the password is not UTF-8; convert it") from None
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise PasswordError("the two passwords differ; try again")
    return password


def _checked(password: str) -> bytes:
    """Return the bytes that ``/login`` would send for ``password``."""
    if len(password) < MIN_PASSWORD:
        raise PasswordError(
            f"the password is too short; give {MIN_PASSWORD} characters or more"
        )
    try:
        data = password.encode()
    except UnicodeEncodeError:  # bytes of a locale without an encoding
        raise PasswordError("the password is not UTF-8; convert it") from None
    if " " in password or not password.isprintable():
        raise PasswordError(
            "the password has a space or a control character; leave it out"
        )
    return data


if __name__ == "__main__":
    sys.exit(main())
