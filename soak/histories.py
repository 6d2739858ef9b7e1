"""Check names, tokens and presence over recorded histories, apart from the daemon.

python -m soak.histories FOLDER

Reads what ``soak.recording`` has written, and nothing else; it shares no code with the
daemon. What must hold, by the order in which each connection was told of things:

- lines: an id is one line everywhere, with one name and time; live ones come in their
  order, and none that anybody knows of is left out; each text is said at most once, and
  what one connection says is in the order in which it was sent;
- tokens: a token is acknowledged with one id, which is the line that was sent with it,
  once for each time that it was sent, and as a double only if it was sent before;
- names: nobody joins under, or is renamed to, a name that is in use, or leaves one that
  isn't; whoever speaks has its name; from its coming to its going a name is one
  owner's; who speaks is called what it was told; who is replaced is so by itself;
- presence: each count follows from the one before; with the same batch of lines all
  connections are told of the same comings, goings and renames, unless they were folded.
  (What is folded is told before the lines of its batch. Whoever comes in a burst may be
  told of what came before, but never of its own coming: a count may then be one more.)

It exits with 1, and says what is wrong, if any of it does not hold.
"""

import argparse
import json
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

Event = dict[str, Any]
Step = tuple[str, Any]
"""What happened at a connection: ``sent`` and a line, or ``told`` and an event."""

MOVES = ("join", "leave", "rename", "presence")

SHOWN = 20
"""Problems that are told."""


@dataclass
class Connection:
    """A connection's history.

    Attributes:
        name: what it is called in the report.
        owner: who it is, by its key; without one, nobody else is it.
        steps: what happened.
    """

    name: str
    owner: str
    steps: list[Step]


def read(folder: Path) -> Iterator[Connection]:
    """Yield the connections, each client's in their order."""
    paths = sorted(folder.glob("*.ndjson"), key=_order)
    for path in paths:
        with path.open() as lines:
            records = [json.loads(line) for line in lines if line.endswith("\n")]
        if not records:
            continue
        head, *rest = records
        name = path.name.removesuffix(".ndjson")
        owner = name if head["key"] is None else f"key {head['key']}"
        yield Connection(name, owner, [_step(record) for record in rest])


def _order(path: Path) -> tuple[str, int]:
    client, number, _ = path.name.rsplit(".", 2)
    return client, int(number)


def _step(record: Event) -> Step:
    kind = "sent" if "sent" in record else "told"
    return kind, record[kind]


@dataclass
class Said:
    """A text that was sent.

    Attributes:
        owner: by whom.
        sendings: how often.
    """

    owner: str
    sendings: int = 0


