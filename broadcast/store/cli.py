"""``bcast-store``: look at the file of a ``--store``, copy it, take from it."""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from broadcast import __version__
from broadcast.base import output
from broadcast.base.values import size
from broadcast.protocol.dialects import JSON, TEXT
from broadcast.protocol.events import lines
from broadcast.protocol.sanitize import escape
from broadcast.store import tools
from broadcast.store.base import StoreError
from broadcast.store.redaction import redact
from broadcast.store.rows import MAX_ID

DESCRIPTION = """\
Looks at the file of a store, copies it, or takes from it. check, dump and backup work
while the daemon runs. prune, redact and new-epoch need it stopped."""

FORMATS: Final = {"text": TEXT.replayed, "ndjson": JSON.said}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, or 1 with a line on stderr."""
    parser = make_parser()
    given = parser.parse_args(arguments)
    if given.run is None:
        parser.error("no command was given; see --help")
    try:
        return output.printed("bcast-store", lambda: given.run(given))
    except StoreError as error:
        print(f"bcast-store: {escape(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        "bcast-store",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"bcast-store {__version__}"
    )
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(metavar="COMMAND")

    def add(
        name: str, run: Callable[[argparse.Namespace], int], help: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help)
        command.add_argument("file", metavar="FILE", help="the file of a store")
        command.set_defaults(run=run)
        return command

    add("check", _check, "Reads all of the file, and prints its faults.")
    dump = add("dump", _dump, "Prints all lines, with times and names.")
    dump.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="chooses the form: text, or ndjson with a json event a line",
    )
    prune = add("prune", _prune, "Deletes the oldest lines, and shrinks the file.")
    what = prune.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--size",
        metavar="SIZE",
        type=_argument(size(0)),
        help="deletes until the file has this size, in bytes or with K, M or G",
    )
    what.add_argument(
        "--before",
        metavar="DATE",
        type=_argument(_date),
        help="deletes lines up to DATE (2026-01-31, or with a time after it)",
    )
    redacting = add("redact", _redact, "Removes the text of lines; the lines stay.")
    redacting.add_argument(
        "ids",
        metavar="ID",
        nargs="+",
        type=_argument(_id),
        help="the id of a line, as dump --format ndjson prints it",
    )
    backup = add("backup", _back_up, "Copies the file, also while a daemon uses it.")
    backup.add_argument("copy", metavar="COPY", help="the new file")
    add(
        "new-epoch", _new_epoch, "Begins a new epoch in a file that was copied by hand."
    )
    return parser


def _check(given: argparse.Namespace) -> int:
    found = tools.check(given.file)
    for problem in found.problems:
        print(f"bcast-store: {escape(problem)}", file=sys.stderr)
    places = "nothing to read"
    if found.lines and found.oldest is not None and found.newest is not None:
        ends = (found.oldest.first, found.newest.next_id - 1)
        places = " to ".join(f"{found.epoch}:{id}" for id in ends)
    state = "damaged" if found.problems else "ok"
    batches = "1 batch" if found.batches == 1 else f"{found.batches} batches"
    print(f"{state}: {lines(found.lines)} in {batches}, {places}")
    return 1 if found.problems else 0


def _dump(given: argparse.Namespace) -> int:
    out = output.raw()
    for piece in tools.dump(given.file, FORMATS[given.format]):
        out.write(piece)
    return 0


def _prune(given: argparse.Namespace) -> int:
    gone = tools.prune(given.file, given.size, given.before)
    print(f"{lines(gone)} {'was' if gone == 1 else 'were'} deleted")
    return 0


def _redact(given: argparse.Namespace) -> int:
    print(f"the text of {lines(redact(given.file, given.ids))} was removed")
    return 0


def _back_up(given: argparse.Namespace) -> int:
    tools.back_up(given.file, given.copy)
    return 0


def _new_epoch(given: argparse.Namespace) -> int:
    print(tools.new_epoch(given.file))
    return 0


def _date(value: str) -> float:
    """Return seconds since 1970 of a date, in local time unless it says another."""
    try:
        return datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"{value!r} is no date; give YYYY-MM-DD") from None


def _id(value: str) -> int:
    """Return the id of a line."""
    if value.isascii() and value.isdecimal() and 0 < int(value) < MAX_ID:
        return int(value)
    raise ValueError(f"{value!r} is no id; give the number of a line")


def _argument(read: Callable[[str], object]) -> Callable[[str], object]:
    """Return what argparse is given to read a value with: it says why it is wrong."""

    def convert(value: str) -> object:
        try:
            return read(value)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


if __name__ == "__main__":
    sys.exit(main())
