"""Stores that share a log: what each of them makes of it, whatever happens to it."""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from broadcast.store import author, feed, life, nodes
from broadcast.store.claims import Claim, How, Up
from broadcast.store.codec import Body, encode
from broadcast.store.entries import Entry
from broadcast.store.replica import Message, Replica
from broadcast.store.streams import Extent, Streams
from soak.cable import Cable
from soak.servers import Servers, program
from tests.support.shared import Node, agree, until

pytestmark = pytest.mark.skipif(program() is None, reason="there is no nats-server")

BEAT = 0.1
ROLLED_BACK = 0.8


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    """Start a nats-server."""
    with Servers(tmp_path) as started:
        yield started


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have less time pass: signs of life ten times a second."""
    monkeypatch.setattr(nodes, "BEAT", BEAT)
    monkeypatch.setattr(author, "BEAT", BEAT)
    monkeypatch.setattr(life, "TICK", 0.02)
    monkeypatch.setattr(feed, "PROOF", ROLLED_BACK)
    monkeypatch.setattr(feed, "HEARTBEAT", 0.2)
    monkeypatch.setattr(life, "CHECK", 0.2)
    monkeypatch.setattr(life, "DISCONNECTED", 3.0)


def play(scenario: Coroutine[Any, Any, None]) -> None:
    """Let a scenario happen."""
    asyncio.run(scenario)


@asynccontextmanager
async def opened(url: str, *names: str, **share: Any) -> AsyncIterator[list[Node]]:
    """Open some nodes' stores."""
    async with AsyncExitStack() as stack:
        found: list[Node] = []
        for name in names:
            node = Node(url, name, **share)
            stack.push_async_callback(node.stop)
            found.append(await node.start())
        yield found


# One order


def test_all_have_the_same_lines_under_the_same_ids(servers: Servers) -> None:
    """However many speak at once; and the one that comes later has them, too."""

    async def scenario() -> None:
        async with opened(servers.urls, "a", "b") as (a, b):
            await asyncio.gather(
                *(speak(node, 20) for node in (a, b)),
            )
            await agree(a, b)
            assert len(a.lines) == 40
            assert a.lines == b.lines
            async with opened(servers.urls, "c") as (c,):
                assert c.lines == a.lines
                await agree(a, b, c)

    play(scenario())


async def speak(node: Node, count: int) -> None:
    """Say some lines, one after another."""
    for number in range(count):
        await node.say(f"{node.name}{number}")


def test_many_begin_a_log_at_once(servers: Servers) -> None:
    """It has one epoch, and one salt for its keys."""

    async def scenario() -> None:
        made = [Node(servers.urls, name) for name in "abcd"]
        await asyncio.gather(*(node.start() for node in made))
        await agree(*made)
        assert len({node.store.epoch for node in made}) == 1
        assert len({node.store.owner("al", "key") for node in made}) == 1
        for node in made:
            await node.stop()

    play(scenario())


