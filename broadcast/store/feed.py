"""Reads a stream in its order, through a consumer that is made anew when in doubt.

A reader begins *at* the last message that was taken, and has to hear that very one
first. If a later one comes first, the stream has dropped what was between. If another
one comes, or none, the stream was rolled back: a consumer that begins beyond its end
hears nothing of what is new, without any error.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Final

from broadcast.store.nats import ApiError, Arrived, Link, LinkError
from broadcast.store.replica import Mark, Message

HEARTBEAT: Final = 1.0
"""Seconds of silence after which the server says that it is there."""

MISSED: Final = 3
"""Heartbeats missed, after which the reader is made anew."""

PROOF: Final = 10.0
"""Seconds for which something has to be gone before that is believed."""

NO_STREAM: Final = 10059
"""JetStream's code for a stream that isn't there."""

MARK: Final = "N"
"""The header with a message's mark."""


class LossError(Exception):
    """The stream is not the one any more that was read; says how in a few words."""


class OvertakenError(LossError):
    """The stream goes on, but what comes next has been dropped."""


class RenewedError(LossError):
    """The log is another one from here on."""


class Doubt:
    """A loss that is believed once it has been seen for a while.

    A server that has just come back may say anything for a moment, even that it has
    dropped what it has.
    """

    def __init__(self) -> None:
        self._since: float | None = None

    def note(self, loss: LossError) -> None:
        """Take note that it was seen once more.

        Raises:
            LossError: ``loss``, if it has been seen for long enough.
        """
        now = monotonic()
        if self._since is None:
            self._since = now
        elif now - self._since > PROOF:
            raise loss

    def clear(self) -> None:
        """Forget it: it is not so, or nobody knows."""
        self._since = None


class Feed:
    """A reader.

    Args:
        link: the connection.
        stream: the stream's name.
        take: is told each message after the last one, and awaited.
        seq: the last message that was taken; 0: from the first on.
        mark: that message's.

    Attributes:
        made: how often the reader was made.
        pending: how many messages are behind the last one that has come.
        is_sure: the reader has heard what it had to, and hears the server.
    """

    def __init__(
        self,
        link: Link,
        stream: str,
        take: Callable[[Message], Awaitable[None]],
        seq: int,
        mark: Mark | None,
    ) -> None:
        self.made = 0
        self.pending = 0
        self._link = link
        self._stream = stream
        self._take = take
        self._seq, self._mark = seq, mark
        self._consumed = 0
        self._heard = monotonic()
        self._doubt = Doubt()
        self._is_found = self._is_broken = False
        self._failure: BaseException | None = None
        self._reader: object = None
        self._wake = asyncio.Event()

    @property
    def is_sure(self) -> bool:
        """It is where it has to be, and the server is heard."""
        return (
            self._is_found
            and not self._is_broken
            and monotonic() - self._heard < MISSED * HEARTBEAT
        )

    async def run(self) -> None:
        """Read for ever.

        Raises:
            LossError: the stream has lost something.
        """
        while True:
            try:
                await self._read()
                if self._is_found:
                    continue
            except LinkError:
                if self._link.is_lost:
                    with suppress(LinkError):
                        await self._link.reconnect()
            await asyncio.sleep(0.1)

    async def _read(self) -> None:
        """Make the reader, and let it read as long as it is well."""
        reader = self._reader = object()
        self._is_found, self._is_broken = self._seq == 0, False
        self._consumed = 0
        inbox = self._link.new_inbox()

        async def hear(arrived: Arrived) -> None:
            if self._reader is reader and not self._is_broken:
                await self._hear(arrived)

        end = await self._link.subscribe(inbox, hear)
        try:
            self.pending = await self._create(inbox)
            self.made += 1
            self._heard = monotonic()
            while not self._is_broken:
                self._wake.clear()
                try:
                    async with asyncio.timeout(HEARTBEAT / 2):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                self._prove()
                if monotonic() - self._heard > MISSED * HEARTBEAT:
                    break
            if self._failure is not None:
                raise self._failure
        finally:
            self._reader = None
            await end()

    async def _create(self, inbox: str) -> int:
        """Ask for a consumer; return how many messages there are for it."""
        config = {
            "deliver_subject": inbox,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": max(1, self._seq),
            "ack_policy": "none",
            "max_deliver": 1,
            "flow_control": True,
            "idle_heartbeat": int(HEARTBEAT * 1e9),
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": int(5e9),
            "replay_policy": "instant",
        }
        question = {"stream_name": self._stream, "config": config}
        subject = f"CONSUMER.CREATE.{self._stream}"
        try:
            answer = await self._link.ask(subject, question, 1.5)
        except LinkError as error:
            if isinstance(error, ApiError) and error.code == NO_STREAM:
                self._doubt.note(LossError("the stream is gone"))
            else:
                self._doubt.clear()  # nobody knows, just now
            raise
        return int(answer.get("num_pending", 0))

    async def _hear(self, arrived: Arrived) -> None:
        self._heard = monotonic()
        headers = arrived.headers
        if not arrived.data and "Status" in headers:
            await self._answer(arrived)
            return
        # $JS.ACK.STREAM.CONSUMER.DELIVERED.SEQ.CONSUMED.TIME.PENDING, or with more
        # words before the stream: a domain, and an account.
        words = arrived.reply.split(".")
        numbers = words[5:9] if len(words) < 11 else words[7:11]
        seq, consumed, at, pending = map(int, numbers)
        if consumed != self._consumed + 1:
            self._break()
            return
        self._consumed = consumed
        mark = Mark.read(headers.get(MARK, ""))
        try:
            if not self._is_found:
                self._find(seq, mark)
                return
            if seq <= self._seq:
                return
            await self._take(Message(seq, at / 1e9, mark, arrived.data))
            self._seq, self._mark = seq, mark
            self.pending = pending
        except Exception as error:
            self._failure = error
            self._break()

    def _find(self, seq: int, mark: Mark | None) -> None:
        """Look whether the first message is the one that was taken last."""
        if seq > self._seq:
            self._doubt.note(OvertakenError("it has dropped what comes next"))
            self._break()
            return
        if mark != self._mark:
            raise LossError("it was rolled back, and written to again")
        self._is_found = True
        self._doubt.clear()

    def _prove(self) -> None:
        """Note that the last message is not there, while the server is heard."""
        if not self._is_found and self.pending == 0 and not self._is_broken:
            self._doubt.note(LossError("it was rolled back"))

    async def _answer(self, arrived: Arrived) -> None:
        """Answer the server's own: flow control, heartbeats."""
        headers = arrived.headers
        last = headers.get("Nats-Last-Consumer")
        if last is not None and int(last) > self._consumed:
            self._break()
        elif arrived.reply:
            await self._link.publish(arrived.reply, b"")
        elif (stalled := headers.get("Nats-Consumer-Stalled")) is not None:
            await self._link.publish(stalled, b"")

    def _break(self) -> None:
        self._is_broken = True
        self._wake.set()
