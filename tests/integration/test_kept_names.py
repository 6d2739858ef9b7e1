"""A daemon with ``--store``: names outlive it, as its members were told."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient
from tests.support.office import Office

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]

NAMES = [f"name-{number}" for number in range(6)]
KILLS = 6
CHANGES = 24
"""Names that change hands between two kills."""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Name a file that isn't there yet."""
    return str(tmp_path / "room.db")


def join(client: LineClient, *wanted: str) -> str:
    """Join; return the name that is given."""
    client.send("/format json", *(f"/name {each}" for each in wanted), "/ping")
    welcome = client.await_event("welcome")
    client.await_event("pong")
    return str(welcome["name"])


def code_of(client: LineClient, line: str) -> object:
    """Return why a line is refused; None if it isn't."""
    client.send(line, "/ping")
    events = client.events_until("pong")
    return next((each["code"] for each in events if each["event"] == "error"), None)


@pytest.mark.parametrize("end", [Daemon.kill, Daemon.stop])
def test_names_outlive_the_daemon(
    daemon: Start, connect: Connect, path: str, end: Callable[[Daemon], None]
) -> None:
    """A name is held for its key; no guest gets another's number; without a key it
    is free."""
    first = daemon("--store", path)
    keyed, plain, guest = connect(first), connect(first), connect(first)
    assert join(keyed, "ann sesame-open") == "ann"
    assert join(plain, "bob") == "bob"
    assert join(guest) == "guest-1"
    end(first)
    second = daemon("--store", path)
    thief = connect(second)
    assert join(thief, "ann sesame-shut") == "guest-2"
    assert code_of(thief, "/name ann") == "name-taken"
    assert code_of(thief, "/name bob") is None
    assert join(connect(second), "ann sesame-open") == "ann"
    assert join(connect(second)) == "guest-3"


def test_a_mute_stands(
    daemon: Start, connect: Connect, path: str, tmp_path: Path
) -> None:
    """When it has been acknowledged, a kill takes it back no more than a restart."""
    options = "--store", path, "--admin", f"unix:{tmp_path}/admin"
    first = daemon(*options)
    assert join(connect(first), "rude sesame-open") == "rude"
    office = Office(first, tmp_path / "admin")
    assert office.order("mute", "rude") == "muted rude\n"
    assert office.order("mute", "loud") == "muted loud, who is not here\n"
    assert office.order("unmute", "loud") == "unmuted loud\n"
    first.kill()
    second = daemon(*options)
    rude, loud = connect(second), connect(second)
    assert join(rude, "rude sesame-open") == "rude"
    assert code_of(rude, "hello") == "muted"
    assert code_of(rude, "/name other") is None
    assert code_of(rude, "hello") == "muted"
    assert join(loud, "loud") == "loud"
    assert code_of(loud, "hello") is None


@dataclass
class Person:
    """Somebody with a key of its own.

    Attributes:
        names: those that it may have: the last one that it was told, and those that
            it has asked for since.
    """

    key: str
    client: LineClient
    names: list[str] = field(default_factory=list)

    def ask(self, name: str) -> None:
        """Ask for a name."""
        self.names.append(name)
        self.client.send(f"/name {name} {self.key}")

    def hear(self) -> None:
        """Take the answer to the first thing that it has asked for."""
        event = self.client.event()
        while event["event"] not in ("rename", "error") or (
            event["event"] == "rename" and event["name"] != self.names[0]
        ):
            event = self.client.event()
        if event["event"] == "rename":
            assert event["to"] == self.names[1]
            del self.names[0]
        else:
            assert event["code"] == "name-taken"
            del self.names[1]


def test_every_name_has_the_owner_that_was_told_so(
    daemon: Start, connect: Connect, path: str
) -> None:
    """Though the daemon is killed while names change hands, again and again."""
    chance = random.Random(7)
    running = daemon("--store", path)
    keys = [f"key-of-person-{number}" for number in range(4)]
    people = [Person(key, connect(running)) for key in keys]
    for person, name in zip(people, NAMES, strict=False):
        person.names = [join(person.client, f"{name} {person.key}")]
    changes = 0
    for _ in range(KILLS):
        for _ in range(CHANGES):
            person = chance.choice(people)
            had = person.names[0]
            free = [each for each in NAMES if each not in {p.names[0] for p in people}]
            person.ask(chance.choice([*free, *free, had, chance.choice(NAMES)]))
            person.hear()
            changes += person.names[0] != had
        for person in people:
            for _ in range(chance.randrange(3)):
                person.ask(chance.choice(NAMES))
        running.kill()
        for person in people:
            with suppress(EOFError, ConnectionError, AssertionError):
                while len(person.names) > 1:
                    person.hear()
        running = daemon("--store", path)
        thief = connect(running)
        join(thief)
        taken = {name for name in NAMES if code_of(thief, f"/name {name}")}
        code_of(thief, "/name nobody-else")
        for person in people:
            theirs = [name for name in person.names if name in taken]
            assert theirs, f"{person.names} were told, {taken} are taken"
            person.client = connect(running)
            join(person.client)
            key = person.key
            person.names = [
                next(
                    n for n in theirs if not code_of(person.client, f"/name {n} {key}")
                )
            ]
    assert changes >= 100
