"""Dialects: the same lines and events, as text, json and raw bytes."""

import json
import re
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.protocol.dialects import (
    JSON,
    RAW,
    TEXT,
    TEXT_CRLF,
    Dialect,
    Moment,
    Speaker,
)
from broadcast.protocol.events import Ack, Join, Replay, Welcome

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=8
)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=12)
WHEN = Moment(1_700_000_000.25)
DIALECTS = [TEXT, TEXT_CRLF, JSON, RAW]
STAMP = re.compile(rb"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] ")


def _block(words: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in words).encode()


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Set this process's time zone; the old one is back afterwards."""
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone of a process can't be set here")

    def choose(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield choose
    monkeypatch.undo()
    time.tzset()


def test_the_two_forms_of_a_time(zone: Callable[[str], None]) -> None:
    """Programs get UTC with milliseconds; people the server's own local time."""
    zone("HERE-2")
    moment = Moment(86_399.0625)
    assert moment.utc == "1970-01-01T23:59:59.062Z"
    assert moment.local == "1970-01-02 01:59:59"
    assert Moment(0).utc == "1970-01-01T00:00:00.000Z"


@given(st.one_of(st.just(""), NAMES), st.lists(WORDS, min_size=1, max_size=6))
@settings(deadline=None)
def test_each_line_is_its_speakers(name: str, words: list[str]) -> None:
    """Each line, an empty one too, begins with the name; the count is right."""
    prefix = f"{name}: " if name else ""
    expected = _block([prefix + line for line in words])
    assert Speaker(name).text(_block(words)) == (expected, len(words))


@given(NAMES, st.lists(WORDS, min_size=1, max_size=6), st.integers(1, 2**53))
@settings(deadline=None)
def test_json_holds_what_was_said(name: str, words: list[str], first: int) -> None:
    """Any name and text survive json; ids go up by one; replays are marked."""
    speaker = Speaker(name)
    text, _ = speaker.text(_block(words))
    expected = [
        {"event": "message", "id": id, "at": WHEN.utc, "name": name, "text": line}
        for id, line in enumerate(words, first)
    ]
    said = JSON.said(speaker, text, first, WHEN).decode().split("\n")
    assert said.pop() == ""
    assert [json.loads(line) for line in said] == expected
    replayed = JSON.replayed(speaker, text, first, WHEN).decode().split("\n")[:-1]
    marked = [message | {"replayed": True} for message in expected]
    assert [json.loads(line) for line in replayed] == marked


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@given(NAMES, st.lists(WORDS, min_size=1, max_size=6))
@settings(deadline=None)
def test_lines_stay_whole_in_each_dialect(
    dialect: Dialect, name: str, words: list[str]
) -> None:
    """Each dialect makes one line of one line, said or replayed, and ends it."""
    speaker = Speaker(name)
    text, count = speaker.text(_block(words))
    for render in (dialect.said, dialect.replayed):
        data = render(speaker, text, 1, WHEN)
        assert data.count(b"\n") == count
        assert data.endswith(b"\n")


@pytest.mark.parametrize(("dialect", "eol"), [(TEXT, b"\n"), (TEXT_CRLF, b"\r\n")])
def test_a_text_replay_tells_the_time_of_each_line(
    dialect: Dialect, eol: bytes
) -> None:
    """Each line has its time before it and the member's own line end after it."""
    speaker = Speaker("al")
    text, _ = speaker.text(b"one\n\ntwo\n")
    replayed = dialect.replayed(speaker, text, 1, WHEN)
    assert len(STAMP.findall(replayed)) == 3
    expected = text.replace(b"\n", eol)
    assert STAMP.sub(b"", replayed) == expected == dialect.said(speaker, text, 1, WHEN)


@pytest.mark.parametrize(("dialect", "eol"), [(TEXT, b"\n"), (TEXT_CRLF, b"\r\n")])
def test_all_lines_of_an_event_are_marked(dialect: Dialect, eol: bytes) -> None:
    """No line of the admin's words can be taken for a line that somebody said."""
    welcome = Welcome("broadcast", "al", "e1", 0, 1, 8192, "one\nbob: two")
    told = dialect.told(welcome).split(eol)
    assert told.pop() == b""
    assert told[:2] == [b"* one", b"* bob: two"]
    assert told[2].startswith(b"* You are al, 1 here.")


def test_the_fields_of_a_json_event() -> None:
    """What everybody sees has a time; what is unknown is left out or null."""
    assert json.loads(JSON.told(Join("é\n", 2), WHEN)) == {
        "event": "join",
        "at": WHEN.utc,
        "name": "é\n",
        "count": 2,
    }
    assert json.loads(JSON.told(Ack("t", 5))) == {"event": "ack", "token": "t", "id": 5}
    replay = {"event": "replay", "count": 1, "missing": None}
    assert json.loads(JSON.told(Replay(1, None))) == replay


@given(st.binary(max_size=40))
@settings(deadline=None)
def test_a_relay_adds_nothing(data: bytes) -> None:
    """The raw dialect is the bytes as they came, and no word of the server's."""
    for render in (RAW.said, RAW.replayed):
        assert render(Speaker(""), data, 1, WHEN) == data
    assert RAW.told(Join("al", 1), WHEN) == b""
