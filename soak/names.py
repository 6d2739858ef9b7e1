"""Kill a daemon with --store again and again, while names change hands.

python -m soak.names [--kills 100] [--seed 1]

Four people with keys of their own ask for the same few names, several at a time, and
the daemon is killed before it has answered. In the next one somebody without a key of
theirs asks for all names first: each person still has the last name that it was told,
or one that it had asked for since; no name has another owner, or none.
"""

import argparse
import json
import random
import socket
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from soak.room import Room, room

PEOPLE = 4
NAMES = [f"name-{number}" for number in range(6)]
ROUNDS = 6
"""Names that each asks for and is answered, at most, before a kill."""

AHEAD = 4
"""Names that each asks for, at most, and may not be answered."""


class Person:
    """Somebody who wants to be called something.

    Args:
        key: its own.

    Attributes:
        names: those that it may have: the last one that it was told, and those that
            it has asked for since.
        changes: how often it was told a new one.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.names: list[str] = []
        self.changes = 0
        self._socket: socket.socket | None = None

    def come(self, here: Room) -> None:
        """Join as a guest."""
        self.leave()
        self._socket = here.connect("/format json")
        self._lines = self._socket.makefile("rb")

    def leave(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._lines.close()
            self._socket.close()

    def ask(self, name: str) -> None:
        """Ask for a name."""
        assert self._socket is not None
        self.names.append(name)
        self._socket.sendall(f"/name {name} {self.key}\n".encode())

    def hear(self) -> None:
        """Take the answer to the first name that it has asked for.

        Raises:
            ConnectionError: there is none.
        """
        while True:
            event = self._event()
            is_own = event.get("name") == self.names[0]
            if event["event"] == "rename" and is_own:
                self.changes += event["to"] != self.names.pop(0)
                assert event["to"] == self.names[0], event
                return
            if event["event"] == "error":
                del self.names[1]
                return

    def may_be(self, name: str) -> bool:
        """Ask for a name; tell whether it is given."""
        assert self._socket is not None
        self._socket.sendall(f"/name {name} {self.key}\n/ping\n".encode())
        is_given = True
        while (event := self._event())["event"] != "pong":
            is_given = is_given and event["event"] != "error"
        return is_given

    def _event(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("cut off")
        event: dict[str, Any] = json.loads(line)
        return event


def change(people: list[Person], here: Room, luck: random.Random) -> None:
    """Let names change hands, and kill the daemon meanwhile."""
    for _ in range(luck.randint(1, ROUNDS)):
        for person in people:
            person.ask(luck.choice(NAMES))
        for person in people:
            person.hear()
    for person in people:
        for _ in range(luck.randint(0, AHEAD)):
            person.ask(luck.choice(NAMES))
    time.sleep(luck.uniform(0, 0.02))
    here.process.kill()
    here.process.wait()
    for person in people:
        with suppress(ConnectionError):
            while len(person.names) > 1:
                person.hear()


def judge(people: list[Person], here: Room) -> list[str]:
    """Have everybody back, and return what must not be."""
    problems: list[str] = []
    thief = Person("key-of-nobody-else")
    thief.come(here)
    taken = {name for name in NAMES if not thief.may_be(name)}
    thief.leave()
    for person in people:
        person.come(here)
        had = list(dict.fromkeys(person.names))
        person.names = [name for name in had if name in taken and person.may_be(name)]
        if len(person.names) != 1:
            problems.append(f"{person.key} may be {had}, and has {person.names}")
        taken -= set(person.names)
    if taken:
        problems.append(f"{sorted(taken)} are nobody's, and not free")
    return problems


def run(path: Path, kills: int, luck: random.Random) -> tuple[list[str], int]:
    """Return what must not be, and how often a name has changed hands."""
    options = ("--store", str(path), "--rate", "0")
    people = [Person(f"key-of-person-{number}") for number in range(PEOPLE)]
    with room(*options) as here:
        for person, name in zip(people, NAMES, strict=False):
            person.come(here)
            person.may_be(name)
            person.names = [name]
        change(people, here, luck)
    problems: list[str] = []
    for left in reversed(range(kills)):
        with room(*options) as here:
            problems += judge(people, here)
            if problems:
                break
            if left:
                change(people, here, luck)
    for person in people:
        person.leave()
    return problems, sum(person.changes for person in people)


def main() -> None:
    """Run it and print the report; exit 1 if there is a problem."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "room.db"
        problems, changes = run(path, chosen.kills, random.Random(chosen.seed))
    for problem in problems:
        print(f"FAILED: {problem}")
    print(
        f"{chosen.kills} kills, {changes} changes that were told,"
        f" {len(problems)} problems"
    )
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