def test_a_daemon_that_is_told_late_what_there_is_begins_no_other_log(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an election, answers may be old, and come when the log has been read."""
    monkeypatch.setattr(author, "BEAT", 60.0)

    async def scenario() -> None:
        async with opened(servers.urls, "a") as (a,):
            await a.say("one")
            b = Node(servers.urls, "b")
            truth, asked = Streams.extent_at_last, list[Streams]()

            async def late(streams: Streams) -> Extent:
                if streams is a.life._streams:
                    return await truth(streams)
                asked.append(streams)
                if len(asked) == 1:
                    return Extent(0, 0)
                seq = a.store._replica.seq
                await until(lambda: b.store._replica.seq >= seq, "reading")
                return await truth(streams)

            take = life.Life._take

            async def waiting(reader: life.Life, message: Message) -> None:
                if reader is not a.life:
                    await until(lambda: len(asked) > 1, "a second question")
                await take(reader, message)

            monkeypatch.setattr(Streams, "extent_at_last", late)
            monkeypatch.setattr(life.Life, "_take", waiting)
            epoch = a.store.epoch
            await b.start()
            await agree(a, b)
            assert (a.store.epoch, a.told.count("away")) == (epoch, 0)
            await b.stop()

    play(scenario())


def test_what_is_said_twice_with_a_token_is_said_once(servers: Servers) -> None:
    """The second daemon's members are told the first line's id; ids have no hole for
    it."""

    async def scenario() -> None:
        async with opened(servers.urls, "a", "b") as (a, b):
            first, second = a.run("one", "t1"), b.run("one", "t1")
            follows = b.run("two")
            batches = await asyncio.gather(a.commit(first), b.commit(second, follows))
            await agree(a, b)
            refused = [batch.outcomes[0][1].refused for batch in batches]
            assert sorted(refused) == ["", "double"]
            assert first.first == second.first
            assert sorted(a.lines.values()) == ["one", "two"]
            assert a.lines == b.lines

    play(scenario())


def test_a_copy_of_a_message_counts_for_nothing(servers: Servers) -> None:
    """Nor does one by an incarnation that has never begun."""

    async def scenario() -> None:
        async with opened(servers.urls, "a", "b") as (a, b):
            await a.say("one")
            mark = str(a.life.author.mark)
            unborn = encode(Body([a.run("ghost")]))
            for _ in range(3):
                await publish(b, mark, encode(Body([a.run("one")])))
                await publish(b, "ghost.1:2", unborn)
                await publish(b, "no mark", unborn)
                await publish(b, "ghost.1:1", b"rubbish")
            await b.say("two")
            await agree(a, b)
            assert [*a.lines.values()] == ["one", "two"]

    play(scenario())


async def publish(node: Node, mark: str, data: bytes) -> None:
    """Put a message into the log, past all that is right."""
    await node.life._link.put("broadcast.log", data, {"N": mark})


# Names


def test_a_daemon_that_dies_is_given_up_by_the_logs_own_clock(
    servers: Servers,
) -> None:
    """Its members leave, a keyed name is held, one without a key is free."""

    async def scenario() -> None:
        async with opened(servers.urls, "a") as (a,):
            b = await Node(servers.urls, "b").start()
            await b.claim("ann", "secret")
            await b.claim("bob")
            await b.die()
            assert (await a.claim("bob")).refused == "taken"
            await until(lambda: "Leave bob" in a.told, "giving up")
            assert (await a.claim("bob")).refused == ""
            assert (await a.claim("ann")).refused == "taken"
            assert (await a.claim("ann", "secret")).refused == ""

    play(scenario())


def test_an_outage_of_the_log_expires_nobody(servers: Servers) -> None:
    """However long: nobody could say that it was there, and no sign of life waits.

    Were they queued, those of one daemon would come at once, and the other be given up.
    """

    async def scenario() -> None:
        async with opened(servers.urls, "a", "b") as (a, b):
            await a.claim("ann")
            await b.claim("bob")
            servers.all[0].signal(signal.SIGSTOP)
            await asyncio.sleep(12 * BEAT)
            servers.all[0].signal(signal.SIGCONT)
            await a.say("one")
            await b.say("two")
            await agree(a, b)
            assert not [each for each in a.told if each.startswith("Leave")]
            assert a.store.state.count == 2
            assert "away" not in a.told + b.told

    play(scenario())


def test_a_daemon_that_stops_well_leaves_no_name_behind(servers: Servers) -> None:
    """Its keyless names are free at once."""

    async def scenario() -> None:
        b = await Node(servers.urls, "b").start()
        await b.claim("bob")
        await b.stop()
        async with opened(servers.urls, "a") as (a,):
            assert a.store.state.count == 0
            assert (await a.claim("bob")).refused == ""

    play(scenario())


def test_guests_have_numbers_of_their_own(servers: Servers) -> None:
    """No number is given twice, whoever asks."""

    async def scenario() -> None:
        async with opened(servers.urls, "a", "b") as (a, b):
            names: list[str] = []
            for node in (a, b, a):
                claim = Claim(len(names) + 1, "", "", how=How.GUEST, number=1)
                [(_, outcome)] = (await node.commit(claim)).outcomes
                assert outcome.holder is not None
                names.append(outcome.holder.name)
            assert names == ["guest-1", "guest-2", "guest-3"]

    play(scenario())


# Those that come later


def test_a_dump_is_where_a_daemon_begins_that_comes_later(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names and tokens from before are in it: a line is said once, whenever."""
    monkeypatch.setattr(author, "LEAST", 3000)

    async def scenario() -> None:
        async with opened(servers.urls, "a", "b", refill=0) as (a, b):
            await a.claim("ann", "secret")
            first = await a.say("one", "t1")
            await grow(a)
            await until(lambda: a.life.shared.dumps + b.life.shared.dumps > 0)
            await a.say("last")
            async with opened(servers.urls, "c", refill=0) as (c,):
                assert c.store._replica.dumped > 0
                assert min(c.lines, default=1 << 60) > first.first
                await agree(a, b, c)
                again = await c.say("one", "t1")
                assert again.first == first.first
                assert "one" not in c.lines.values()
                assert (await c.claim("ann")).refused == "taken"

    play(scenario())


async def grow(node: Node) -> None:
    """Have the log grow by some thousands of bytes."""
    for number in range(10):
        await node.say("x" * 400 + str(number))


def test_half_a_dump_and_another_logs_are_none(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon begins with one that is whole, and whose message is in the log."""
    monkeypatch.setattr(author, "LEAST", 3000)

    async def scenario() -> None:
        async with opened(servers.urls, "a", refill=0) as (a,):
            await a.claim("ann")
            await grow(a)
            await until(lambda: a.life.shared.dumps > 0)
            dumps = a.life._streams.dumps
            place, *_ = await dumps.places()
            await a.say("more")
            seq = a.store._replica.seq
            whole = await dumps.load(place)
            assert whole is not None
            await a.life._link.put(f"broadcast.dump.{seq}.999999.2.0", b"half")
            whole.seq, whole.epoch = seq, "another"
            await dumps.save(seq, whole.total + 1, whole.freeze()())
            async with opened(servers.urls, "b", refill=0) as (b,):
                await agree(a, b)
                assert b.store.epoch == a.store.epoch
                assert "away" not in a.told

    play(scenario())


def test_a_dump_that_is_told_of_late_is_used(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log whose beginning was dropped is none that nobody has begun."""
    monkeypatch.setattr(author, "LEAST", 3000)

    async def scenario() -> None:
        async with opened(servers.urls, "a", refill=0) as (a,):
            await grow(a)
            await until(lambda: a.store._replica.dumped > 0)
            places = await a.life._streams.dumps.places()
            newest = {"seq": places[0].seq}
            await a.life._link.ask("STREAM.PURGE.broadcast", newest)
            load, asked = Streams.load, list[Streams]()

            async def late(streams: Streams, wanted: int, skipped: set[int]) -> Replica:
                asked.append(streams)
                if len(asked) == 1:
                    return Replica()
                return await load(streams, wanted, skipped)

            monkeypatch.setattr(Streams, "load", late)
            epoch = a.store.epoch
            async with opened(servers.urls, "b", refill=0) as (b,):
                await agree(a, b)
                assert (a.store.epoch, a.told.count("away")) == (epoch, 0)

    play(scenario())


# A log that has lost something


def test_a_log_that_was_rolled_back_is_another_one(
    servers: Servers, tmp_path: Path
) -> None:
    """All daemons notice, whichever speaks first; and have the same log after that."""
    [server] = servers.all

    async def scenario() -> None:
        async with opened(servers.urls, "a", "b") as (a, b):
            await a.say("old")
            server.kill()
            copy = tmp_path / "copy"
            shutil.copytree(server.folder, copy)
            server.start()
            await a.say("lost one")
            await b.say("lost two")
            await agree(a, b)
            epoch = a.store.epoch
            server.kill()
            shutil.rmtree(server.folder)
            shutil.copytree(copy, server.folder)
            server.start()
            await until(lambda: "back" in a.told and "back" in b.told, "a new log")
            assert a.told.count("away") >= 1
            await a.say("new one")
            await b.say("new two")
            await agree(a, b)
            assert a.store.epoch != epoch
            assert [*a.lines.values()] == ["old", "new one", "new two"]
            assert a.lines == b.lines
            async with opened(servers.urls, "c") as (c,):
                await agree(a, b, c)
                assert c.lines == a.lines

    play(scenario())


@pytest.mark.parametrize("order", ["PURGE", "DELETE"])
def test_a_log_that_was_emptied_is_another_one(servers: Servers, order: str) -> None:
    """Or made anew: nobody takes positions for those of the old one."""

    async def scenario() -> None:
        async with opened(servers.urls, "a", "b") as (a, b):
            await a.say("old")
            epoch = a.store.epoch
            await a.life._link.ask(f"STREAM.{order}.broadcast")
            await until(lambda: "back" in a.told and "back" in b.told, "a new log")
            await a.say("new")
            await agree(a, b)
            assert a.store.epoch != epoch
            assert [*b.lines.values()] == ["new"]

    play(scenario())


def test_a_gap_in_a_daemons_numbers_proves_a_loss(servers: Servers) -> None:
    """All who read it see that there, and agree on the new epoch."""

    async def scenario() -> None:
        async with opened(servers.urls, "a", "b") as (a, b):
            await a.say("one")
            await until(lambda: a.life.author.flight is None)
            epoch, mark = a.store.epoch, a.life.author.mark
            await publish(b, f"{mark.incarnation}:{mark.n + 7}", encode(Body([])))
            await until(lambda: "back" in a.told and "back" in b.told, "a new log")
            await agree(a, b)
            assert a.store.epoch != epoch
            async with opened(servers.urls, "c") as (c,):
                await agree(a, b, c)

    play(scenario())


def test_a_daemon_that_was_overtaken_reads_on_from_a_dump(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the log has dropped before it was read: it is no other log for that."""
    monkeypatch.setattr(author, "LEAST", 3000)
    monkeypatch.setattr(life, "DISCONNECTED", 60.0)

    async def scenario() -> None:
        async with (
            Cable(servers.all[0].port) as cable,
            opened(servers.urls, "a", refill=0) as (a,),
            opened(cable.url, "b", refill=0, cut_off=60) as (b,),
        ):
            await agree(a, b)
            epoch = a.store.epoch
            cable.hold()
            for _ in range(3):
                await grow(a)
            reader = b.life.feed
            await until(lambda: reader is not None and not reader.is_sure)
            await asyncio.sleep(0.3)  # it has begun to make another one
            await until(lambda: a.store._replica.grown < 3000)
            [newest, *_] = await a.life._streams.dumps.places()
            await a.life._link.ask("STREAM.PURGE.broadcast", {"seq": newest.seq})
            cable.release()
            await until(lambda: "back" in b.told, "reading on")
            await agree(a, b)
            assert (b.store.epoch, a.told.count("away")) == (epoch, 0)

    play(scenario())


def test_a_server_that_lacks_a_message_for_a_moment_has_lost_nothing(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that comes back may do so: nobody is sent away for that."""

    async def scenario() -> None:
        async with opened(servers.urls, "a", "b") as (a, b):
            await b.say("one")
            await agree(a, b)
            link = a.life._link
            ask, made = link.ask, []

            async def begin_too_late(
                subject: str, question: Any = None, timeout: float = 3.0
            ) -> dict[str, Any]:
                if subject.startswith("CONSUMER.CREATE"):
                    made.append(question)
                    if len(made) < 3:
                        question["config"]["opt_start_seq"] += 1
                return await ask(subject, question, timeout)

            monkeypatch.setattr(link, "ask", begin_too_late)
            assert a.life.feed is not None
            a.life.feed._break()
            for least in (1, 2, 3):
                while len(made) < least:
                    await asyncio.sleep(0.01)
                await b.say("more")
            await agree(a, b)
            assert a.told.count("away") == 0

    play(scenario())


# A daemon that is cut off


def test_a_daemon_that_is_cut_off_sends_its_members_away(servers: Servers) -> None:
    """It comes back as another incarnation; what it had sent comes late, and counts
    for nothing."""

    async def scenario() -> None:
        async with (
            Cable(servers.all[0].port) as cable,
            opened(servers.urls, "a") as (a,),
            opened(cable.url, "b", cut_off=1.0) as (b,),
        ):
            await b.claim("bob")
            await b.say("before")
            cable.hold()
            b.begin(b.run("late", "t1"))
            await until(lambda: "away" in b.told, "being cut off")
            await until(lambda: "Leave bob" in a.told, "giving up")
            await a.say("meanwhile", "t1")
            cable.release()
            await until(lambda: "back" in b.told, "coming back")
            await b.say("after")
            await agree(a, b)
            assert [*a.lines.values()] == ["before", "meanwhile", "after"]
            assert a.lines == b.lines
            assert "away" not in a.told

    play(scenario())


def test_a_short_cut_is_no_cut_off(servers: Servers) -> None:
    """What was sent meanwhile is said once, in its place."""

    async def scenario() -> None:
        async with (
            Cable(servers.all[0].port) as cable,
            opened(servers.urls, "a") as (a,),
            opened(cable.url, "b", cut_off=10.0) as (b,),
        ):
            cable.hold()
            later = asyncio.ensure_future(b.say("late"))
            await asyncio.sleep(3 * BEAT)
            cable.release()
            await later
            await agree(a, b)
            assert [*a.lines.values()] == ["late"]
            assert "away" not in b.told

    play(scenario())


def test_a_start_that_comes_late_is_none(servers: Servers) -> None:
    """An incarnation that begins by a clock of long ago is not let in."""

    async def scenario() -> None:
        async with opened(servers.urls, "a", "b") as (a, b):
            a.store.state.nodes.clock += 100
            b.store.state.nodes.clock += 100
            up: list[Entry] = [Up("old.1", 0.0)]
            await publish(b, "old.1:1", encode(Body(up)))
            await publish(b, "old.1:2", encode(Body([a.run("late")])))
            await a.say("one")
            await until(lambda: "one" in b.lines.values())
            assert [*a.lines.values()] == ["one"]
            assert "old.1" not in a.store.state.nodes.known

    play(scenario())
