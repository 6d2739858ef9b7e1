"""Lines older than the ring, read from the stream of a shared log."""

import asyncio
import random
import signal
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from broadcast.store import author, excerpts
from broadcast.store.base import StoreError
from broadcast.store.claims import Order, Verb
from broadcast.store.codec import Body, encode
from broadcast.store.entries import Entry
from broadcast.store.streams import time_of
from soak.servers import Servers, program
from tests.store.test_shared import opened, play, publish
from tests.support.shared import Node, agree, until

needs_server = pytest.mark.skipif(program() is None, reason="there is no nats-server")

MUCH = 1 << 20


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Start a nats-server; each test has a room of its own."""
    with Servers(tmp_path_factory.mktemp("nats")) as started:
        yield started


class Talk:
    """Random entries: some of them are refused, each for another reason.

    Args:
        seed: chooses.
    """

    def __init__(self, seed: int) -> None:
        self._luck = random.Random(seed)
        self._said = 0

    def entries(self, node: Node) -> list[Entry]:
        """Return the entries of a commit."""
        return [self._entry(node) for _ in range(self._luck.randint(1, 6))]

    def _entry(self, node: Node) -> Entry:
        luck = self._luck
        if luck.random() < 0.15:
            return Order(luck.choice([Verb.MUTE, Verb.UNMUTE]), (f"{node.name}1",))
        self._said += 1
        token = f"t{luck.randint(1, 30)}" if luck.random() < 0.5 else None
        run = node.run(f"{self._said}\n{node.name}: more", token)
        run.count, run.session_id = 2, luck.randint(0, 1)
        return run


@needs_server
@pytest.mark.parametrize("seed", range(2))
def test_what_is_read_is_what_was_told(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """At any daemon, also at one that came later: the same ids, texts, names, times.

    Messages come twice, tokens are said again, members are muted: what the log did not
    let in is in no page, however small that is.
    """
    monkeypatch.setattr(author, "LEAST", 2000)
    talk, room = Talk(seed), f"talk{seed}"

    async def scenario() -> None:
        async with opened(servers.urls, "a", "b", room=room, refill=0) as (a, b):
            for node in (a, b):
                await node.claim(f"{node.name}1")  # is session 1
            refused = 0
            for _ in range(40):
                batches = await asyncio.gather(
                    *(node.commit(*talk.entries(node)) for node in (a, b))
                )
                for batch in batches:
                    refused += sum(
                        bool(outcome.refused) for _, outcome in batch.outcomes
                    )
                await publish(a, "ghost.1:1", b"rubbish", room)
            assert refused > 40
            assert a.life.shared.dumps + b.life.shared.dumps > 1
            async with opened(servers.urls, "c", room=room, refill=0) as (c,):
                await agree(a, b, c)
                assert len(c.said) < len(a.said)  # it has begun with a dump
                assert a.said == b.said
                for node in (a, b, c):
                    for lines, size in ((1000, MUCH), (7, MUCH), (1000, 300)):
                        assert await node.read_all(lines, size) == a.said
                        assert await node.read_back(lines, size) == a.said
                assert c.store.first_id == min(a.said)

    play(scenario())


@needs_server
def test_a_message_that_comes_twice_is_read_once(servers: Servers) -> None:
    """Nor is one read whose author had never begun."""

    async def scenario() -> None:
        async with opened(servers.urls, "a", room="twice") as (a,):
            ghost = [a.run("ghost")]
            for number in range(3):
                await a.say(f"line {number}")
                copy = await a.life._streams.message(a.store._replica.seq)
                assert copy is not None
                await publish(a, str(a.life.author.mark), copy.data, "twice")
                await publish(a, "ghost.1:2", encode(Body(ghost)), "twice")
            await a.say("last")
            assert [*a.lines.values()] == ["line 0", "line 1", "line 2", "last"]
            assert await a.read_all(2, MUCH) == a.said

    play(scenario())


@needs_server
def test_a_page_has_so_many_lines_and_bytes(servers: Servers) -> None:
    """And says whether there are more; a line that is longer is given all the same."""

    async def scenario() -> None:
        async with opened(servers.urls, "a", room="bounds") as (a,):
            for number in range(30):
                await a.say(f"{number}" + "x" * (100_000 if number == 9 else 1000))
            ids = [*a.said]
            page = await a.after(0, 8, MUCH)
            assert (page.first_id, page.count, page.more) == (ids[0], 8, True)
            page = await a.after(ids[20], 9, MUCH)
            assert (page.first_id, page.count, page.more) == (ids[21], 9, False)
            page = await a.before(ids[10], 1000, 5000)
            assert (page.first_id, page.count, page.more) == (ids[9], 1, True)
            page = await a.before(ids[8], 1000, 5000)
            assert (page.last_id, page.more) == (ids[7], True)
            assert 5 <= page.count <= 6
            page = await a.before(ids[0], 5, MUCH)
            assert (page.count, page.first_id, page.more) == (0, 0, False)

    play(scenario())


@needs_server
def test_what_the_stream_has_dropped_is_known(servers: Servers) -> None:
    """A page begins with the oldest line that is left, before that is looked for, too.

    A message that is gone from the middle ends a page; the next one goes on behind it.
    """

    async def scenario() -> None:
        async with opened(servers.urls, "a", room="dropped") as (a,):
            for number in range(12):
                await a.say(str(number))
            ids = [*a.said]
            seqs = [id // a.store.spacing for id in ids]
            link = a.life._link
            await link.ask("STREAM.PURGE.dropped", {"seq": seqs[3]})
            page = await a.after(0, 5, MUCH)
            assert (page.first_id, page.count, page.more) == (ids[3], 5, True)
            assert a.store.first_id == ids[3]
            assert a.store.count(ids[3], ids[6]) == 3
            assert a.store.count(ids[1], ids[3]) > 0
            page = await a.before(ids[6], 20, MUCH)
            assert (page.first_id, page.count, page.more) == (ids[3], 3, False)
            await link.ask("STREAM.MSG.DELETE.dropped", {"seq": seqs[7]})
            page = await a.after(ids[4], 20, MUCH)
            assert (page.first_id, page.last_id, page.more) == (ids[5], ids[6], True)
            page = await a.after(page.last_id, 20, MUCH)
            assert (page.first_id, page.last_id, page.more) == (ids[8], ids[11], False)
            page = await a.before(ids[10], 20, MUCH)
            assert (page.first_id, page.more) == (ids[8], True)

    play(scenario())


@needs_server
def test_a_read_waits_for_nats(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as the daemon does; a daemon that is cut off can't read."""
    monkeypatch.setattr(excerpts, "AGAIN", 0.02)

    async def scenario() -> None:
        async with opened(servers.urls, "a", room="waits", cut_off=1.0) as (a,):
            await a.say("one")
            [server] = servers.all
            server.pause()
            reading = asyncio.ensure_future(a.after(0, 5, MUCH))
            await asyncio.sleep(0.1)
            assert not reading.done()
            server.signal(signal.SIGCONT)
            assert (await reading).count == 1
            server.pause()
            reading = asyncio.ensure_future(a.after(0, 5, MUCH))
            a.begin(a.run("late"))
            await until(lambda: "away" in a.told)
            with pytest.raises(StoreError, match="NATS"):
                await reading
            with pytest.raises(StoreError):
                await a.after(0, 5, MUCH)
            server.signal(signal.SIGCONT)
            await until(lambda: "back" in a.told)

    play(scenario())


def test_a_time_is_the_same_number_as_a_reader_is_told() -> None:
    """To the last digit, whatever the number of decimals and the zone."""
    at = datetime(2026, 11, 25, 23, 59, 59, tzinfo=UTC)
    for nanoseconds in (0, 5, 120_000_000, 123_456_789, 999_999_999):
        decimals = f".{nanoseconds:09}".rstrip("0").rstrip(".")
        expected = (int(at.timestamp()) * 10**9 + nanoseconds) / 1e9
        assert time_of(f"2026-11-25T23:59:59{decimals}Z") == expected
        assert time_of(f"2026-11-26T01:59:59{decimals}+02:00") == expected
