"""The converters of option values: bounds, spellings, and the words of a refusal."""

import errno
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broadcast.base import values
from broadcast.base.values import Option, reason_of

SIZE = values.size(64 * 1024)
PORT = values.whole(0, 65535, "")
COUNT = values.whole(-5, 5, "of things")
CHOICE = values.one_of("off", "loopback", "on")

Read = Callable[[str], Any]


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (PORT, "0", 0),
        (PORT, "65535", 65535),
        (COUNT, "-5", -5),
        (SIZE, "65536", 65536),
        (SIZE, "64k", 65536),
        (SIZE, "64 KiB", 65536),
        (SIZE, "1MB", 1 << 20),
        (SIZE, "1024G", 1 << 40),
        (values.seconds, "0", 0.0),
        (values.seconds, "0.25", 0.25),
        (values.seconds, "1e7", 1e7),
        (values.off_or_seconds, "", None),
        (values.off_or_seconds, "OFF", None),
        (values.off_or_seconds, "2", 2.0),
        (values.rate, "", None),
        (values.rate, "0", 0.0),
        (values.rate, "0.1", 0.1),
        (values.rate, "1e9", 1e9),
        (values.flag, "Yes", True),
        (values.flag, "on", True),
        (values.flag, "FALSE", False),
        (values.flag, "0", False),
        (CHOICE, "LoopBack", "loopback"),
        (values.several, " tcp:1\n\ttcp:2 ", ("tcp:1", "tcp:2")),
        (values.several, "", ()),
        (values.unix_path, "unix:/run/x", "/run/x"),
        (values.unix_path, "", None),
        (values.text_or_none, "", None),
        (values.text_or_none, "x", "x"),
    ],
)
def test_a_value_is_read(read: Read, text: str, value: object) -> None:
    """Each bound itself is allowed; units and words are taken in any case."""
    found = read(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (PORT, "65536", "65536 is not between 0 and 65535"),
        (PORT, "-1", "-1 is not between 0 and 65535"),
        (PORT, "", "'' is not a whole number"),
        (COUNT, "+1", "'+1' is not a whole number of things"),
        (COUNT, "1.0", "'1.0' is not a whole number of things"),
        (COUNT, "1_0", "'1_0' is not a whole number of things"),
        (COUNT, "²", "'²' is not a whole number of things"),
        (COUNT, "٣", "'٣' is not a whole number of things"),
        (COUNT, "--3", "'--3' is not a whole number of things"),
        (COUNT, "6", "6 is not between -5 and 5"),
        (SIZE, "65535", "65535 is not between 65536 bytes and 1024 G"),
        (SIZE, "1025G", "1025G is not between 65536 bytes and 1024 G"),
        (SIZE, "M", "'M' is no size: bytes, or a number and K, M or G"),
        (SIZE, "-1M", "'-1M' is no size: bytes, or a number and K, M or G"),
        (SIZE, "1.5M", "'1.5M' is no size: bytes, or a number and K, M or G"),
        (SIZE, "1T", "'1T' is no size: bytes, or a number and K, M or G"),
        (values.seconds, "soon", "'soon' is not a number of seconds"),
        (values.seconds, "nan", "nan is not between 0 and 10000000 seconds"),
        (values.seconds, "inf", "inf is not between 0 and 10000000 seconds"),
        (values.seconds, "-0.1", "-0.1 is not between 0 and 10000000 seconds"),
        (values.off_or_seconds, "on", "'on' is not a number of seconds"),
        (values.rate, "x", "'x' is not a number of lines"),
        (values.rate, "nan", "nan is neither 0 nor between 0.1 and 1000000000 lines"),
        (values.rate, "0.09", "0.09 is neither 0 nor between 0.1 and 1000000000 lines"),
        (values.rate, "2e9", "2e9 is neither 0 nor between 0.1 and 1000000000 lines"),
        (values.flag, "maybe", "'maybe' is neither yes nor no"),
        (values.flag, "", "'' is neither yes nor no"),
        (CHOICE, "all", "'all' is none of off, loopback, on"),
        (values.unix_path, "/run/x", "'/run/x' is not unix:/PATH"),
        (values.unix_path, "unix:", "'unix:' is not unix:/PATH"),
    ],
)
def test_a_wrong_value_is_refused_in_words(read: Read, text: str, words: str) -> None:
    """The words fit behind the option's name, and show the value as it was given."""
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        read(text)


def test_a_text_after_an_at_sign_is_a_files(tmp_path: Path) -> None:
    """The file's text loses the line ends at its end, and nothing else."""
    path = tmp_path / "words"
    path.write_bytes("  Grüße\n\nan alle \n\n".encode())
    assert values.text_or_file(f"@{path}") == "  Grüße\n\nan alle "
    assert values.text_or_file(f" @{path}") == f" @{path}"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The refusal has the path and the system's reason, in one line."""
    path = tmp_path / "words"
    told = re.escape(f"can't read {path}: ")
    with pytest.raises(ValueError, match=f"^{told}no such file or directory$"):
        values.text_or_file(f"@{path}")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=f"^{told}.*can't decode"):
        values.text_or_file(f"@{path}")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left", "/x"), "no space left"),
        (OSError("timed out"), "timed out"),
        (ValueError("line 1\n  of Two"), "line 1 of Two"),
        (ValueError(), ""),
    ],
)
def test_a_reason_is_one_line(error: Exception, words: str) -> None:
    """The reason is the system's own words without number and path, or ours."""
    assert reason_of(error) == words


@pytest.mark.parametrize(
    ("default", "told"), [("8", "words (default: 8)"), ("", "words"), ("no", "words")]
)
def test_the_help_tells_a_default_that_says_something(default: str, told: str) -> None:
    """An option that is off or empty by default has no default in the help."""
    option = Option("max-line", default, values.text, "words")
    assert option.description == told
    assert option.field == "max_line"
