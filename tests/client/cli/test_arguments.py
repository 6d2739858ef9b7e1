"""The words of the command line: which there are, and what they mean."""

import re

import pytest

from broadcast.client.cli.arguments import make_parser, option_words, script_for
from broadcast.client.cli.config import KEYS
from broadcast.client.core.options import BELLS, COLORS
from broadcast.client.events import Position

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
    """`-n` is the name, but for `tail`, which counts lines as tail(1) does."""
    parse = make_parser().parse_args
    for command in ("connect", "send"):
        assert parse([command, "-n", "7"]).name == "7"
    tail = parse(["tail", "-n7", "--user", "ann", "-p9"])
    assert (tail.lines, tail.name, tail.port) == (7, "ann", "9")


def test_server_and_text() -> None:
    """The word alone is the server, but for `send`, which says all of its words."""
    parse = make_parser().parse_args
    for command in ("connect", "tail"):
        assert parse([command, "h:9"]).server == "h:9"
    assert parse(["send", "-s", "h", "a", "b"]).text == ["a", "b"]
    assert parse(["send", "--", "--help", "-n"]).text == ["--help", "-n"]


def test_following() -> None:
    """`tail` goes on unless told otherwise; the last word counts."""
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
        make_parser().parse_args(words)
    assert exit_.value.code == 2
    assert "usage: " in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completions_know_every_word_and_value(shell: str) -> None:
    """Each command completes to its own words, `--bell` and `--color` to their values.

    The values stand in the scripts once more; the words come from the parser.
    """
    script = script_for(shell)
    cases = dict(re.findall(r"^ +([\w|-]+)\) (.*) ;;$", script, re.MULTILINE))
    assert set(COMMANDS) < set(option_words())
    for command, words in option_words().items():
        completed = re.findall(r"[\w-]+", cases[command])
        assert set(words) <= set(completed), command
    for option, values in (("--bell", BELLS), ("--color", COLORS)):
        assert set(values) <= set(re.findall(r"\w+", cases[option]))


def test_fish_tells_short_words_from_long_ones() -> None:
    """In fish an option is told by its kind, under the command that it belongs to."""
    script = script_for("fish").splitlines()
    head = "complete -c bcast-client -n '__fish_seen_subcommand_from"
    for word in (f"{head} tail' -s n", f"{head} tail' -l lines"):
        assert word in script
    assert f"{head} completion' -a fish" in script
    assert not any(line.startswith(f"{head} send' -l lines") for line in script)
