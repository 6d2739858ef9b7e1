"""The check of recorded histories finds what must not be, each kind of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from soak.histories import Checker, Connection, read
from soak.recording import Recorder

AT = "2026-11-25T10:00:00.000Z"
Step = tuple[str, Any]


def sent(line: str) -> Step:
    """Return what a client sends."""
    return "sent", line


def told(kind: str, **fields: Any) -> Step:
    """Return an event."""
    return "told", {"event": kind, **fields}


def welcome(name: str, count: int, id: int = 0, epoch: str = "e") -> Step:
    """Return a greeting."""
    return told("welcome", name=name, count=count, id=id, epoch=epoch)


def line(id: int, name: str, text: str, **more: Any) -> Step:
    """Return a line that was told."""
    return told("message", id=id, at=AT, name=name, text=text, **more)


def move(kind: str, name: str, count: int, **more: Any) -> Step:
    """Return a coming, a going or a rename."""
    return told(kind, at=AT, name=name, count=count, **more)


def history(name: str, *steps: Step, owner: str = "") -> Connection:
    """Return a connection's history."""
    return Connection(name, owner or name, [*steps])


def good() -> list[Connection]:
    """Return the histories of a room in which all is well."""
    return [
        history(
            "ann.0",
            welcome("ann", 2),
            sent("/say t1 one"),
            line(10, "ann", "one"),
            told("ack", token="t1", id=10),
            move("join", "bob", 3),
            line(20, "bob", "two"),
            told("presence", at=AT, joined=1, left=1, count=3),
            line(30, "bob", "three"),
            owner="key ann",
        ),
        history(
            "ann.1",
            welcome("ann", 3, 30),
            sent("/say t1 one"),
            told("ack", token="t1", id=10, double=True),
            line(10, "ann", "one", replayed=True),
            owner="key ann",
        ),
        history(
            "bob.0",
            welcome("bob", 3, 10),
            sent("two"),
            line(20, "bob", "two"),
            sent("three"),
            told("presence", at=AT, joined=1, left=1, count=3),
            line(30, "bob", "three"),
        ),
        history(
            "ear.0",
            welcome("ear", 2),
            line(10, "ann", "one"),
            move("join", "bob", 3),
            line(20, "bob", "two"),
            move("leave", "cy", 2, reason="lost"),
            move("join", "cy", 3),
            line(30, "bob", "three"),
            move("leave", "ann", 2, reason="replaced"),
            move("join", "ann", 3),
        ),
    ]


def problems(connections: list[Connection]) -> list[str]:
    """Return what is wrong with some histories."""
    checker = Checker()
    checker.check(connections)
    return checker.problems


def test_nothing_is_wrong_where_all_is_well() -> None:
    """Lines sent again, names that change hands, and bursts are as they should be."""
    assert problems(good()) == []


BAD: list[tuple[str, int, int, list[Step], str]] = [
    # what it is, which connection, at which step, the steps in its place, the finding
    ("another text", 3, 1, [line(10, "ann", "won")], "and was"),
    ("another name", 3, 3, [line(20, "cy", "two")], "and was"),
    (
        "a line twice",
        3,
        6,
        [line(30, "bob", "three"), line(40, "bob", "two")],
        "as 20 and",
    ),
    ("nobody's line", 3, 9, [line(40, "bob", "x")], "sent by nobody"),
    ("lines turned", 2, 1, [sent("three"), sent("two")], "before what it sent"),
    ("a line left out", 3, 3, [], "1 lines after 0"),
    (
        "an earlier line",
        0,
        7,
        [line(30, "bob", "three"), line(20, "bob", "two")],
        "after 30",
    ),
    ("two ids of a token", 1, 2, [told("ack", token="t1", id=20)], "is 20, and was 10"),
    ("another's line", 0, 3, [told("ack", token="t1", id=20)], "and not 'one'"),
    ("one ack more", 0, 3, [told("ack", token="t1", id=10)] * 2, "more often"),
    ("no double", 1, 1, [], "sent once"),
    ("a name in use", 3, 4, [move("join", "bob", 4)], "bob is in use"),
    ("a rename to it", 3, 4, [move("rename", "cy", 3, to="bob")], "bob is in use"),
    ("a going of nobody", 3, 8, [move("leave", "dan", 2)] * 2, "dan is not here"),
    ("a line of nobody", 3, 4, [move("leave", "bob", 2)], "bob speaks as 30"),
    ("a wrong count", 3, 4, [move("leave", "cy", 1)], "3 were here before"),
    ("a wrong sum", 0, 6, [told("presence", joined=1, left=0, count=3)], "3 were here"),
    ("another view", 0, 4, [move("join", "dan", 3)], "was told"),
    ("another epoch", 1, 0, [welcome("ann", 3, 30, "f")], "several epochs"),
    ("a name not its own", 2, 0, [welcome("bo", 3, 10)], "speaks as bob"),
    ("replaced by nobody", 2, 6, [told("bye", code="replaced")], "by nobody"),
]


