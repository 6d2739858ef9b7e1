"""Stores that share a log, in one process and loop, with rooms that record."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred

from broadcast.protocol.dialects import Speaker
from broadcast.store.base import Limits
from broadcast.store.claims import Claim, Leave
from broadcast.store.entries import Batch, Entry, Run, Told, decides, is_run
from broadcast.store.jetstream import JetstreamStore
from broadcast.store.life import Life
from broadcast.store.nats import Access
from broadcast.store.outcomes import Outcome
from broadcast.store.share import Share

DEADLINE = 20.0


class Loop:
    """What a store needs of a reactor: the running event loop."""

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object
    ) -> asyncio.TimerHandle:
        """Call something later."""
        return asyncio.get_running_loop().call_later(delay, callable, *args)


class Node:
    """A daemon's store, and its room.

    Args:
        url: where NATS is.
        name: what the daemon is called.
        share: more of its part in the room.

    Attributes:
        lines: what was said, by id.
        told: comings and goings, with ``away`` and ``back`` among them.
    """

    def __init__(self, url: str, name: str, **share: Any) -> None:
        given = {"refill": 1 << 20, **share}
        self.name = name
        self.store = JetstreamStore(Share(node=name, **given), Access((url,)), Loop())
        self.lines: dict[int, str] = {}
        self.told: list[str] = []
        self.failed = ""
        self._sessions = 0

    @property
    def life(self) -> Life:
        """The store's inside."""
        found = self.store._life
        assert found is not None
        return found

    # A room, as the store sees it

    def heard(self, batch: Batch) -> None:
        """Record what was handed in."""
        self._take(batch)

    def stalled(self, why: str) -> None:
        """Know that it can't be written for now."""

    def flowing(self) -> None:
        """Know that it can."""

    def cut_off(self, why: str) -> None:
        """Record that it never will."""
        self.failed = why

    def sending(self) -> Deferred[None] | None:
        """Have all sent."""
        return None

    def away(self, why: str) -> None:
        """Record that members are sent away."""
        self.told.append("away")

    def back(self, epoch: str) -> None:
        """Record that members may come."""
        self.told.append("back")

    def renewed(self, last_id: int) -> None:
        """Begin the log anew."""
        self.lines = {}

    # What is done with it

    async def start(self) -> "Node":
        """Return this when it is open."""
        started = self.store.start(self)
        async with asyncio.timeout(DEADLINE):
            await started.asFuture(asyncio.get_running_loop())
        return self

    async def stop(self) -> None:
        """End it well."""
        await self.store.stop().asFuture(asyncio.get_running_loop())

    async def die(self) -> None:
        """End it as kill -9 does: it says nothing more."""
        life = self.life
        if life._task is not None:
            life._task.cancel()
            with suppress(asyncio.CancelledError):
                await life._task
        client = life._link._client
        if client is not None:
            if client._transport is not None:
                client._transport.close()  # type: ignore[no-untyped-call]  # nats-py
            with suppress(Exception):
                async with asyncio.timeout(1):
                    await client.close()

    async def commit(self, *entries: Entry) -> Batch:
        """Return what has become of some entries."""
        done: asyncio.Future[Batch] = asyncio.get_running_loop().create_future()
        self.begin(*entries, then=done.set_result)
        async with asyncio.timeout(DEADLINE):
            return await done

    def begin(
        self, *entries: Entry, then: Callable[[Batch], object] = lambda _: None
    ) -> None:
        """Commit, and don't wait."""

        def done(batch: Batch) -> None:
            self._take(batch)
            then(batch)

        self.store.commit([*entries], done, [e for e in entries if decides(e)])

    async def say(self, text: str, token: str | None = None) -> Run:
        """Say a line."""
        run = self.run(text, token)
        await self.commit(run)
        return run

    def run(self, text: str, token: str | None = None) -> Run:
        """Return a line that nobody has said yet."""
        run = Run(0, Speaker(self.name), f"{self.name}: {text}\n".encode(), 1)
        run.token, run.owner = token, None if token is None else "owner"
        return run

    async def claim(self, name: str, key: str | None = None) -> Outcome:
        """Return what becomes of a claim of another session's."""
        self._sessions += 1
        digest = None if key is None else self.store.owner(name, key)
        batch = await self.commit(Claim(self._sessions, name, name, digest))
        return batch.outcomes[0][1]

    async def leave(self, session: int) -> None:
        """End a session."""
        await self.commit(Leave(session, "quit", is_held=False))

    @property
    def limits(self) -> Limits:
        """What a commit may have."""
        return self.store.limits

    @property
    def dump(self) -> bytes:
        """All that is decided, and the epoch."""
        return self.store.epoch.encode() + self.store.state.dump()

    def _take(self, batch: Batch) -> None:
        for entry in batch.entries:
            if is_run(entry):
                text = entry.text.decode()
                for at, line in enumerate(text.splitlines()):
                    self.lines[entry.first + at] = line.partition(": ")[2]
            elif isinstance(entry, Told):
                event: Any = entry.event
                self.told.append(f"{type(event).__name__} {event.name}")


async def until(is_so: Callable[[], bool], what: str = "it") -> None:
    """Wait until something is so."""
    end = monotonic() + DEADLINE
    while not is_so():
        assert monotonic() < end, f"{what} has not happened in {DEADLINE} s"
        await asyncio.sleep(0.01)


async def agree(*nodes: Node) -> None:
    """Wait until all have read as far as each other; they have decided the same."""
    first, *others = nodes

    def is_same() -> bool:
        seqs = {each.store._replica.seq for each in nodes}
        return len(seqs) == 1 and all(each.dump == first.dump for each in others)

    await until(is_same, "the same state")
