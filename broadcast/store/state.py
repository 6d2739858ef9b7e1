"""The state: the decisions of the log's entries, in order.

It has names, members, tokens, mutes and writing daemons. ``apply`` is a function
of the state and one message, and of nothing else: no clock, no file, no table. So the
state is the same in every daemon that reads the log, and after every restart.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from broadcast.protocol.events import Attendance
from broadcast.store.claims import Claim, Decided, Leave, Look, Order, Up, Verb
from broadcast.store.entries import Run
from broadcast.store.mutes import Mutes
from broadcast.store.names import Holder, Named, Names
from broadcast.store.nodes import Nodes
from broadcast.store.outcomes import SAID, Outcome
from broadcast.store.quota import Quota

MAX_TOKENS: Final = 50_000
"""Tokens remembered; beyond it, the owner with the most loses its oldest."""

VERSION: Final = 1
"""The version of the form of a dump."""


class StateError(ValueError):
    """The bytes are no dump."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The effect of a message.

    Attributes:
        before: the events for all members before its entries: daemons may be given up.
        outcomes: one for each entry.
    """

    before: list[Attendance]
    outcomes: list[Outcome]


class State:
    """The decisions of the log so far.

    Args:
        is_shared: several daemons may write to the log.

    Attributes:
        names: the names and their holders.
        mutes: the muted names, folded.
        tokens: (owner, token) → id of the line.
        nodes: the daemons that write, and the log's clock.
    """

    def __init__(self, is_shared: bool = False) -> None:
        self.names = Names()
        self.mutes = Mutes()
        self.tokens: Quota[tuple[str, str], int] = Quota(MAX_TOKENS)
        self.nodes = Nodes(is_shared)

    @property
    def count(self) -> int:
        """How many are here."""
        return self.names.count

    def apply(
        self,
        at: float,
        incarnation: str,
        n: int,
        entries: Iterable[Decided | Run],
        first: int = 0,
    ) -> Applied | None:
        """Take a message; return its effect.

        Args:
            at: its timestamp, in seconds.
            incarnation: its author.
            n: its number, of its author's, from 1 on.
            entries: its entries, in order. Runs have their ids, or are given them.
                Where one daemon alone writes, a run without a token may be left out.
            first: the first line's id, if the runs have none yet: they are numbered
                without those that count for nothing.

        Returns:
            None if it counts for nothing: it is a double, or comes too late.
        """
        entries = list(entries)
        head = entries[0] if entries else None
        up = head if type(head) is Up else None
        if up is not None and up.is_alone and not self.nodes.is_shared:
            self.nodes.skip_to(at)  # nobody could come back while no daemon ran
        self.nodes.hear(at)
        self.names.expire(self.nodes.clock)
        if not self.nodes.takes(incarnation, n, up):
            return None
        before: list[Attendance] = []
        for lost in self.nodes.beat(incarnation):
            before += self._end(lost)
        outcomes: list[Outcome] = []
        for entry in entries:
            if first and type(entry) is Run:
                entry.first = first
            outcomes.append(self._decide(entry, incarnation))
            if first and type(entry) is Run and not outcomes[-1].refused:
                first += entry.count
        return Applied(before, outcomes)

    def is_muted(self, fold: str, account: str) -> bool:
        """Tell whether a member with this folded name and account may not speak."""
        return fold in self.mutes or account in self.mutes

    def freeze(self) -> Callable[[], bytes]:
        """Return what makes the dump of the state as it is now, in any thread."""
        names, nodes = self.names, self.nodes.dump()
        here, lost, guests = [*names.holders.items()], [*names.lost], names.guests
        held, hosts = [*names.held.items()], names.held.owners()
        certified, looks = [*names.certified.items()], [*names.looks.known.items()]
        mutes = self.mutes.dump()
        tokens, owners = [*self.tokens.items()], self.tokens.owners()

        def dump() -> bytes:
            record = {
                "v": VERSION,
                "nodes": nodes,
                "names": here,
                "lost": lost,
                "held": [held, hosts],
                "guests": guests,
                "certified": certified,
                "looks": [
                    (fold, look.scripts, look.skeletons, look.plain)
                    for fold, look in looks
                ],
                "mutes": mutes,
                "tokens": [[(*key, id) for key, _, id in tokens], owners],
            }
            return json.dumps(record, separators=(",", ":")).encode()

        return dump

    def dump(self) -> bytes:
        """Return the state as bytes."""
        return self.freeze()()

    @classmethod
    def load(cls, dumped: bytes) -> "State":
        """Return the state that was dumped.

        Raises:
            StateError: it is no dump, or a newer version's.
        """
        try:
            record = json.loads(dumped.decode())
            if record["v"] != VERSION:
                raise StateError("the version of a dump is unknown")
            state = cls(record["nodes"][0])
            state._load(record)
        except StateError:
            raise
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            raise StateError("what was decided can't be read") from None
        return state

    def _load(self, record: dict[str, Any]) -> None:
        names = self.names
        self.nodes.load(*record["nodes"][1:])
        for fold, holder in record["names"]:
            names.holders[fold] = found = Holder(*holder)
            names.sessions[found.owner] = fold
        names.lost = dict.fromkeys((author, n) for author, n in record["lost"])
        held, hosts = record["held"]
        names.held.load(((f, host, tuple(kept)) for f, host, kept in held), hosts)
        names.guests = record["guests"]
        names.certified.update(record["certified"])
        for fold, scripts, skeletons, plain in record["looks"]:
            names.looks.add(fold, Look(scripts, tuple(skeletons), tuple(plain)))
        self.mutes.load(record["mutes"])
        tokens, owners = record["tokens"]
        self.tokens.load((((o, token), o, id) for o, token, id in tokens), owners)

    def _decide(self, entry: Decided | Run, author: str) -> Outcome:
        if author not in self.nodes.known:  # it has said that it stops
            return Outcome("lost")
        if type(entry) is Run:
            return self._say(entry, author)
        if type(entry) is Claim:
            return self._claim(entry, author)
        if type(entry) is Leave:
            told = self.names.leave(entry, author, self.nodes.clock)
            return Outcome(events=[(entry.session, event) for event in told])
        if type(entry) is Order:
            return self._order(entry)
        if type(entry) is Up:
            return self._begin(entry, author)
        return Outcome(events=[(None, event) for event in self._end(author)])

    def _say(self, run: Run, author: str) -> Outcome:
        """Say lines, unless they were said, or their sender may not say them."""
        me = author, run.session_id
        if me in self.names.lost:
            return Outcome("lost")
        if self.mutes:
            fold = self.names.sessions.get(me)
            account = "" if fold is None else self.names.holders[fold].account
            if fold is not None and self.is_muted(fold, account):
                return Outcome("muted")
        if run.token is None or run.owner is None:
            return SAID
        key = run.owner, run.token
        if (known := self.tokens.get(key)) is not None:
            return Outcome("double", id=known)
        self.tokens.put(key, run.owner, run.first)
        return SAID

    def _claim(self, claim: Claim, author: str) -> Outcome:
        found = self.names.claim(claim, author, self.nodes.clock)
        if type(found) is str:
            return Outcome(found)
        assert isinstance(found, Named)
        fold = self.names.sessions[found.holder.owner]
        if found.before is not None:
            self.mutes.follow(found.before[1], claim.account, fold)
        *earlier, own = found.events
        return Outcome(
            holder=found.holder,
            before=found.before and found.before[0],
            replaced=found.replaced,
            is_muted=self.is_muted(fold, claim.account),
            events=[*((None, event) for event in earlier), (claim.session, own)],
        )

    def _order(self, order: Order) -> Outcome:
        if order.verb not in (Verb.MUTE, Verb.UNMUTE):
            return SAID
        if order.verb is Verb.UNMUTE:
            return Outcome(freed=frozenset(self.mutes.remove(order.folds)))
        added = [self.mutes.add(fold) for fold in order.folds]
        return SAID if all(added) else Outcome("full")

    def _begin(self, up: Up, author: str) -> Outcome:
        """Have a daemon write to the log; if no other does, all others are gone."""
        if self.nodes.is_shared:
            if up.instead not in self.nodes.known or up.instead == author:
                return SAID
            return Outcome(events=[(None, event) for event in self._end(up.instead)])
        if not up.is_alone:
            return SAID
        told: list[Attendance] = []
        for other in [name for name in self.nodes.known if name != author]:
            told += self._end(other)
        self.names.hold_on(self.nodes.clock)
        return Outcome(events=[(None, event) for event in told])

    def _end(self, incarnation: str) -> list[Attendance]:
        """Let a daemon be gone, and all of its sessions with it."""
        self.nodes.end(incarnation)
        return self.names.lose(incarnation, self.nodes.clock)
