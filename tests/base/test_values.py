"""The converters of option values: bounds, spellings, and the words of a refusal."""

import errno
import re
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from broadcast.base import values
from broadcast.base.values import plain, plural, reason_of

SIZE = values.size(64 * 1024)
WEB = values.port_or_endpoint
PORT = values.whole(0, 65535)
COUNT = values.whole(-5, 5)
RATE = values.optional(values.rate)
CHOICE = values.one_of("off", "loopback", "on")
TEMPLATE = values.template("name", "count")
FIELDS = "only {name} and {count} are filled in, and {{ stands for {"

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
        (values.seconds, ".5", 0.5),
        (values.seconds, "5.", 5.0),
        (values.seconds, "+5E-1", 0.5),
        (values.seconds, " 5 ", 5.0),
        (values.whole_or_all(9), "0", 0),
        (values.whole_or_all(9), "9", 9),
        (values.whole_or_all(9), "ALL", None),
        (values.off_or_seconds, "", None),
        (values.off_or_seconds, "OFF", None),
        (values.off_or_seconds, "2", 2.0),
        (RATE, "", None),
        (RATE, "5", 5.0),
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
        (values.several, ("unix:/a b", "tcp:1"), ("unix:/a b", "tcp:1")),
        (values.unix_path, "unix:/run/x", "/run/x"),
        (values.unix_path, "", None),
        (values.text_or_none, "", None),
        (values.text_or_none, "x", "x"),
        (values.some_text, "::1", "::1"),
    ],
)
def test_a_value_is_read(read: Read, text: str, value: object) -> None:
    """Each bound itself is allowed; units and words are taken in any case."""
    found = read(text)
    assert found == value
    assert type(found) is type(value)


PORTS = "from 0 to 65535"
COUNTS = "from -5 to 5"
BYTES = "give bytes, or a number and K, M or G"
SIZES = "give 65536 bytes to 1024 G"
LINES = "give 0, or 0.1 to 1000000000"


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (PORT, "65536", f"'65536' is out of range; give a number {PORTS}"),
        (
            values.port_or_endpoint,
            "65536",
            f"'65536' is out of range; give a number {PORTS}",
        ),
        (values.nats_urls, "x,[::1]:0", "0 is no port; give nats://HOST:PORT"),
        (PORT, "-1", f"'-1' is out of range; give a number {PORTS}"),
        (PORT, "", f"'' is not a whole number; give one {PORTS}"),
        (COUNT, "+1", f"'+1' is not a whole number; give one {COUNTS}"),
        (COUNT, "1.0", f"'1.0' is not a whole number; give one {COUNTS}"),
        (COUNT, "1_0", f"'1_0' is not a whole number; give one {COUNTS}"),
        (COUNT, "1\n", f"'1\\n' is not a whole number; give one {COUNTS}"),
        (COUNT, "²", f"'²' is not a whole number; give one {COUNTS}"),
        (COUNT, "٣", f"'٣' is not a whole number; give one {COUNTS}"),
        (COUNT, "--3", f"'--3' is not a whole number; give one {COUNTS}"),
        (COUNT, "6", f"'6' is out of range; give a number {COUNTS}"),
        (COUNT, "9" * 5000, f"'{'9' * 60}…' is out of range; give a number {COUNTS}"),
        (SIZE, "65535", f"'65535' is out of range; {SIZES}"),
        (SIZE, "1025G", f"'1025G' is out of range; {SIZES}"),
        (SIZE, "9" * 5000, f"'{'9' * 60}…' is out of range; {SIZES}"),
        (SIZE, "M", f"'M' is not a size; {BYTES}"),
        (SIZE, "-1M", f"'-1M' is not a size; {BYTES}"),
        (SIZE, "1.5M", f"'1.5M' is not a size; {BYTES}"),
        (SIZE, "1T", f"'1T' is not a size; {BYTES}"),
        (SIZE, "99999ib", f"'99999ib' is not a size; {BYTES}"),
        (SIZE, "٦٤K", f"'٦٤K' is not a size; {BYTES}"),
        *(
            (read, text, f"'{text}' is not a number of seconds; give 0 to 10000000")
            for read in (values.seconds,)
            for text in ("soon", "nan", "inf", "1_0", "٣", "0x1", "1e", ".", "")
        ),
        (values.seconds, "-0.1", "'-0.1' is out of range; give 0 to 10000000"),
        (values.seconds, "1e999", "'1e999' is out of range; give 0 to 10000000"),
        (
            values.off_or_seconds,
            "on",
            "'on' is not a number of seconds; give 0 to 10000000, or off",
        ),
        (RATE, "x", f"'x' is not a number of lines; {LINES}"),
        (RATE, "1_0", f"'1_0' is not a number of lines; {LINES}"),
        (RATE, "nan", f"'nan' is not a number of lines; {LINES}"),
        (RATE, "0.09", f"'0.09' is out of range; {LINES}"),
        (RATE, "2e9", f"'2e9' is out of range; {LINES}"),
        (values.flag, "maybe", "'maybe' is neither yes nor no; give one of them"),
        (values.flag, "", "'' is neither yes nor no; give one of them"),
        (CHOICE, "all", "'all' is none of the choices; give off, loopback or on"),
        *(
            (
                values.unix_path,
                text,
                f"'{text}' is not unix:/PATH; give unix: and an absolute path",
            )
            for text in ("/run/x", "unix:", "unix:rel", "unix:./rel", "tcp:1")
        ),
        (values.some_text, " ", "' ' is empty; give a value, or leave it out"),
        *(
            (
                read,
                "{x",
                "'{x' begins with {; begin with another character, since"
                " json begins so",
            )
            for read in (values.one_line, TEMPLATE)
        ),
        *(
            (read, text, f"{text!r} has {text[1]!r} in it; leave it out")
            for read in (values.one_line, TEMPLATE)
            for text in ("a\n", "a\tb", "a\x1b[2J", "a\x9b", "a\u202eb", "a\u2028")
        ),
        *(
            (TEMPLATE, text, f"'{text}' has another field; {FIELDS}")
            for text in ("a {x}", "a {}", "a {0}", "a {name!r}", "a {name:>9}")
        ),
        (TEMPLATE, "a {name.x}", f"'a {{name.x}}' has another field; {FIELDS}"),
        (
            TEMPLATE,
            "a {name",
            f"'a {{name': expected '}}' before end of string; {FIELDS}",
        ),
        (
            TEMPLATE,
            "a }",
            f"'a }}': Single '}}' encountered in format string; {FIELDS}",
        ),
    ],
)
def test_a_wrong_value_is_refused_in_words(read: Read, text: str, words: str) -> None:
    """It says what is wrong; what to give. The value is quoted on one line, and cut."""
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        read(text)


