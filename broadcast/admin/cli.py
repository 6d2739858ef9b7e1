"""``bcast-admin``: give the daemon a command, and print its answer."""

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from broadcast import __version__
from broadcast.admin import HELP, MAX_COMMAND
from broadcast.base.output import printed
from broadcast.base.values import reason_of
from broadcast.protocol.sanitize import escape

DEFAULT_SOCKET = "/run/broadcast/admin"
TIMEOUT = 30.0
"""Seconds without a byte from the daemon after which the command gives up."""

DESCRIPTION = f"""\
Gives a command to a daemon that was started with --admin unix:PATH. The commands:

{HELP}"""


class AdminError(Exception):
    """The daemon can't be reached, or refuses; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, or 1 with a line on stderr."""
    parser = argparse.ArgumentParser(
        "bcast-admin",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = os.environ.get("BCAST_ADMIN", DEFAULT_SOCKET)
    parser.add_argument(
        "-s",
        "--socket",
        default=default,
        metavar="PATH",
        help=f"uses this --admin socket (BCAST_ADMIN, else {DEFAULT_SOCKET})",
    )
    parser.add_argument(
        "--version", action="version", version=f"bcast-admin {__version__}"
    )
    parser.add_argument(
        "--json", action="store_true", help="prints the daemon's JSON objects"
    )
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, help="gives one of the commands"
    )
    given = parser.parse_args(arguments)
    if not given.command:
        parser.error("no command was given; see --help")
    if given.command[0] != "say" and "--json" in given.command:
        given.command.remove("--json")
        given.json = True
    path = given.socket.removeprefix("unix:")
    answers = _answers(path, " ".join(given.command))
    try:
        return printed("bcast-admin", lambda: _show(answers, given.json))
    except AdminError as error:
        print(f"bcast-admin: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _answers(path: str, command: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of the daemon's answer; the last has ``ok``."""
    try:
        words = command.encode()
    except UnicodeEncodeError:
        raise AdminError("the command is not UTF-8; give it as UTF-8") from None
    if b"\n" in words or len(words) > MAX_COMMAND:
        hint = f"give one line of at most {MAX_COMMAND} bytes"
        raise AdminError(f"the command is too long; {hint}")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(TIMEOUT)
            sock.connect(path)
            with contextlib.suppress(BrokenPipeError):  # it has said why, and closed
                sock.sendall(words + b"\n")
            with sock.makefile("r", encoding="utf-8") as answers:
                for line in answers:
                    answer = json.loads(line)
                    if not isinstance(answer, dict):
                        raise ValueError
                    yield answer
                    if "ok" in answer:
                        return
    except OSError as error:
        raise AdminError(
            f"{path}: {_why(error)}; name the daemon's --admin socket"
        ) from None
    except ValueError:
        raise AdminError(
            f"{path}: not a broadcast daemon; name its --admin socket"
        ) from None
    raise AdminError(f"{path}: the daemon has closed the connection; try again")


def _why(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer"
    if error.errno is None:  # Python itself counts its bytes
        return "the path is too long for a unix socket"
    return reason_of(error)


def _show(answers: Iterator[dict[str, Any]], is_raw: bool) -> int:
    rows: list[dict[str, Any]] = []
    for answer in answers:
        if answer.get("ok") is False:
            raise AdminError(escape(str(answer.get("error"))))
        if is_raw:
            print(json.dumps(answer, ensure_ascii=False), flush=True)
        elif "ok" not in answer:
            rows.append(answer)
        else:
            _print_table(rows)
            _print_last(answer)
    return 0


def _print_table(rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    heads = list(dict.fromkeys(head for row in rows for head in row))
    cells = [heads] + [[_cell(head, row.get(head)) for head in heads] for row in rows]
    widths = [max(len(line[at]) for line in cells) for at in range(len(heads))]
    for line in cells:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(padded).rstrip())


def _print_last(answer: dict[str, Any]) -> None:
    if "text" in answer:
        print("\n".join(escape(line) for line in str(answer["text"]).split("\n")))
    for name, value in answer.get("stats", {}).items():
        print(f"{name}: {value}")
    if "count" in answer:
        print(f"{answer['count']} in all")
    if "warning" in answer:
        print(f"bcast-admin: {escape(str(answer['warning']))}", file=sys.stderr)


def _cell(head: str, value: object) -> str:
    if value is None or value == "":
        return "for good" if head == "until" else "-"
    if head == "until" and isinstance(value, int | float):
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(value))
    return escape(str(value))


if __name__ == "__main__":
    sys.exit(main())