@dataclass
class Checker:
    """What is known of all connections, and what is wrong with it."""

    problems: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    lines: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    epochs: set[str] = field(default_factory=set)
    said: dict[str, Said] = field(default_factory=dict)
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    acked: dict[tuple[str, str], int] = field(default_factory=dict)
    orders: list[tuple[str, list[str]]] = field(default_factory=list)
    spans: list[tuple[str, int, list[int]]] = field(default_factory=list)
    wanted: dict[tuple[str, str], set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )
    replaced: list[tuple[str, str, str]] = field(default_factory=list)
    gaps: dict[tuple[int, int], dict[str, list[Event] | None]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    own: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def check(self, connections: Iterable[Connection]) -> None:
        """Take all connections, and look at them together."""
        known = [*connections]
        for connection in known:
            self._take_sent(connection)
        for connection in known:
            self._take_told(connection)
            connection.steps = []
        if len(self.epochs) > 1:
            self._complain(f"there are several epochs: {sorted(self.epochs)}")
        self._look_at_texts()
        self._look_at_acks()
        self._look_at_spans()
        self._look_at_replaced()
        self._look_at_gaps()

    def _complain(self, problem: str) -> None:
        self.problems.append(problem)

    # One connection after another

    def _take_sent(self, connection: Connection) -> None:
        texts: list[str] = []
        for kind, line in connection.steps:
            if kind != "sent" or (text := _text_of(line)) is None:
                continue
            said = self.said.setdefault(text, Said(connection.owner))
            said.sendings += 1
            if said.owner != connection.owner:
                self._complain(f"{text!r} was sent by two: a test of nothing")
            if said.sendings == 1:
                texts.append(text)
        self.orders.append((connection.name, texts))

    def _take_told(self, connection: Connection) -> None:
        _Told(self, connection).take()

    def note_line(self, where: str, event: Event) -> None:
        """Note a line, live or replayed."""
        id, line = event["id"], (event["name"], event["text"], event["at"])
        self.counts["lines told"] += 1
        if self.lines.setdefault(id, line) != line:
            self._complain(f"{where}: {id} is {line}, and was {self.lines[id]}")

    # All together

    def _look_at_texts(self) -> None:
        """Look whether a text was said once, and each connection's in their order."""
        ids: dict[str, int] = {}
        for id, (_, text, _) in sorted(self.lines.items()):
            if text in ids:
                self._complain(f"{text!r} was said as {ids[text]} and as {id}")
            elif text not in self.said:
                self._complain(f"{text!r} was said as {id}, and sent by nobody")
            ids.setdefault(text, id)
        for name, texts in self.orders:
            last = 0
            for text in texts:
                if (id := ids.get(text, last)) < last:
                    self._complain(f"{name}: {text!r} was said before what it sent")
                last = id
        self.counts["lines"] = len(self.lines)

    def _look_at_acks(self) -> None:
        """Look whether each acknowledged line is what was sent."""
        for (owner, token), id in self.acked.items():
            sent, line = self.tokens.get((owner, token)), self.lines.get(id)
            if line is None or line[1] != sent:
                self._complain(f"{owner}: {token} is {id}: {line}, and not {sent!r}")
        self.counts["tokens"] = len(self.acked)

    def _look_at_spans(self) -> None:
        """Look whether each connection was told of all lines while it was there."""
        ids = sorted(self.lines)
        for name, first, told in self.spans:
            begin, end = bisect_right(ids, first), bisect_right(ids, told[-1])
            if (lacks := end - begin - len(told)) > 0:
                self._complain(f"{name}: {lacks} lines after {first} were not told")

    def _look_at_replaced(self) -> None:
        """Look whether who was replaced was so by another connection of its own.

        That one may have asked for the name, and have ended before it was told.
        """
        for name, owner, called in self.replaced:
            if not self.wanted[owner, called] - {name}:
                self._complain(f"{name}: it was replaced as {called}, by nobody")
        self.counts["replaced"] = len(self.replaced)

    def _look_at_gaps(self) -> None:
        """Look whether all were told of the same between the same two lines."""
        for (before, after), told in self.gaps.items():
            whole = [
                (who, events) for who, events in told.items() if events is not None
            ]
            for (one, first), (other, second) in pairwise(whole):
                but = self.own[one] | self.own[other]
                left, right = _moves(first, but), _moves(second, but)
                if left != right:
                    self._complain(
                        f"between {before} and {after} {one} was told {left};"
                        f" {other} {right}"
                    )
                self.counts["views compared"] += bool(left)


class _Told:
    """What one connection was told, step by step.

    Args:
        checker: all that is known.
        connection: the connection.
    """

    def __init__(self, checker: Checker, connection: Connection) -> None:
        self._all = checker
        self._who = connection
        self._called = self._asked = ""
        self._count: int | None = None
        self._own_join = 0  # not told; it may be between two that are held in a burst
        self._here: dict[str, bool] = {}
        self._owners: dict[str, str] = {}
        self._first, self._ids = 0, list[int]()
        self._gap: list[Event] = []
        self._batch: list[Event] = []
        self._between = 0, 0
        self._is_whole = False
        self._unanswered: Counter[str] = Counter()
        self._texts: set[str] = set()

    def take(self) -> None:
        """Take all of it."""
        for kind, what in self._who.steps:
            if kind == "sent":
                self._send(what)
            elif what["event"] in MOVES:
                self._move(what)
            else:
                getattr(self, f"_take_{what['event']}", lambda _: None)(what)
        self._end_batch()
        if self._ids:
            self._all.spans.append((self._who.name, self._first, self._ids))

    def _complain(self, problem: str) -> None:
        self._all.problems.append(f"{self._who.name}: {problem}")

    def _send(self, line: str) -> None:
        if line.startswith("/name "):
            self._asked = line.split(" ")[1]
            self._all.wanted[self._who.owner, self._asked].add(self._who.name)
        text = _text_of(line)
        if text is None:
            return
        self._texts.add(text)
        if line.startswith("/say "):
            token = line.split(" ", 2)[1]
            self._unanswered[token] += 1
            if self._all.tokens.setdefault((self._who.owner, token), text) != text:
                self._complain(f"{token} was sent with two texts: a test of nothing")

    def _take_welcome(self, event: Event) -> None:
        self._all.epochs.add(event["epoch"])
        self._grant(event["name"])
        self._own_join = 1
        self._first = event["id"]  # what is folded yet is counted already

    def _grant(self, name: str) -> None:
        self._called = name
        self._all.own[self._who.name].add(name)
        self._all.wanted[self._who.owner, name].add(self._who.name)

    def _take_ack(self, event: Event) -> None:
        key, id = (self._who.owner, event["token"]), event["id"]
        self._unanswered[key[1]] -= 1
        if self._unanswered[key[1]] < 0:
            self._complain(f"{key[1]} is acknowledged more often than it was sent")
        if self._all.acked.setdefault(key, id) != id:
            self._complain(f"{key[1]} is {id}, and was {self._all.acked[key]}")
        sent = self._all.said.get(self._all.tokens.get(key, ""))
        if event.get("double") and (sent is None or sent.sendings < 2):
            self._complain(f"{key[1]} is a double, and was sent once")

    def _take_bye(self, event: Event) -> None:
        if event["code"] == "replaced":
            called = self._called or self._asked  # it may not have been greeted yet
            self._all.replaced.append((self._who.name, self._who.owner, called))

    def _take_message(self, event: Event) -> None:
        self._all.note_line(self._who.name, event)
        if event.get("replayed"):
            return
        id, name, text = event["id"], event["name"], event["text"]
        last = self._ids[-1] if self._ids else self._first
        if id <= last:
            self._complain(f"{id} was told after {last}")
            return
        if id > last + 1:
            self._end_batch()
            self._between = last, id
        self._batch += self._gap
        self._gap = []
        self._ids.append(id)
        if text in self._texts and name != self._called:
            self._complain(f"it is {self._called}, and speaks as {name}")
        if name != self._called and not self._here.setdefault(name, True):
            self._complain(f"{name} speaks as {id}, and is not here")
        said = self._all.said.get(text)
        if said is not None and self._owners.setdefault(name, said.owner) != said.owner:
            self._complain(
                f"{name} is {self._owners[name]}'s, and {said.owner} speaks as {id}"
            )

    def _end_batch(self) -> None:
        """Note what was told with a batch: its lines have ids without holes."""
        is_whole = all(event["event"] != "presence" for event in self._batch)
        if self._between[0] > self._first:
            known = self._batch if is_whole and self._is_whole else None
            self._all.gaps[self._between][self._who.name] = known
        self._batch, self._is_whole = [], is_whole

    def _move(self, event: Event) -> None:
        """Take a coming, a going, a rename, or some of them that were folded."""
        self._gap.append(event)
        self._all.counts["moves told"] += 1
        if event["event"] == "rename" and event["name"] == self._called:
            # It is an answer, too, and may come before others that are to be folded.
            for name in (event["name"], event["to"]):
                self._here.pop(name, None)
                self._owners.pop(name, None)
            self._grant(event["to"])
            return
        kind, name = event["event"], event.get("name", "")
        step = {"join": 1, "leave": -1, "rename": 0}.get(kind, 0)
        if kind == "presence":
            step = event["joined"] - event["left"]
            self._here, self._owners = {}, {}
        elif kind == "join":
            self._come(name, event)
        else:
            self._go(name, event)
            if kind == "rename":
                self._come(event["to"], event)
        if self._count is not None and self._count + step != event["count"]:
            if self._ids or self._count + step + self._own_join != event["count"]:
                self._complain(f"{self._count} were here before {event}")
            self._own_join = 0
        self._count = event["count"]

    def _come(self, name: str, event: Event) -> None:
        if self._here.get(name):
            self._complain(f"{name} is in use: {event}")
        self._here[name] = True

    def _go(self, name: str, event: Event) -> None:
        if not self._here.get(name, True):
            self._complain(f"{name} is not here: {event}")
        self._here[name] = False
        self._owners.pop(name, None)


def _text_of(line: str) -> str | None:
    """Return the text that a line says; None if it is a command."""
    if line.startswith("/say "):
        return line.split(" ", 2)[2]
    return None if line.startswith("/") else line


def _moves(events: list[Event], but: set[str]) -> list[str]:
    """Return what happened, without some names."""
    return [
        json.dumps(event, sort_keys=True)
        for event in events
        if not {event["name"], event.get("to")} & but
    ]


def main() -> None:
    """Check, and print the report; exit 1 if there is a problem."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    checker = Checker()
    connections = [*read(parser.parse_args().folder)]
    checker.check(connections)
    for problem in checker.problems[:SHOWN]:
        print(f"FAILED: {problem}")
    counts = ", ".join(f"{count} {what}" for what, count in checker.counts.items())
    print(f"{len(connections)} connections: {counts}; {len(checker.problems)} problems")
    if not checker.lines:
        print("FAILED: nothing was said")
    sys.exit(bool(checker.problems) or not checker.lines)


if __name__ == "__main__":
    main()
