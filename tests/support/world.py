"""A random world of daemons that write to one log: late, twice, cut off, killed.

Nothing in it is real but the state. A seed decides all that happens, so that a world
that went wrong can be seen again: ``python -m tests.support.world SEED SECONDS``.
"""

import heapq
import random
import sys
from collections import Counter
from dataclasses import dataclass, field

from broadcast.protocol.dialects import Speaker
from broadcast.store.claims import Claim, Decided, How, Leave, Order, Stop, Up, Verb
from broadcast.store.codec import Body, Speakers, decode, encode
from broadcast.store.entries import Run
from broadcast.store.names import Session
from broadcast.store.nodes import BEAT
from broadcast.store.state import Applied, State

STEP = 0.2
LATEST = 1500.0
HOUR = 3600.0
Entries = list[Run | Decided]


@dataclass(frozen=True)
class Message:
    """What the log has in one place."""

    at: float
    author: str
    n: int
    entries: Entries


@dataclass
class Daemon:
    """A daemon, as far as it writes and reads the log.

    Attributes:
        state: as of the messages that it has read.
        read: how many those are.
        members: the name that it has told each session that it has.
        queue: what it will write.
        flight: what it has written last, and has not read yet.
    """

    name: str
    state: State
    read: int
    n: int = 0
    sessions: int = 0
    members: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    queue: Entries = field(default_factory=list)
    flight: tuple[int, bytes, Entries] | None = None
    wrote: float = float("-inf")
    is_alive: bool = True
    is_cut: bool = False
    was_cut: bool = False
    is_stopping: bool = False

    def is_whole(self, end: int) -> bool:
        """Tell whether it has read all, and may act on it."""
        return self.is_alive and not self.is_cut and self.read == end


