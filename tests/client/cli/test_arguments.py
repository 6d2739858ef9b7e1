"""The words of the command line: which there are, and what they mean."""

import re
from pathlib import Path

import pytest

from broadcast.client.cli.arguments import (
    default_of,
    flags,
    make_parser,
    options_of,
    parse,
)
from broadcast.client.cli.completion import find_words, script_for
from broadcast.client.cli.config import KEYS
from broadcast.client.core.option import Given
from broadcast.client.core.options import (
    BELLS,
    COLORS,
    DOUBTS,
    PRESENCES,
    all_options,
)
from broadcast.client.events import Position

ROOT = Path(__file__).parents[3]
COMMANDS = ("connect", "send", "tail")


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_not_given_is_left_open(command: str) -> None:
    """Only what stands in the command line wins over the environment and the file."""
    given = make_parser().parse_args([command])
    assert [getattr(given, key.replace("-", "_"), None) for key in KEYS] == [
        None
    ] * len(KEYS)
    assert given.server is None


def test_short_words() -> None:
    """``-n`` is the name, but for ``tail``, which counts lines as tail(1) does."""
    parse = make_parser().parse_args
    for command in ("connect", "send"):
        assert parse([command, "-n", "7"]).name == "7"
    tail = parse(["tail", "-n7", "--user", "ann", "-p9"])
    assert (tail.lines, tail.name, tail.port) == (7, "ann", "9")


def test_server_and_text() -> None:
    """The word alone is the server, but for ``send``, which says all of its words."""
    parse = make_parser().parse_args
    for command in ("connect", "tail"):
        assert parse([command, "h:9"]).server == "h:9"
    assert parse(["send", "-s", "h", "a", "b"]).text == ["a", "b"]
    assert parse(["send", "--", "--help", "-n"]).text == ["--help", "-n"]


def test_following() -> None:
    """``tail`` goes on unless told otherwise; the last word counts."""
    parse = make_parser().parse_args
    for words, follow in (
        ([], True),
        (["--no-follow"], False),
        (["--no-follow", "--follow"], True),
    ):
        assert parse(["tail", *words]).follow is follow


def test_values_that_are_read_here() -> None:
    """A position and a count are read at once, as a script may have kept them."""
    given = make_parser().parse_args(["tail", "--since", " e:7\n", "-n", "007"])
    assert (given.since, given.lines) == (Position("e", 7), 7)
    for many in ("9" * 20, "9" * 5000):
        given = make_parser().parse_args(["tail", "-n", many, "--count", many])
        assert given.lines == given.count == 1_000_000_000


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["listen"],
        ["completion"],
        ["completion", "csh"],
        ["tail", "a", "b"],
        ["tail", "-n", "１"],
        ["tail", "-n", "1_0"],
        ["tail", "-n", ""],
        ["tail", "--since", "e:-1"],
        ["connect", "--since", "e:1"],
        ["send", "--quiet", "x"],
    ],
)
def test_usage_errors(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Words that do not fit the command are refused, with its usage and exit code 2."""
    with pytest.raises(SystemExit) as exit_:
        parse(make_parser(), words)
    assert exit_.value.code == 2
    assert "usage: " in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--"], ["--port"]])
def test_a_command_is_missing(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands are named, so that the next try has one."""
    with pytest.raises(SystemExit):
        parse(make_parser(), words)
    told = "no command was given; give connect, send or tail\n"
    assert capsys.readouterr().err.endswith(told)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["send", "-name", "ann", "hi"], "'-name' is no option; did you mean --name?"),
        (["connect", "-host=h"], "'-host=h' is no option; did you mean --host?"),
        (["tail", "-lines", "3"], "'-lines' is no option; did you mean --lines?"),
    ],
)
def test_a_dash_is_missing(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not taken for a letter and its value: that would be another name."""
    with pytest.raises(SystemExit):
        parse(make_parser(), words)
    assert capsys.readouterr().err.endswith(f"error: {told}\n")
    assert parse(make_parser(), ["send", "-nann", "--", "-name"]).text == ["-name"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_in_groups(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each option of a command stands in ``--help`` once, under its own heading."""
    with pytest.raises(SystemExit):
        make_parser().parse_args([command, "--help"])
    text = capsys.readouterr().out
    listed = dict(re.findall(r"^(\S.*):\n((?:  .*\n)+)", text, re.MULTILINE))
    for given in options_of(command):
        if given.option.group:
            (word, *_) = flags(given, command)[-1:] or [given.option.metavar]
            under = [h for h, rows in listed.items() if re.search(rf"{word}\b", rows)]
            assert given.option.group in under, word


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completions_know_every_word_and_value(shell: str) -> None:
    """Each command completes to its own words, an option to its values or files."""
    script = script_for(shell)
    cases = dict(re.findall(r"^ +([\w|-]+)\) (.*) ;;$", script, re.MULTILINE))
    words = find_words()
    assert set(COMMANDS) < set(words.after)
    for command, after in words.after.items():
        assert set(after) <= set(re.findall(r"[\w-]+", cases[command])), command
    assert words.values == {
        "--bell": BELLS,
        "--color": COLORS,
        "--on-doubt": DOUBTS,
        "--presence": PRESENCES,
    }
    for option, values in words.values.items():
        assert set(values) <= set(re.findall(r"\w+", cases[option]))
    assert set(words.files) == {"--ca", "--config", "--log", "--token-file"}
    assert "|".join(words.files) in cases


def test_fish_tells_short_words_from_long_ones() -> None:
    """In fish an option is told by its kind, under the command that it belongs to."""
    script = script_for("fish").splitlines()
    head = "complete -c bcast-client -n '__fish_seen_subcommand_from"
    for word in (
        f"{head} tail' -s n",
        f"{head} tail' -l lines",
        f"{head} connect' -l bell -xa 'off mention all'",
        f"{head} send' -l ca -rF",
        f"{head} completion' -a fish",
    ):
        assert word in script
    assert not any(line.startswith(f"{head} send' -l lines") for line in script)


def words_of(given: Given) -> str:
    """How an option is written, with the commands where that is not so in all."""
    where: dict[str, list[str]] = {}
    for command in given.option.commands:
        for word in flags(given, command) or [given.option.metavar]:
            where.setdefault(word, []).append(command)
    short = len(given.option.commands)
    return ", ".join(
        f"`{word}`" + (f" ({', '.join(c)})" if len(c) < short else "")
        for word, c in where.items()
    )


def row(given: Given) -> str:
    """How an option stands in the table of docs/client.md."""
    option = given.option
    defaults = dict.fromkeys(default_of(given, c) for c in option.commands)
    value = ", ".join(filter(None, defaults))
    cells = [
        words_of(given),
        f"`{given.key}`, `{given.variable}`" if option.is_setting else "",
        ", ".join(option.commands),
        option.help,
        f"{value} {option.unit}".strip() if value else "",
    ]
    return f"| {' | '.join(cells)} |"


def test_table_of_options_is_the_options() -> None:
    """docs/client.md lists each option as it is, and no other one."""
    expected = [row(given) for given in all_options() if given.option.group]
    text = (ROOT / "docs/client.md").read_text(encoding="utf-8")
    _, _, table = text.partition("| option | key, variable | commands |")
    listed = [line for line in table.partition("\n\n")[0].splitlines() if "`" in line]
    assert listed == expected, "\n".join(expected)
