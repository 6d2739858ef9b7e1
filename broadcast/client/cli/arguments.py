"""The words of the command line, made from the options. No values.

``broadcast.client.core.options`` says which options there are; ``completion`` makes
the shells' scripts of the same words.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile
from typing import Any, Protocol

from broadcast import __version__
from broadcast.client.core.option import Given
from broadcast.client.core.options import all_options

_EXAMPLES = """\
examples:
  bcast-client connect                      chat on this machine, port 8000
  bcast-client connect -n alice chat.example:8000
  bcast-client connect --url tls://chat.example:8001 --ca ca.pem
  bcast-client connect work                 the [work] section of the config file
  bcast-client send "the build is green"    exits 0 once the server has the line
  make 2>&1 | bcast-client send -n builder  every line of it, in order
  bcast-client tail -n 100 --no-follow      the last 100 lines
  bcast-client tail --json | jq .           a program reads along

exit codes:
  0 done  1 failed  2 usage  3 cannot connect  4 refused by the server
  5 connection lost for good  130 interrupted  143 terminated
"""

COMMANDS = (
    ("connect", "chat; in a pipe, send lines and print what comes"),
    ("send", "say TEXT, or every line of stdin, and wait until it is said"),
    ("tail", "print what is said"),
    ("completion", "print a shell's completions"),
)


def parse(parser: argparse.ArgumentParser, argv: Sequence[str]) -> argparse.Namespace:
    """The values in a command line; errors show the usage of the command that is meant.

    Raises:
        SystemExit: with 2 after an error, with 0 after help.
    """
    _refuse_single_dashes(parser, argv)
    given, unknown = parser.parse_known_args(argv)
    if given.command is None:
        parser.error("no command was given; give connect, send or tail")
    if unknown:
        given.parser.error(f"unrecognized arguments: {' '.join(unknown)}; see --help")
    return given


def _refuse_single_dashes(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    """Refuse a long option behind one dash: ``-name`` would be ``-n`` with ``ame``."""
    command = argv[0] if argv else ""
    words = {word for given in options_of(command) for word in flags(given, command)}
    for word in takewhile(lambda word: word != "--", argv):
        name = word.partition("=")[0].removeprefix("-")
        if word.startswith("-") and len(name) > 1 and f"--{name}" in words:
            parser.error(f"{word!r} is no option; did you mean --{name}?")


def make_parser() -> argparse.ArgumentParser:
    """The parser for all commands."""
    parser = argparse.ArgumentParser(
        prog="bcast-client",
        description="Talk and listen in the room of a broadcast daemon.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {__version__}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for command, help in COMMANDS:
        added = commands.add_parser(command, help=help)
        added.set_defaults(parser=added)
        _add_options(added, command)
    return parser


def options_of(command: str) -> list[Given]:
    """The options that a command has."""
    return [each for each in all_options() if command in each.option.commands]


def flags(given: Given, command: str) -> list[str]:
    """The words for an option after a command; none where it has only a place."""
    option = given.option
    if command in option.positional:
        return []
    short = [f"-{option.short[command]}"] if command in option.short else []
    return [*short, f"--{given.key}", *option.aliases]


def default_of(given: Given, command: str) -> str:
    """The default of a command as a person writes it; empty: none, or a flag."""
    if command in given.option.defaults:
        return given.option.defaults[command]
    if not given.option.metavar or given.default in (None, (), ""):
        return ""
    default = given.default
    return f"{default:g}" if isinstance(default, float) else str(default)


class _Container(Protocol):
    """A parser, or a group of one."""

    def add_argument(self, *words: Any, **how: Any) -> Any: ...


def _add_options(parser: argparse.ArgumentParser, command: str) -> None:
    groups: dict[str, _Container] = {"": parser}
    for given in options_of(command):
        heading = given.option.group
        if heading not in groups:
            groups[heading] = parser.add_argument_group(heading)
        _add(groups[heading], given, command)


def _add(container: _Container, given: Given, command: str) -> None:
    option, words = given.option, flags(given, command)
    default = default_of(given, command)
    help = f"{option.help} (default {default})" if default else option.help
    help = help.replace("%", "%%")
    add = partial(container.add_argument, *(words or [given.field]), help=help)
    if option.is_switch:
        add(action=argparse.BooleanOptionalAction, default=given.default)
    elif not option.metavar:
        add(action="store_const", const="yes" if option.is_setting else True)
    elif words:
        read = str if option.is_setting else _checked(option.value)
        add(type=read, metavar=option.metavar)
    elif option.choices:
        add(choices=option.choices)
    else:
        read = _checked(option.value)
        add(nargs=option.positional[command], metavar=option.metavar, type=read)


def _checked(read: Callable[[str], object]) -> Callable[[str], object]:
    """The same reader, of which ``argparse`` repeats the reason."""

    def checked(text: str) -> object:
        try:
            return read(text)
        except ValueError as problem:
            raise argparse.ArgumentTypeError(str(problem)) from None

    return checked