def several(*numbers: int) -> OSError:
    """The error of asyncio where a host has several addresses, and none answers."""
    each = (f"[Errno {number}] Connect call failed ('::1', 1)" for number in numbers)
    return OSError(f"Multiple exceptions: {', '.join(each)}")


def unverified(reason: str) -> ssl.SSLCertVerificationError:
    """The error of a handshake with a server whose certificate nobody has signed."""
    error = ssl.SSLCertVerificationError(1, f"[SSL: X] {reason} (_ssl.c:1006)")
    error.verify_message = reason
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left", "/x"), "no space left"),
        (OSError("timed out"), "timed out"),
        (ValueError("line 1\n  of Two"), "line 1 of Two"),
        (ValueError(), ""),
        (
            ConnectionRefusedError(
                errno.ECONNREFUSED, "Connect call failed ('::1', 1)"
            ),
            "connection refused",
        ),
        (several(errno.ECONNREFUSED, errno.ECONNREFUSED), "connection refused"),
        (
            several(errno.ENETUNREACH, errno.ECONNREFUSED),
            "network is unreachable, connection refused",
        ),
        (unverified("self-signed"), "its certificate is not accepted: self-signed"),
    ],
)
def test_a_reason_is_one_line(error: Exception, words: str) -> None:
    """The reason is the system's own words without number and path, or ours."""
    assert reason_of(error) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(1e9, "1000000000"), (1e7, "10000000"), (90.0, "90"), (0.25, "0.25"), (10, "10")],
)
def test_a_number_is_written_plainly(number: float, words: str) -> None:
    """Neither an exponent nor a point with nothing behind it is shown to people."""
    assert plain(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 lines"),
        (1, "1 line"),
        (1.0, "1 line"),
        (1.5, "1.5 lines"),
        (2, "2 lines"),
    ],
)
def test_one_thing_is_singular(number: float, words: str) -> None:
    """Nobody is told of 1 lines."""
    assert plural(number, "line") == words
