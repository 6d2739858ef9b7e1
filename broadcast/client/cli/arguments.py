"""The words of the command line, for `--help` and for shells to complete. No values."""

import argparse
from typing import TYPE_CHECKING

from broadcast import __version__
from broadcast.client.events import Position

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

_SERVER = "a section of the config file, a URL, or host[:port]"

_BASH = """\
# bcast-client completion for bash: source <(bcast-client completion bash)
_bcast_client() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} words
    case "${{COMP_WORDS[COMP_CWORD-1]}}" in
        --bell) words="off mention all" ;;
        --color) words="auto always never" ;;
        --ca|--config|--token-file) COMPREPLY=($(compgen -f -- "$current")); return ;;
        *) case "${{COMP_WORDS[1]}}" in
{cases}
            *) words="{commands} --help --version" ;;
        esac ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -F _bcast_client bcast-client
"""

_ZSH = """\
#compdef bcast-client
# bcast-client completion for zsh: source <(bcast-client completion zsh)
_bcast_client() {{
    case "${{words[CURRENT-1]}}" in
        --bell) compadd off mention all; return ;;
        --color) compadd auto always never; return ;;
        --ca|--config|--token-file) _files; return ;;
    esac
    case "${{words[2]}}" in
{cases}
        *) compadd -- {commands} --help --version ;;
    esac
}}
compdef _bcast_client bcast-client
"""


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
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _connect(commands)
    _send(commands)
    _tail(commands)
    completion = commands.add_parser("completion", help="print a shell's completions")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))
    return parser


if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def _connect(commands: "_Commands") -> None:
    parser = commands.add_parser(
        "connect", help="chat; in a pipe, send lines and print what comes"
    )
    parser.add_argument("server", nargs="?", metavar="SERVER", help=_SERVER)
    _common(parser)
    parser.add_argument("--bell", metavar="WHEN", help="off (default), mention or all")
    _quiet(parser)
    _color(parser)
    parser.add_argument(
        "--history", metavar="N", help="earlier lines to show on joining (default 20)"
    )
    parser.add_argument(
        "--away",
        metavar="SECONDS",
        help="after so long without a key, new lines get a divider (default 60)",
    )


def _send(commands: "_Commands") -> None:
    parser = commands.add_parser(
        "send", help="say TEXT, or every line of stdin, and wait until it is said"
    )
    parser.add_argument("text", nargs="*", metavar="TEXT", help="words of one line")
    parser.add_argument("-s", "--server", metavar="SERVER", help=_SERVER)
    _common(parser)


def _tail(commands: "_Commands") -> None:
    parser = commands.add_parser("tail", help="print what is said")
    parser.add_argument("server", nargs="?", metavar="SERVER", help=_SERVER)
    _common(parser)
    parser.add_argument("--json", action="store_true", help="the server's own JSON")
    parser.add_argument(
        "--since", type=_position, metavar="EPOCH:ID", help="go on after that message"
    )
    parser.add_argument(
        "-n",
        "--lines",
        type=_count,
        default=10,
        metavar="N",
        help="earlier lines first (default 10; the server says how many it keeps)",
    )
    parser.add_argument(
        "--follow",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="go on with what is said from now on (the default)",
    )
    _quiet(parser)
    _color(parser)


def _common(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--url", help="tcp://host:port, tls://…, ws://…, wss://… or unix:/path")
    add("--host", help="the server's name or address (default 127.0.0.1)")
    add("-p", "--port", help="its port (default 8000)")
    if parser.prog.endswith("tail"):
        add("--name", "--user", metavar="NAME", help="your name in the room")
    else:
        add("-n", "--name", "--user", metavar="NAME", help="your name in the room")
    add("--ca", metavar="FILE", help="trust this certificate authority (PEM) for TLS")
    add(
        "--token-file",
        metavar="FILE",
        help="SECRET, or NAME PASSWORD, for servers that ask for one; also BCAST_TOKEN",
    )
    add(
        "--plaintext-login",
        action="store_true",
        help="send that secret unencrypted to another machine, too",
    )
    add(
        "--retry",
        metavar="SECONDS",
        help="try to come back for so long after a loss: forever (connect, tail), 60 "
        "(send), 0 for not at all",
    )
    add("--config", metavar="FILE", help="not the one in its usual place")


def _quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--quiet",
        action="store_const",
        const="yes",
        help="do not show who comes and goes",
    )


def _color(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--color", metavar="WHEN", help="auto (default), always or never"
    )


def _position(text: str) -> Position:
    try:
        return Position.parse(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{text!r}: {problem}") from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number, 0 or more")
    return int(text)


def option_words() -> dict[str, list[str]]:
    """Each command with the words that may follow it, for shells to complete."""
    table: dict[str, list[str]] = {}
    for action in make_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command, parser in action.choices.items():
                table[command] = _words(parser)
    return table


def _words(parser: argparse.ArgumentParser) -> list[str]:
    words: list[str] = []
    for action in parser._actions:
        words += action.option_strings
        if not action.option_strings and action.choices is not None:
            words += [str(choice) for choice in action.choices]
    return words


def script_for(shell: str) -> str:
    """The completion script for `bash`, `zsh` or `fish`."""
    table = option_words()
    commands = " ".join(table)
    if shell == "fish":
        return _fish(table)
    if shell == "zsh":
        cases = "\n".join(
            f"        {command}) compadd -- {' '.join(words)} ;;"
            for command, words in table.items()
        )
        return _ZSH.format(cases=cases, commands=commands)
    cases = "\n".join(
        f'            {command}) words="{" ".join(words)}" ;;'
        for command, words in table.items()
    )
    return _BASH.format(cases=cases, commands=commands)


def _fish(table: dict[str, list[str]]) -> str:
    head = "complete -c bcast-client"
    lines = [
        "# bcast-client completion for fish: bcast-client completion fish | source",
        f"{head} -f",
        f"{head} -n __fish_use_subcommand -a '{' '.join(table)}'",
    ]
    for command, words in table.items():
        seen = f"-n '__fish_seen_subcommand_from {command}'"
        for word in words:
            if word.startswith("--"):
                lines.append(f"{head} {seen} -l {word[2:]}")
            elif word.startswith("-"):
                lines.append(f"{head} {seen} -s {word[1:]}")
            else:
                lines.append(f"{head} {seen} -a {word}")
    return "\n".join(lines) + "\n"