@pytest.mark.parametrize(
    ("which", "at", "instead", "finding"),
    [each[1:] for each in BAD],
    ids=[each[0] for each in BAD],
)
def test_what_must_not_be_is_found(
    which: int, at: int, instead: list[Step], finding: str
) -> None:
    """One step is another one than in histories in which all is well."""
    connections = good()
    connections[which].steps[at : at + 1] = instead
    found = problems(connections)
    assert any(finding in problem for problem in found), found


def test_a_name_has_one_owner_from_its_coming_to_its_going() -> None:
    """Two who speak under one name are found; one after the other are none."""
    speakers = [history(name, sent(name), owner=name) for name in ("al", "bo")]
    ear = history(
        "ear", welcome("ear", 2), line(10, "red", "al"), line(20, "red", "bo")
    )
    assert "red is al's, and bo speaks as 20" in problems([*speakers, ear])[0]
    ear = history(
        "ear",
        welcome("ear", 2),
        line(10, "red", "al"),
        move("leave", "red", 1, reason="replaced"),
        move("join", "red", 2),
        line(20, "red", "bo"),
    )
    speakers = [history(name, sent(name), owner=name) for name in ("al", "bo")]
    assert problems([*speakers, ear]) == []


def test_ones_own_coming_may_be_between_those_of_a_burst() -> None:
    """It is not told to oneself, and counted once, before any line."""

    def found(*steps: Step) -> list[str]:
        said = history("al", sent("one"))
        return problems([said, history("ear", welcome("ear", 4), *steps)])

    burst = [move("leave", name, count) for name, count in (("x", 6), ("y", 6))]
    assert found(*burst, move("leave", "z", 5)) == []
    assert "6 were here" in found(*burst, move("leave", "z", 6))[0]
    assert "6 were here" in found(burst[0], line(10, "al", "one"), burst[1])[0]
    assert "6 were here" in found(burst[0], move("leave", "y", 7))[0]


def test_who_is_replaced_by_itself_is_so_rightly() -> None:
    """A connection of the same key has the name then."""
    first = history("a.0", welcome("red", 1), told("bye", code="replaced"), owner="key")
    again = history("a.1", welcome("red", 1), owner="key")
    assert problems([first, again]) == []


def test_who_is_replaced_may_not_have_been_greeted() -> None:
    """Nor may the one in whose favour: it has asked for the name, at least."""
    for asked, found in (("red", 0), ("blue", 1)):
        first = history(
            "a.0", sent("/name red key"), told("bye", code="replaced"), owner="key"
        )
        again = history("a.1", sent(f"/name {asked} key"), owner="key")
        assert len(problems([first, again])) == found


def test_what_is_recorded_is_read_and_checked(tmp_path: Path) -> None:
    """The program says what is wrong, and fails; or that nothing is."""
    recorder = Recorder(tmp_path)
    for key in ("key", None):
        record = recorder.begin("al", key, 8000)
        record.told(json.dumps(welcome("al", 1)[1]).encode() + b"\n")
        record.sent(("/say t1 one", "/ping"))
        record.told(json.dumps(line(10, "al", "one")[1]).encode() + b"\n")
        record.close()
    first, second = read(tmp_path)
    assert (first.owner, second.owner) == ("key key", "al.1")
    assert [kind for kind, _ in first.steps] == ["told", "sent", "sent", "told"]
    code, out = program(tmp_path)
    assert code == 1
    assert "'one' was sent by two" in out
    (tmp_path / "al.1.ndjson").unlink()
    code, out = program(tmp_path)
    assert code == 0
    assert "1 connections: " in out
    (tmp_path / "al.0.ndjson").unlink()
    code, out = program(tmp_path)
    assert code == 1
    assert out.endswith("FAILED: nothing was said\n")


def program(folder: Path) -> tuple[int, str]:
    """Return how the program ends, and what it says."""
    command = [sys.executable, "-m", "soak.histories", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout
