"""What the log's entries decide: names, tokens, mutes, and who writes."""

import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcast.protocol.dialects import Speaker
from broadcast.protocol.events import Join, Rename
from broadcast.protocol.events import Leave as Left
from broadcast.store import state as state_module
from broadcast.store.claims import (
    Claim,
    Decided,
    How,
    Leave,
    Look,
    Order,
    Stop,
    Up,
    Verb,
)
from broadcast.store.entries import Run
from broadcast.store.names import HOLD
from broadcast.store.nodes import BEAT, FRESH, MISSED, REMEMBERED, STEP
from broadcast.store.outcomes import Outcome
from broadcast.store.state import Applied, State, StateError

PATIENTLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NUMBERS = st.integers(0, 3)
FOLDS = st.sampled_from(["al", "bo", "guest-1", "guest-2", "zoë"])
KEYS = st.none() | st.sampled_from(["k1", "k2"])
LOOKS = st.none() | st.sampled_from(
    [Look("L", ("al", "bo"), ("al",)), Look("C", ("al",), ())]
)


class Log:
    """A log that one daemon writes to, and the state that it comes to.

    Args:
        is_shared: others may write to it.
    """

    def __init__(self, is_shared: bool = False) -> None:
        self.state = State(is_shared)
        self.now = 1e9
        self.last: dict[str, int] = {}
        self.say("d1", Up("d1", 0.0))

    def send(self, author: str, n: int, *entries: Run | Decided) -> Applied | None:
        """Have a message be the next one, whatever its number."""
        return self.state.apply(self.now, author, n, entries)

    def say(self, author: str, *entries: Run | Decided) -> list[Outcome]:
        """Have the daemon's next message be the log's; return the outcomes."""
        self.last[author] = self.last.get(author, 0) + 1
        applied = self.send(author, self.last[author], *entries)
        assert applied is not None
        return applied.outcomes

    def decide(self, *entries: Run | Decided) -> list[Outcome]:
        """Return what becomes of some entries of the first daemon's."""
        return self.say("d1", *entries)

    def claim(self, session: int, fold: str, key: str | None = None) -> Outcome:
        """Return what becomes of a claim."""
        return self.decide(claim_of(session, fold, key))[0]


def claim_of(session: int, fold: str, key: str | None = None) -> Claim:
    """Return a claim to a name, which is capitalized."""
    return Claim(session, fold.title(), fold, key)


def run_of(session: int, token: str | None = None, owner: str | None = "o") -> Run:
    """Return a line."""
    run = Run(session, Speaker("al"), b"al: hi\n", 1)
    run.token, run.owner, run.first = token, owner, 7
    return run


# Names


def test_a_claim_joins_and_a_second_one_renames() -> None:
    """Who comes, goes and is renamed follows from claims, with the count."""
    log = Log()
    assert log.claim(1, "al").events == [(1, Join("Al", 1))]
    assert log.claim(2, "bo").events == [(2, Join("Bo", 2))]
    renamed = log.claim(1, "cy")
    assert renamed.events == [(1, Rename("Al", 2, "Cy"))]
    assert renamed.before == "Al"
    [left] = log.decide(Leave(2, "quit", is_held=False))
    assert left.events == [(2, Left("Bo", 1, "quit"))]
    assert log.claim(3, "al").refused == ""


def test_of_two_claims_in_one_message_the_first_has_the_name() -> None:
    """The other one is refused; with the same key it takes the place."""
    log = Log()
    first, second = log.decide(claim_of(1, "al"), claim_of(2, "al"))
    assert (first.refused, second.refused) == ("", "taken")
    first, second = log.decide(claim_of(3, "bo", "k"), claim_of(4, "bo", "k"))
    assert second.replaced == ("d1", 3)
    assert second.events == [
        (None, Left("Bo", 1, "replaced")),
        (4, Join("Bo", 2)),
    ]


def test_a_lost_name_is_held_for_its_key() -> None:
    """It is for 120 s of the log's clock; a name without a key is free at once."""
    log = Log()
    log.claim(1, "al", "k")
    log.claim(2, "bo")
    log.decide(Leave(1, "lost", is_held=True), Leave(2, "lost", is_held=True))
    log.now += HOLD - 1
    assert log.claim(3, "al").refused == "taken"
    assert log.claim(4, "bo").refused == ""
    assert log.claim(5, "al", "k").refused == ""
    log.decide(Leave(5, "lost", is_held=True))
    log.now += HOLD
    assert log.claim(6, "al").refused == ""


def test_what_a_session_says_after_it_was_replaced_is_left_out() -> None:
    """Until its leave comes, which frees nothing: the name is another session's."""
    log = Log()
    log.claim(1, "al", "k")
    log.claim(2, "al", "k")
    said, renamed, left, other = log.decide(
        run_of(1), claim_of(1, "bo"), Leave(1, "replaced", is_held=False), run_of(2)
    )
    assert (said.refused, renamed.refused, left.events) == ("lost", "lost", [])
    assert other.refused == ""
    assert log.state.count == 1
    assert not log.state.names.lost


def test_guests_never_get_a_number_twice() -> None:
    """Whatever names are taken, and whoever has left."""
    log = Log()
    log.claim(1, "guest-2")
    guest = Claim(2, "", "", how=How.GUEST)
    found: list[str] = []
    for session in range(2, 5):
        [outcome] = log.decide(replace(guest, session=session))
        assert outcome.holder is not None
        found.append(outcome.holder.name)
        log.decide(Leave(session, "quit", is_held=False))
    assert found == ["guest-1", "guest-3", "guest-4"]
    [outcome] = log.decide(replace(guest, session=9, number=20))
    assert outcome.holder is not None
    assert outcome.holder.name == "guest-20"


def test_a_certificate_has_its_name_whoever_else_has_it() -> None:
    """The name is reserved from then on; an account's is not, but it wins as well."""
    log = Log()
    log.claim(1, "al", "k")
    certified = Claim(2, "Al", "al", "certificate", How.CERTIFICATE)
    assert log.decide(certified)[0].replaced == ("d1", 1)
    log.decide(Leave(2, "quit", is_held=False))
    assert log.claim(3, "al", "k").refused == "certified"
    own = Claim(3, "Al", "al", None, How.OWN)
    assert log.decide(own)[0].refused == "certified"
    log.claim(4, "bo", "k")
    own = Claim(5, "Bo", "bo", None, How.OWN)
    assert log.decide(own)[0].replaced == ("d1", 4)


def test_a_name_that_looks_like_another_one_is_refused() -> None:
    """In one message, too, and as long as the other is in use or held."""
    log = Log()
    look = Look("C", ("al",), ("al",))
    alike = Claim(2, "АΙ", "аι", "k", look=look)
    first, second = log.decide(claim_of(1, "al"), alike)
    assert (first.refused, second.refused) == ("", "alike")
    log = Log()
    first, second = log.decide(alike, claim_of(1, "al"))
    assert (first.refused, second.refused) == ("", "alike")
    other = Claim(3, "AΙ", "aι", look=Look("X", ("al",), ()))
    assert log.decide(other)[0].refused == "alike"
    log.decide(Leave(2, "lost", is_held=True))
    assert log.claim(1, "al").refused == "alike"
    log.now += HOLD
    assert log.claim(1, "al").refused == ""


# Mutes


def test_a_mute_follows_its_member() -> None:
    """And stays with the name for which it was ordered."""
    log = Log()
    log.claim(1, "al")
    log.decide(Order(Verb.MUTE, ("al",)))
    assert log.decide(run_of(1))[0].refused == "muted"
    assert log.claim(1, "bo").is_muted
    assert log.claim(2, "al").is_muted
    [outcome] = log.decide(Order(Verb.UNMUTE, ("bo",)))
    assert outcome.freed == {"al", "bo"}
    assert log.decide(run_of(1))[0].refused == ""


# Tokens


def test_a_line_with_a_token_is_said_once() -> None:
    """By its owner; whose connection alone it is has no owner in the log."""
    log = Log()
    again = run_of(1, "t")
    again.first = 8
    said, twice, others, nobodys = log.decide(
        run_of(1, "t"), again, run_of(1, "t", "p"), run_of(1, "t", None)
    )
    assert (twice.refused, twice.id) == ("double", 7)
    assert {said.refused, others.refused, nobodys.refused} == {""}


def test_tokens_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner with the most loses its oldest."""
    monkeypatch.setattr(state_module, "MAX_TOKENS", 3)
    log = Log()
    log.decide(run_of(1, "t1", "p"), *(run_of(1, f"t{n}") for n in range(3)))
    assert len(log.state.tokens) == 3
    assert log.decide(run_of(1, "t1", "p"))[0].refused == "double"
    assert log.decide(run_of(1, "t0"))[0].refused == ""


# Daemons


def test_whoever_comes_back_alone_holds_the_names_of_those_before() -> None:
    """For 120 s from its start, however long no daemon ran; mutes and numbers stay."""
    log = Log()
    log.claim(1, "al", "k")
    log.claim(2, "bo")
    log.claim(3, "cy", "k")
    log.decide(Claim(4, "", "", how=How.GUEST), Order(Verb.MUTE, ("bo",)))
    log.decide(Leave(3, "shutdown", is_held=True))
    log.now += 86400
    [begun] = log.say("d2", Up("d2", log.state.nodes.clock, is_alone=True))
    assert [event for _, event in begun.events] == [
        Left("Al", 2, "lost"),
        Left("Bo", 1, "lost"),
        Left("guest-1", 0, "lost"),
    ]
    log.now += HOLD - 1
    outcomes = log.say(
        "d2",
        claim_of(1, "al"),
        claim_of(1, "cy"),
        claim_of(1, "cy", "k"),
        claim_of(2, "bo"),
        Claim(3, "", "", how=How.GUEST),
    )
    assert [each.refused for each in outcomes] == ["taken", "taken", "", "", ""]
    assert outcomes[3].is_muted
    assert outcomes[4].holder is not None
    assert outcomes[4].holder.name == "guest-2"
    assert log.send("d1", 9, claim_of(9, "zz")) is None


def test_a_message_that_comes_twice_counts_once() -> None:
    """As does one that is older than the last one of its author's."""
    log = Log()
    assert log.send("d1", 2, claim_of(1, "al")) is not None
    assert log.send("d1", 2, Leave(1, "quit", is_held=False)) is None
    assert log.send("d1", 1, Leave(1, "quit", is_held=False)) is None
    assert log.state.count == 1


def test_a_daemon_begins_with_a_start_that_is_fresh() -> None:
    """Anything else of somebody unknown counts for nothing."""
    log = Log(is_shared=True)
    clock = log.state.nodes.clock
    assert log.send("d2", 1, claim_of(1, "al")) is None
    assert log.send("d2", 2, Up("d2", clock)) is None
    assert log.send("d2", 1, Up("d3", clock)) is None
    for _ in range(int(FRESH / STEP) + 1):
        log.now += STEP
        log.decide()
    assert log.send("d2", 1, Up("d2", clock)) is None
    assert log.send("d2", 1, Up("d2", log.state.nodes.clock)) is not None


def gone_for(log: Log, author: str) -> float:
    """Have ``d1`` alone write until another is given up; return how long that took."""
    began = log.now
    while author in log.state.nodes.known:
        log.now += BEAT
        log.decide()
    return log.now - began


def test_a_daemon_that_is_not_heard_is_given_up() -> None:
    """When another one has given five signs of life; its members are lost."""
    log = Log(is_shared=True)
    log.say("d2", Up("d2", log.state.nodes.clock), claim_of(1, "al", "k"))
    log.say("d2", claim_of(2, "bo"))
    assert gone_for(log, "d2") <= MISSED * BEAT
    assert log.state.count == 0
    assert log.send("d2", 3, claim_of(1, "zz")) is None
    assert log.claim(1, "al").refused == "taken"
    assert log.claim(1, "bo").refused == ""
    for _ in range(int(REMEMBERED / STEP) + 1):
        log.now += STEP
        log.decide()
    assert log.send("d2", 1, Up("d2", 0.0)) is None


def test_who_hears_nothing_gives_nobody_up() -> None:
    """However long nobody could write."""
    log = Log(is_shared=True)
    log.say("d2", Up("d2", log.state.nodes.clock), claim_of(1, "al"))
    for _ in range(3 * MISSED):
        log.now += 600
        log.decide()
        log.say("d2")
    assert log.state.count == 1


def test_a_timestamp_far_ahead_expires_nothing() -> None:
    """Where several write, a message moves the clock by 10 s at most."""
    log = Log(is_shared=True)
    log.claim(1, "al", "k")
    log.decide(Leave(1, "lost", is_held=True))
    for hour in (3600, -3600, 3600):
        log.now += hour
        assert log.claim(2, "al").refused == "taken"
    clock = log.state.nodes.clock
    for _ in range(20):
        log.now += 5
        log.decide()
    assert log.state.nodes.clock == clock + 100


def test_a_daemon_that_stops_is_gone_at_once() -> None:
    """Keyed names are held; nothing of it counts any more, its start neither."""
    log = Log(is_shared=True)
    up = Up("d2", log.state.nodes.clock)
    log.say("d2", up, claim_of(1, "al", "k"))
    *_, late = log.say("d2", Stop(), claim_of(2, "bo"))
    assert late.refused == "lost"
    assert log.state.count == 0
    assert log.send("d2", 1, up) is None
    assert log.claim(1, "al").refused == "taken"


# The state as a whole

RUNS = st.builds(run_of, NUMBERS, st.none() | st.sampled_from("tu"), st.none() | FOLDS)
DECIDED = st.one_of(
    st.builds(
        Claim,
        session=NUMBERS,
        name=FOLDS,
        fold=FOLDS,
        key=KEYS,
        how=st.sampled_from(How),
        look=LOOKS,
        host=st.sampled_from("hi"),
        account=st.just("") | FOLDS,
        is_quiet=st.booleans(),
        number=NUMBERS,
    ),
    st.builds(Leave, NUMBERS, st.just("lost"), st.booleans()),
    st.builds(Order, st.sampled_from(Verb), st.tuples(FOLDS)),
    st.builds(Up, st.sampled_from(["d1", "d2", "d3"]), NUMBERS, st.booleans()),
    st.just(Stop()),
    RUNS,
)
MESSAGES = st.lists(
    st.tuples(
        st.sampled_from([0.0, 1.0, 4.0, 70.0, -5.0, 3600.0]),
        st.sampled_from(["d1", "d2", "d3"]),
        st.sampled_from([0, 1, 1, 1]),
        st.lists(DECIDED, max_size=4),
    ),
    max_size=30,
)


@given(MESSAGES, st.integers(0, 30), st.booleans())
@PATIENTLY
def test_what_was_loaded_goes_on_as_if_it_had_not_been(
    messages: list[tuple[float, str, int, list[Run | Decided]]],
    at: int,
    is_shared: bool,
) -> None:
    """Whatever is said, to a state and to what was loaded from its dump."""
    log = Log(is_shared)
    other = State.load(log.state.dump())
    for number, (seconds, author, step, entries) in enumerate(messages):
        if number == at:
            other = State.load(other.dump())
        log.now += seconds
        n = log.last[author] = log.last.get(author, 0) + step
        if n == 1:
            entries = [Up(author, log.state.nodes.clock), *entries]
        applied = log.send(author, n, *entries)
        assert other.apply(log.now, author, n, entries) == applied
        assert other.dump() == log.state.dump()


@given(
    st.binary()
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
        lambda value: json.dumps({"v": 1, "nodes": value}).encode()
    )
)
@PATIENTLY
def test_what_is_no_dump_is_an_error_that_says_so(data: bytes) -> None:
    """Whatever bytes they are."""
    with contextlib.suppress(StateError):
        State.load(data)


def test_a_newer_dump_is_an_error() -> None:
    """It is never read as if it were ours."""
    record = json.loads(State().dump())
    with pytest.raises(StateError, match="version"):
        State.load(json.dumps(record | {"v": 2}).encode())


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 50.0, 119.0]),
        st.sampled_from(["claim", "claim", "leave"]),
        NUMBERS,
        st.sampled_from(["al", "bo", "cy"]),
        KEYS,
        st.booleans(),
    ),
    max_size=40,
)


@given(ACTIONS)
@PATIENTLY
def test_names_are_those_of_two_plain_dictionaries(
    actions: list[tuple[float, str, int, str, str | None, bool]],
) -> None:
    """One of names in use, and one of names that are held."""
    log = Log()
    used: dict[str, tuple[int, str | None]] = {}
    held: dict[str, tuple[str, float]] = {}
    lost: set[int] = set()
    for seconds, what, session, fold, key, is_held in actions:
        log.now += seconds
        held = {name: one for name, one in held.items() if one[1] > log.now}
        own = next((name for name, one in used.items() if one[0] == session), None)
        if what == "leave":
            log.decide(Leave(session, "lost", is_held))
            lost.discard(session)
            kept = None if own is None else used.pop(own)[1]
            if own is not None and is_held and kept is not None:
                held[own] = kept, log.now + HOLD
            continue
        refused = log.claim(session, fold, key).refused
        other = used.get(fold)
        is_same_key = key is not None and other is not None and other[1] == key
        is_free = held[fold][0] == key if fold in held else other is None
        if session in lost:
            assert refused == "lost"
        elif fold == own or is_same_key or is_free:
            assert refused == ""
            if other is not None and other[0] != session:
                lost.add(other[0])
            if own is not None:
                del used[own]
            held.pop(fold, None)
            used[fold] = session, key
        else:
            assert refused == "taken"
        names = log.state.names
        found = {name: (one.session, one.key) for name, one in names.holders.items()}
        assert found == used
        assert {name for name, _, _ in names.held.items()} == held.keys()
