"""The room against plain lists: whatever people do, in whatever order."""

import json
import re
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from broadcast.base.settings import RoomSettings
from broadcast.room import fanout
from tests.support.hall import EPOCH, Guest, Hall

HISTORY = 7
EPOCHS = [EPOCH, "x"]
NAMES = st.sampled_from(["ann", "Ann", "bob", "cleo", "server", "-"])
TEXTS = st.sampled_from(["hi", "x y", "{}", "* no", "[a] b: c", "é"])
Seen = tuple[object, ...]

_TEXT_FORMS = [
    (r"\* (\S+) joined the chat", "join"),
    (r"\* (\S+) left the chat", "leave"),
    (r"\* (\S+) is now (\S+)", "rename"),
    (r"\* You are (\S+), (\d+) here\..*", "welcome"),
    (r"\* error: .*", "error"),
    (r"\* (\d+) lines? before these (?:is|are) gone", "missing"),
    (r"\* that position is not in this log", "foreign"),
    (r"\* the last (\d+) lines:", "replay"),
    (r"\* the last line:", "replay-of-one"),
    (r"\* there is more: (.*)", "more"),
    (r"\* that was the last (?:\d+ lines|line)", "replayed"),
    (r"\* said (\S+)", "ack"),
    (r"\* Bye", "bye"),
    (r"\* \d+ here: (.*)", "who"),
    (r"\[[-\d]+ [:\d]+\] (\S+): (.*)", "old"),
    (r"(\S+): (.*)", "said"),
]


def _seen_in_text(line: str) -> list[Seen]:
    for pattern, kind in _TEXT_FORMS:
        if found := re.fullmatch(pattern, line):
            if kind == "replay-of-one":
                return [("replay", "1")]
            return [(kind, *found.groups())]
    raise AssertionError(line)


def _seen_in_json(line: str) -> list[Seen]:
    event = json.loads(line)
    kind = event["event"]
    if kind == "message":
        kind = "old" if event.get("replayed") else "said"
        return [(kind, event["name"], event["text"])]
    if kind == "replay":
        missing = event["missing"]
        gone: list[Seen] = [("missing", str(missing))] if missing else []
        gone = [("foreign",)] if missing is None else gone
        return [*gone, ("replay", str(event["count"]))]
    if kind == "replayed":
        more: list[Seen] = [("more", event)] if event["more"] else []
        return [*more, ("replayed",)]
    fields = {
        "join": ["name"],
        "leave": ["name"],
        "rename": ["name", "to"],
        "welcome": ["name", "count"],
        "ack": ["token"],
        "who": ["names"],
    }.get(kind, [])
    if kind == "who":
        quiet = event.get("quiet", [])
        event["names"] = [f"{n} (quiet)" if n in quiet else n for n in event["names"]]
    if event.get("quiet") is True:
        kind = f"quiet {kind}"
    values = (event[name] for name in fields)
    return [(kind, *(", ".join(v) if isinstance(v, list) else str(v) for v in values))]


@dataclass
class Person:
    """A member as the model knows it."""

    guest: Guest
    name: str
    json: bool
    quiet: bool
    expected: list[Seen] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)


