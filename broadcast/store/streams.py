"""The streams of a room: made where there are none, and looked at where there are."""

import asyncio
import base64
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Final

from twisted.logger import Logger

from broadcast.store.base import StoreError
from broadcast.store.contents import Contents
from broadcast.store.dumps import Dumps, choose, covers
from broadcast.store.feed import NO_STREAM, Doubt, LossError
from broadcast.store.nats import ApiError, Link, LinkError
from broadcast.store.replica import Message, Replica

PATIENCE: Final = 30.0
"""Seconds in which the streams have to be there, when a daemon starts: an election of
NATS' takes up to ten."""

SILENCE: Final = 2.0
"""Seconds after which the log says that they aren't."""

NO_MESSAGE: Final = 10037
"""JetStream's code for a message that isn't there."""

_TIME: Final = re.compile(r"([-0-9]+T[:0-9]+)(?:\.([0-9]{1,9}))?(Z|[-+][:0-9]+)")

LEAST_FOR_DUMPS: Final = 64 << 20
"""Bytes that dumps may take, at least."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Which messages a stream has: from ``first`` to ``last``; last 0: never any."""

    first: int
    last: int

    @property
    def unread(self) -> int:
        """The last message that can be read; 0 if there is none."""
        return self.last if self.first <= self.last else 0


class Streams:
    """The log of a room, and its dumps.

    Args:
        link: the connection.
        room: the room's name.
        size: bytes that the log may take.
        replicas: on how many servers each is; None: three, or one on a lone server.
    """

    def __init__(self, link: Link, room: str, size: int, replicas: int | None) -> None:
        self.room = room
        self.subject = f"{room}.log"
        self.dumps = Dumps(link, room)
        self._link = link
        self._size = size
        self._replicas = replicas
        self._doubt = Doubt()
        self._logger = Logger(namespace="broadcast")

    async def open(self, is_first: bool) -> None:
        """Make what is not there.

        Args:
            is_first: the daemon starts, and is to say so if that takes long.

        Raises:
            StoreError: it can't be used; says why in one line.
        """
        end = monotonic() + PATIENCE
        told = ""
        while True:
            try:
                found = await self._find(self.room, self._log_config())
                await self._find(self.dumps.stream, self._dumps_config())
                break
            except LinkError as error:
                why = str(error)
            if is_first and monotonic() > end:
                hint = "look at the NATS servers"
                raise StoreError(f"JetStream can't keep the room: {why}; {hint}")
            if why != told and monotonic() > end - PATIENCE + SILENCE:
                told = why
                self._logger.warn(
                    "JetStream can't keep the room yet: {reason}",
                    event="nats-not-ready",
                    reason=why,
                )
            await self._wait()
        if found["config"].get("subjects") != [self.subject]:
            raise StoreError(
                f"the stream {self.room} is not one of ours; give another --room"
            )

    async def extent(self) -> Extent:
        """Return which messages the log has.

        Raises:
            LinkError: there is no answer.
        """
        answer = await self._link.ask(f"STREAM.INFO.{self.room}")
        state = answer["state"]
        return Extent(int(state["first_seq"]), int(state["last_seq"]))

    async def extent_at_last(self) -> Extent:
        """Return which messages the log has, as soon as there is an answer."""
        while True:
            try:
                return await self.extent()
            except LinkError:
                await self._wait()

    async def message(self, seq: int) -> Message | None:
        """Return a message of the log; None if it is not there.

        Raises:
            LinkError: there is no answer.
        """
        try:
            answer = await self._link.ask(f"STREAM.MSG.GET.{self.room}", {"seq": seq})
        except ApiError as error:
            if error.code == NO_MESSAGE:
                return None
            raise
        found = answer["message"]
        data = base64.b64decode(found.get("data", ""))
        return Message(seq, time_of(found["time"]), None, data)

    async def load(self, wanted: int, skipped: set[int]) -> Replica:
        """Return the state as of a dump, or as of nothing.

        Args:
            wanted: bytes of the log that should follow.
            skipped: the dumps that are of another log.
        """
        while True:
            try:
                extent, places = await self.extent(), await self.dumps.places()
                if extent.first <= 1 and not covers(places, wanted):
                    return Replica()
                for place in choose(places, extent.first, extent.last, wanted):
                    if place.seq in skipped:
                        continue
                    loaded = await self.dumps.load(place)
                    if loaded is not None:
                        loaded.contents.begin_at(extent.first)
                        return loaded
                return Replica(contents=Contents(max(1, extent.first)))
            except LinkError:
                await self._wait()

    async def has_dump(self, extent: Extent) -> bool:
        """Tell whether there is a dump, as of a message that is in the log."""
        while True:
            try:
                places = await self.dumps.places()
            except LinkError:
                await self._wait()
            else:
                return any(extent.first <= p.seq <= extent.unread for p in places)

    async def refuse_emptied(self, contents: Contents) -> None:
        """See that a daemon that comes later can know all that was decided.

        Args:
            contents: is told from which message on there is something.

        Raises:
            LossError: it can't: the log was emptied, by hand.
        """
        with suppress(LinkError):
            first = (await self.extent()).first
            places = await self.dumps.places() if first > 1 else []
            if first <= 1 or any(place.seq >= first for place in places):
                self._doubt.clear()
                contents.begin_at(first)
            else:
                self._doubt.note(LossError("it was emptied"))

    async def _wait(self) -> None:
        """Let some time pass; make a connection, if there will be none by itself."""
        await asyncio.sleep(0.25)
        if self._link.is_lost:
            with suppress(LinkError):
                await self._link.reconnect()

    async def _find(self, name: str, config: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._link.ask(f"STREAM.INFO.{name}")
        except ApiError as error:
            if error.code != NO_STREAM:
                raise
        config = config | {"name": name, "num_replicas": self._copies()}
        return await self._link.ask(f"STREAM.CREATE.{name}", config, 5.0)

    def _copies(self) -> int:
        if self._replicas is not None:
            return self._replicas
        return 3 if self._link.is_clustered else 1

    def _log_config(self) -> dict[str, Any]:
        return {
            "subjects": [self.subject],
            "retention": "limits",
            "discard": "old",
            "storage": "file",
            "max_bytes": self._size,
            "duplicate_window": int(1e8),
        }

    def _dumps_config(self) -> dict[str, Any]:
        return {
            "subjects": [self.dumps.subjects],
            "retention": "limits",
            "discard": "old",
            "storage": "file",
            "max_msgs_per_subject": 1,
            "max_bytes": max(LEAST_FOR_DUMPS, self._size // 4),
            "duplicate_window": int(1e8),
        }


def time_of(text: str) -> float:
    """Return an RFC 3339 time with up to nine decimals as seconds since 1970.

    It is the same number as of the nanoseconds with which a reader is told it.
    """
    whole, decimals, zone = _TIME.fullmatch(text).groups()  # type: ignore[union-attr]
    seconds = int(
        datetime.fromisoformat(whole + zone.replace("Z", "+00:00")).timestamp()
    )
    return (seconds * 10**9 + int((decimals or "").ljust(9, "0"))) / 1e9
