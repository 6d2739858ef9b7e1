"""Keeps a session connected: dials, listens, notices the dead, dials again.

Callbacks only, over an ``EventLoop``, so that one connection serves asyncio and Twisted
alike; tests bring an event loop in memory. The lines themselves are the session's
business.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from broadcast.client.address import Address, advice
from broadcast.client.core.session import Session, State
from broadcast.client.errors import BrokenServerError
from broadcast.client.events import Event, Lost
from broadcast.client.io.backoff import Backoff
from broadcast.client.io.websocket import Codec, codec_for

CHECK_EVERY = 2.0
LARGE = 64 * 1024
LAST_WORDS = 2.0


class Transport(Protocol):
    """An open connection, as the side that writes sees it."""

    def write(self, data: bytes) -> None:
        """Send, in order, sooner or later. A closed transport takes it in silence."""

    def close(self) -> None:
        """Send all that is written, then close."""

    def abort(self) -> None:
        """Close at once."""

    def pause(self) -> None:
        """Read nothing until ``resume``."""

    def resume(self) -> None:
        """Read on."""


class Receiver(Protocol):
    """The side that is told. ``closed`` comes exactly once, opened or not."""

    def opened(self, transport: Transport) -> None:
        """The connection is there, TLS and all."""

    def received(self, data: bytes) -> None:
        """Bytes have come."""

    def closed(self, reason: str) -> None:
        """It is over, or never came to be; ``reason`` is for a person."""


class Waiter(Protocol):
    """An answer to await, once."""

    def answer(self, value: object) -> None:
        """Let the awaiting side go on. A second answer is ignored."""

    def fail(self, problem: Exception) -> None:
        """Raise this where it is awaited."""

    def result(self) -> Awaitable[object]:
        """The awaitable."""


class EventLoop(Protocol):
    """An event loop."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """Call this once, later; the returned function cancels it."""

    def open(self, address: Address, receiver: Receiver) -> Callable[[], None]:
        """Begin to connect; the returned function gives up."""

    def waiter(self) -> Waiter:
        """A fresh thing to await."""


class Connection:
    """One session's connection, for as long as it is wanted.

    Args:
        loop: the event loop.
        address: the server, and others of the same room, which are tried in turn.
        session: the session that it connects.
        listener: called with each batch of events; a ``Lost`` whose ``retry_in`` is
            None is the last.
        retry: for how many seconds to try to come back after a loss; None is for ever,
            0 not at all. The very first connection is tried once.
        backoff: the waits between tries.
        ease: when small pieces come thick and fast, let them gather for so many seconds
            in the kernel: a reader that looks 20 times a second pays 20 wake-ups.

    Attributes:
        address: the server of the last try, and of the connection that it made.
    """

    def __init__(
        self,
        loop: EventLoop,
        address: Address,
        session: Session,
        listener: Callable[[list[Event]], None],
        *,
        retry: float | None = None,
        backoff: Backoff | None = None,
        ease: float = 0.0,
    ) -> None:
        self.session = session
        self.welcomed = False
        self.retry_at: float | None = None
        self._loop = loop
        self.address = address
        self._addresses = deque((address, *address.others))
        self._untried = len(address.others)
        self.listener = listener
        self._retry = retry
        self._backoff = backoff or Backoff()
        self._transport: Transport | None = None
        self._codec: Codec = codec_for(address)
        self._ease = ease
        self._last_read = 0.0
        self._dead: str | None = None
        self._lost_at: float | None = None
        self._paused = self._over = self._closed = False
        self._leaving: list[Callable[[object], None]] = []
        self._stop_leaving: Callable[[], None] = _nothing
        self._stop_dialling: Callable[[], None] = _nothing
        self._stop_retry: Callable[[], None] = _nothing
        self._stop_checking: Callable[[], None] = _nothing

    def start(self) -> None:
        """Dial."""
        self._stop_retry()
        self.retry_at = None
        self._dead = None
        self.address = self._addresses[0]
        self._codec = codec_for(self.address)
        self._stop_dialling = self._loop.open(self.address, self)

    def wake(self) -> None:
        """If the next try is being waited for: try now, and lengthen no wait."""
        if self.retry_at is not None:
            self.start()

    def leave(self, left: Callable[[object], None]) -> None:
        """Say goodbye, so that the server keeps no place for us; then ``close``.

        ``left`` is called when the server has closed, or after ``LAST_WORDS`` seconds.
        """
        if self._leaving:
            self._leaving.append(left)
            return
        is_in = self.session.state in (State.LIVE, State.REPLAYING)
        if self._closed or self._transport is None or not is_in:
            self.close()
            left(None)
            return
        self.session.command("/quit")
        self.pump()
        self._over = True
        self._leaving.append(left)
        self.set_paused(False)
        self._stop_leaving = self._loop.later(LAST_WORDS, self._finish)

    def close(self) -> None:
        """Leave: all that is written is sent; no event comes any more."""
        self._over = self._closed = True
        self._stop()
        if self._transport is not None:
            self._transport.write(self._codec.farewell())
            self._transport.close()

    def set_paused(self, paused: bool) -> None:
        """Read nothing while the listener has enough."""
        if paused == self._paused:
            return
        self._paused = paused
        if self._transport is not None and paused:
            self._transport.pause()
        else:
            self._read_on()

    def pump(self) -> None:
        """Move the session's output and events; called after each use of it."""
        if self._closed:
            return
        was_held = self.session.is_held
        data = self.session.take_output()
        if data and self._transport is not None:
            self._transport.write(self._codec.encode(data))
        events = self.session.take_events()
        if events:
            self.listener(events)
        if was_held:
            self.pump()

    # Called by the event loop: see Receiver

    def opened(self, transport: Transport) -> None:
        """The connection is there."""
        self._transport = transport
        if self._over:
            transport.abort()
            return
        if self._paused:
            transport.pause()
        transport.write(self._codec.hello())
        self.session.connected(self._loop.now())
        self._check_later()
        self.pump()

    def received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._over or self._dead is not None:
            return
        now = self._loop.now()
        if self._ease and len(data) < LARGE:
            self._rest(now)
        try:
            self.session.receive(self._codec.decode(data), now)
        except BrokenServerError as problem:
            self.pump()
            self._give_up(str(problem))
            return
        if self._transport is not None:
            answer = self._codec.answer()
            if answer:
                self._transport.write(answer)
        if self.session.state in (State.LIVE, State.REPLAYING):
            self.welcomed = True
            self._lost_at = None
            self._backoff.reset()
        self.pump()

    def closed(self, reason: str) -> None:
        """The connection is gone, or never came."""
        self._transport = None
        self._stop_checking()
        if self._leaving:
            self._finish()
        if self._over:
            return
        self.session.disconnected()
        self.pump()
        if not self._over:
            self._plan(self._dead or reason)

    # Inside

    def _finish(self) -> None:
        """The goodbye is through, or has taken too long."""
        waiting, self._leaving = self._leaving, []
        self._stop_leaving()
        self.close()
        for left in waiting:
            left(None)

    def _plan(self, reason: str) -> None:
        """Say that it is lost, and when we try again: at the next address."""
        is_ended = self.session.state is State.ENDED
        if self._untried and not self.welcomed and not is_ended:
            self._untried -= 1
            self.session.farewell = None
            self._addresses.rotate(-1)
            self.start()
            return
        now = self._loop.now()
        if self._lost_at is None:
            self._lost_at = now
        delay: float | None = self._backoff.next(now)
        late = self._retry is not None and now - self._lost_at >= self._retry
        if is_ended or not self.welcomed or late:
            delay, self._over = None, True
            self._stop()
        elif delay is not None:
            self.retry_at = now + delay
            self._stop_retry = self._loop.later(delay, self._try_again)
        lost = self._lost(reason, delay)
        self._addresses.rotate(-1)
        self.listener([lost])

    def _try_again(self) -> None:
        self._backoff.is_over()
        self.start()

    def _lost(self, reason: str, delay: float | None) -> Lost:
        farewell, self.session.farewell = self.session.farewell, None
        if farewell is not None:
            ended = self.session.state is State.ENDED or not self.welcomed
            code = "refused" if ended else "lost"
            code = "quit" if farewell.code == "quit" else code
            return Lost(farewell.text or farewell.code, delay, code)
        if self._dead is None:  # else it says more than the other side's first words
            reason = self.session.preface or reason
        if self.welcomed:
            return Lost(reason, delay, "lost")
        return Lost(advice(reason, self.address), delay, "cannot-connect")

    def _rest(self, now: float) -> None:
        """Two reads in a short time: stop reading for a moment."""
        if now - self._last_read < self._ease and self._transport is not None:
            self._transport.pause()
            self._loop.later(self._ease, self._read_on)
        self._last_read = now

    def _read_on(self) -> None:
        if self._transport is not None and not self._paused:
            self._transport.resume()

    def _check_later(self) -> None:
        self._stop_checking = self._loop.later(CHECK_EVERY, self._check)

    def _check(self) -> None:
        verdict = self.session.tick(self._loop.now(), reading=not self._paused)
        if verdict is not None:
            self._give_up(verdict)
            return
        self._check_later()
        self.pump()

    def _give_up(self, reason: str) -> None:
        self._dead = reason
        if self._transport is not None:
            self._transport.abort()

    def _stop(self) -> None:
        self._stop_dialling()
        self._stop_retry()
        self._stop_checking()
        self.retry_at = None


def _nothing() -> None:
    pass