class Room(RuleBasedStateMachine):
    """People join, speak, rename, look back and leave."""

    def __init__(self) -> None:
        super().__init__()
        self.hall = Hall(RoomSettings(history=HISTORY))
        self.people: list[Person] = []
        self.said: list[tuple[str, str]] = []
        self.guests = 0

    def _is_free(self, name: str, but: Person | None = None) -> bool:
        taken = {p.name.casefold() for p in self.people if p is not but}
        return name not in ("server", "-") and name.casefold() not in taken

    def _tell(self, seen: Seen, but: Person | None = None) -> None:
        for person in self.people:
            if person is not but:
                person.expected.append(seen)

    def _tell_of(self, person: Person, kind: str, *words: str) -> None:
        """Tell of ``person``: to itself as to all, of a quiet one to programs alone."""
        mark = "quiet " if person.quiet else ""
        for other in self.people:
            if other.json:
                other.expected.append((mark + kind, *words))
            elif not person.quiet or other is person:
                other.expected.append((kind, *words))

    def _say(self, person: Person, text: str) -> None:
        self.said.append((person.name, text))
        self._tell(("said", person.name, text), but=None if person.json else person)

    def _send(self, person: Person, *lines: str) -> None:
        person.guest.send(*lines)
        self.hall.wait(1)  # so that presence is never folded

    @precondition(lambda self: len(self.people) < 5)
    @rule(name=NAMES, speaks_json=st.booleans(), is_quiet=st.booleans())
    def join(self, name: str, speaks_json: bool, is_quiet: bool) -> None:
        person = Person(self.hall.connect(), name, speaks_json, is_quiet)
        refused = not self._is_free(name)
        if refused:
            self.guests += 1
            person.name = f"guest-{self.guests}"
        self._tell_of(person, "join", person.name)
        self.people.append(person)
        person.expected.append(("welcome", person.name, str(len(self.people))))
        if refused:
            person.expected.append(("error",))
        dialect = "json" if speaks_json else "text"
        quiet = ["/quiet"] if is_quiet else []
        self._send(person, f"/format {dialect}", *quiet, f"/name {name}")

    @precondition(lambda self: self.people)
    @rule(who=st.integers(0), name=NAMES)
    def rename(self, who: int, name: str) -> None:
        person = self.people[who % len(self.people)]
        if self._is_free(name, but=person):
            self._tell_of(person, "rename", person.name, name)
            person.name = name
        else:
            person.expected.append(("error",))
        self._send(person, f"/name {name}")

    @precondition(lambda self: self.people)
    @rule(who=st.integers(0), texts=st.lists(TEXTS, max_size=5))
    def say(self, who: int, texts: list[str]) -> None:
        person = self.people[who % len(self.people)]
        for text in texts:
            self._say(person, text)
        self._send(person, *texts)

    @precondition(lambda self: self.people)
    @rule(who=st.integers(0), text=TEXTS, token=st.sampled_from("ab"))
    def say_once(self, who: int, text: str, token: str) -> None:
        person = self.people[who % len(self.people)]
        if token not in person.tokens:
            self._say(person, text)
            person.tokens.add(token)
        person.expected.append(("ack", token))
        self._send(person, f"/say {token} {text}")

    @precondition(lambda self: self.people)
    @rule(who=st.integers(0), quits=st.booleans())
    def leave(self, who: int, quits: bool) -> None:
        person = self.people.pop(who % len(self.people))
        self._tell_of(person, "leave", person.name)
        if quits:
            person.expected.append(("bye",))
            self._send(person, "/quit")
        else:
            person.guest.end()
            self.hall.wait(1)
        self._compare(person)

    @precondition(lambda self: self.people)
    @rule(who=st.integers(0), count=st.integers(0, 12))
    def history(self, who: int, count: int) -> None:
        person = self.people[who % len(self.people)]
        begin = max(len(self.said) - count, self._oldest)
        self._replay(person, begin, len(self.said), asked=count)
        self._send(person, f"/history {count}")

    @precondition(lambda self: self.people)
    @rule(who=st.integers(0), count=st.integers(0, 12), id=st.integers(0, 30))
    def page_back(self, who: int, count: int, id: int) -> None:
        person = self.people[who % len(self.people)]
        end = min(max(0, id - 1), len(self.said))
        begin = min(end, max(end - count, self._oldest))
        missing = min(count, end) - (end - begin)
        if id > len(self.said):
            person.expected.append(("foreign",))
        elif missing:
            person.expected.append(("missing", str(missing)))
        self._replay(person, begin, end, asked=count)
        self._send(person, f"/history {count} {EPOCH}:{id}")

    @precondition(lambda self: self.people)
    @rule(
        who=st.integers(0), id=st.integers(0, 30), epoch=st.sampled_from([EPOCH, "x"])
    )
    def since(self, who: int, id: int, epoch: str) -> None:
        person = self.people[who % len(self.people)]
        begin = max(id, self._oldest)
        if epoch != EPOCH or id > len(self.said):
            person.expected.append(("foreign",))
            begin = self._oldest
        elif begin > id:
            person.expected.append(("missing", str(begin - id)))
        self._replay(person, begin, len(self.said))
        self._send(person, f"/since {epoch}:{id}")

    @precondition(lambda self: self.people)
    @rule(who=st.integers(0))
    def list_names(self, who: int) -> None:
        person = self.people[who % len(self.people)]
        people = sorted(self.people, key=lambda person: person.name.casefold())
        names = [f"{p.name} (quiet)" if p.quiet else p.name for p in people]
        person.expected.append(("who", ", ".join(names)))
        self._send(person, "/who")

    @property
    def _oldest(self) -> int:
        """How many lines were said before those that may be asked for."""
        return max(0, len(self.said) - HISTORY)

    def _replay(
        self, person: Person, begin: int, end: int, asked: int | None = None
    ) -> None:
        """Expect lines, from one place to another; of ``asked`` back, if so."""
        person.expected.append(("replay", str(end - begin)))
        person.expected += [("old", *line) for line in self.said[begin:end]]
        if asked is not None and end > begin > self._oldest:
            more: object = f"/history {asked} {EPOCH}:{begin + 1}"
            if person.json:
                first, position = f"{EPOCH}:{begin + 1}", f"{EPOCH}:{end}"
                end_of_it = {"event": "replayed", "position": position, "first": first}
                more = end_of_it | {"more": True}
            person.expected.append(("more", more))
        person.expected.append(("replayed",))

    def _compare(self, person: Person) -> None:
        parse = _seen_in_json if person.json else _seen_in_text
        seen = [one for line in person.guest.lines() for one in parse(line)]
        assert seen == person.expected
        person.expected.clear()

    @invariant()
    def all_saw_what_they_should(self) -> None:
        for person in self.people:
            self._compare(person)
        assert len(self.hall.room.subscriptions) == len(self.people)
        assert self.hall.room.log.last_id == len(self.said)


class LeavingRoom(Room):
    """A room whose fan-out has time for a single reader, and leaves the rest."""

    def __init__(self) -> None:
        super().__init__()
        self._patch = pytest.MonkeyPatch()
        for name, value in {"MANY": 0, "LOOK_AFTER": 1, "LONGEST": -1}.items():
            self._patch.setattr(fanout, name, value)

    def teardown(self) -> None:
        self._patch.undo()


TestLeavingRoom = LeavingRoom.TestCase
TestLeavingRoom.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None
)

TestRoom = Room.TestCase
TestRoom.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