class World:
    """The log, its daemons, and what happens to them.

    Args:
        seed: decides everything.
        is_late: what a daemon that is cut off has written may come much later.
        jumps: how far the clock of the log's leader may jump, in seconds.
    """

    def __init__(self, seed: int, is_late: bool = True, jumps: float = HOUR) -> None:
        self.random = random.Random(seed)
        self.now = 0.0
        self.log: list[Message] = []
        self.daemons: list[Daemon] = []
        self.counts: Counter[str] = Counter()
        self._is_late = is_late
        self._jumps = jumps
        self._ahead = 0.0
        self._outage = 0.0
        self._next = 0.0
        self._under_way: list[tuple[float, int, str, int, bytes]] = []
        self._sent = self._tokens = self._started = 0
        self._dump = (0, State(is_shared=True).dump())
        for _ in range(3):
            self._start()

    def run(self, seconds: float) -> None:
        """Let time pass, and look at everything again and again."""
        step = 0
        while self.now < seconds:
            self.now += STEP
            self._deliver()
            for daemon in self.daemons:
                if daemon.is_alive and not daemon.is_cut:
                    self._live(daemon)
            if self._is_late:
                self._send_late()
            step += 1
            if step % 20 == 0:
                self._compare()
            if self.now >= self._next:
                self._next = self.now + self.random.uniform(10, 60)
                self._befall()
        self._replay()

    # The log

    def _send(self, daemon: Daemon, delay: float) -> None:
        assert daemon.flight is not None
        n, body, _ = daemon.flight
        self._sent += 1
        sent = self.now + delay, self._sent, daemon.name, n, body
        heapq.heappush(self._under_way, sent)

    def _deliver(self) -> None:
        while self.now >= self._outage:
            if not self._under_way or self._under_way[0][0] > self.now:
                return
            _, _, author, n, body = heapq.heappop(self._under_way)
            entries = decode(body, Speakers()).decided
            for run in entries:
                if isinstance(run, Run):
                    run.first = 4096 * len(self.log) + 1
            at = 1e6 + self.now + self._ahead + self.random.uniform(-0.5, 0.5)
            self.log.append(Message(at, author, n, entries))

    # What a daemon does

    def _start(self) -> None:
        self._started += 1
        read, dumped = self._dump
        self.daemons.append(Daemon(f"d{self._started}", State.load(dumped), read))

    def _live(self, daemon: Daemon) -> None:
        for message in self.log[daemon.read :]:
            if self.random.random() < 0.05:
                break
            daemon.read += 1
            self._hear(daemon, message)
            if not daemon.is_alive:
                return
        if not daemon.is_whole(len(self.log)) and daemon.n == 0:
            return  # it catches up before it begins
        if daemon.n and not daemon.is_stopping:
            self._ask(daemon)
        if daemon.flight is None:
            self._write(daemon)
        elif self.random.random() < 0.05:
            self._send(daemon, self.random.choice((0.01, 0.1, 0.5)))

    def _write(self, daemon: Daemon) -> None:
        if not daemon.n:
            daemon.queue.insert(0, Up(daemon.name, daemon.state.nodes.clock))
        elif not daemon.queue and self.now - daemon.wrote < BEAT:
            return
        daemon.n += 1
        daemon.wrote = self.now
        entries, daemon.queue = daemon.queue, []
        daemon.flight = daemon.n, encode(Body(entries)), entries
        self._send(daemon, self.random.choice((0.01, 0.1, 0.5)))

    def _ask(self, daemon: Daemon) -> None:
        chance, choice = self.random.random, self.random.choice
        if chance() < 0.3:
            self._tokens += chance() < 0.5
            token = self._tokens - self.random.randrange(min(30, self._tokens + 1))
            session = choice([*daemon.members, 0])
            run = Run(session, Speaker("al"), b"al: hi\n", 1)
            run.token, run.owner = f"t{token}", f"o{token % 7}"
            daemon.queue.append(run)
        if chance() < 0.3:
            daemon.sessions += 1
            self.counts["claims"] += 1
            daemon.queue.append(self._claim(daemon.sessions))
        if daemon.members and chance() < 0.05:
            session = choice([*daemon.members])
            self.counts["renames"] += 1
            daemon.queue.append(self._claim(session))
        if daemon.members and chance() < 0.15:
            session = choice([*daemon.members])
            del daemon.members[session]
            daemon.left.add(session)
            daemon.queue.append(Leave(session, "lost", is_held=chance() < 0.5))
        if chance() < 0.01:
            verb = choice([*Verb])
            daemon.queue.append(Order(verb, (f"name{self.random.randrange(40)}",)))

    def _claim(self, session: int) -> Claim:
        chance, number = self.random.random, self.random.randrange(40)
        if chance() < 0.2:
            return Claim(session, "", "", how=How.GUEST)
        key = None if chance() < 0.3 else f"key{number}{chance() < 0.1}"
        how = How.EXACT
        if number > 36 and chance() < 0.5:
            how, key = How.CERTIFICATE, f"certificate{number}"
        host, fold = f"host{self.random.randrange(5)}", f"name{number}"
        return Claim(session, fold.title(), fold, key, how, host=host)

    def _hear(self, daemon: Daemon, message: Message) -> None:
        """Read a message, and tell the daemon's members what it has decided."""
        applied = self._apply(daemon.state, message)
        if daemon.name in daemon.state.nodes.gone:
            daemon.is_alive = False  # given up, or stopped: it would begin anew
            assert daemon.was_cut or daemon.is_stopping, "a healthy one was given up"
            return
        is_own = message.author == daemon.name
        if is_own and daemon.flight is not None and daemon.flight[0] == message.n:
            daemon.flight = None
        if applied is None:
            return
        if is_own and len(self.log) - self._dump[0] > 64:
            self._dump = daemon.read, daemon.state.dump()
        for entry, outcome in zip(message.entries, applied.outcomes, strict=True):
            lost = outcome.replaced
            if lost is not None and lost[0] == daemon.name:
                daemon.members.pop(lost[1], None)
                if lost[1] not in daemon.left:
                    daemon.left.add(lost[1])
                    daemon.queue.append(Leave(lost[1], "replaced", is_held=False))
            holder = outcome.holder if is_own else None
            if isinstance(entry, Claim) and holder and entry.session not in daemon.left:
                daemon.members[entry.session] = holder.name, holder.key

    def _apply(self, state: State, message: Message) -> Applied | None:
        return state.apply(message.at, message.author, message.n, message.entries)

    # What happens to it

    def _befall(self) -> None:
        what, choice = self.random.random(), self.random.choice
        alive = [each for each in self.daemons if each.is_alive]
        if what < 0.2 and len(alive) > 1:
            choice(alive).is_alive = False
            self.counts["killed"] += 1
        elif what < 0.3 and len(alive) > 1:
            stopping = choice(alive)
            if stopping.n:
                stopping.is_stopping = True
                stopping.queue.append(Stop())
        elif what < 0.5 and len(alive) > 1:
            cut = choice(alive)
            cut.is_cut = cut.was_cut = True
            self.counts["cut off"] += 1
        elif what < 0.75:
            for each in self.daemons:
                each.is_cut = False
        elif what < 0.85:
            self._outage = self.now + self.random.uniform(5, 60)
        elif what < 0.9:
            self._ahead = choice((0.0, self._jumps, -self._jumps))
        while sum(each.is_alive for each in self.daemons) < 3:
            self._start()

    def _send_late(self) -> None:
        """Have what was written by those who are cut off come, some time."""
        for daemon in self.daemons:
            if daemon.is_cut and daemon.is_alive and self.random.random() < 0.01:
                if daemon.flight is None and daemon.n:
                    self._ask(daemon)
                    self._write(daemon)
                if daemon.flight is not None:
                    self.counts["late"] += 1
                    self._send(daemon, self.random.uniform(5, LATEST))

    # What has to be so

    def _compare(self) -> None:
        end = len(self.log)
        whole = [each for each in self.daemons if each.is_whole(end)]
        if len(whole) > 1:
            dumps = {each.state.dump() for each in whole}
            self.counts["compared"] += len(whole) - 1
            assert len(dumps) == 1, f"they differ at {self.now}"
        for daemon in whole:
            owners = Counter(h.owner for h in daemon.state.names.holders.values())
            assert not owners or max(owners.values()) == 1, "two names for one"
            if daemon.flight is None and not daemon.queue:
                self._look_at(daemon)

    def _look_at(self, daemon: Daemon) -> None:
        """What it has told its members is what the log says."""
        names = daemon.state.names
        for session, (name, key) in daemon.members.items():
            fold = names.sessions[daemon.name, session]
            assert names.holders[fold][:4] == (name, daemon.name, session, key)

    def _replay(self) -> None:
        """Read it all once more: nobody gone is heard, and nothing is said twice."""
        state = State(is_shared=True)
        said: set[tuple[str | None, str | None]] = set()
        ended: set[str] = set()
        lost: set[Session] = set()
        for message in self.log:
            applied = self._apply(state, message)
            if applied is None:
                self.counts["void"] += 1
                continue
            assert message.author not in ended, "somebody gone was heard"
            ended |= state.nodes.gone.keys()
            for entry, outcome in zip(message.entries, applied.outcomes, strict=True):
                if outcome.replaced is not None:
                    lost.add(outcome.replaced)
                if isinstance(entry, Leave):
                    lost.discard((message.author, entry.session))
                if isinstance(entry, Run) and not outcome.refused:
                    session = message.author, entry.session_id
                    assert session not in lost, "said by somebody who was replaced"
                    assert (entry.owner, entry.token) not in said, "said twice"
                    said.add((entry.owner, entry.token))
                self.counts[outcome.refused or "counted"] += 1
                self.counts["replaced"] += outcome.replaced is not None
        self.counts["said"] = len(said)
        self.counts["ended"] = len(ended)
        self.counts["messages"] = len(self.log)


if __name__ == "__main__":
    seed, seconds = int(sys.argv[1]), float(sys.argv[2])
    world = World(seed)
    world.run(seconds)
    print(dict(world.counts))
