"""The API for programs: ``async with connect(url, name=...) as room: ...``.

The same on plain asyncio and on any Twisted reactor; docs/client.md has an example.
"""

from collections import deque
from types import TracebackType
from typing import Any

from broadcast.client import events as ev
from broadcast.client.address import Address, parse_address
from broadcast.client.core.requests import Profile
from broadcast.client.core.session import Session, State
from broadcast.client.errors import CannotConnectError, LostError, RefusedError
from broadcast.client.io.connection import Connection, EventLoop, Waiter

MAX_EVENTS = 10_000


class Room:
    """A room, from inside. Make one with ``connect``.

    Events wait here until they are taken, ``MAX_EVENTS`` at most. While somebody
    iterates, more than that makes the server wait, unless an answer is awaited too.
    While nobody has begun to iterate, the oldest are dropped, and a ``Missed`` says so.
    """

    def __init__(self, loop: EventLoop, connection: Connection) -> None:
        self._loop = loop
        self._connection = connection
        self._events: deque[ev.Event] = deque()
        self._missed = 0
        self._iterated = False
        self._acks: dict[str, Waiter] = {}
        self._ready: Waiter | None = None
        self._next: Waiter | None = None
        self._is_leaving = False
        self._bye = ""
        self._end: Exception | None = None

    @property
    def name(self) -> str:
        """Our name in the room now."""
        return self._connection.session.name

    @property
    def count(self) -> int:
        """How many are here, as far as we were told."""
        return self._connection.session.roster.count

    @property
    def position(self) -> str:
        """After which message to go on, ``EPOCH:ID``; empty before there is one."""
        return str(self._connection.session.position or "")

    async def say(self, text: str) -> int:
        """Say one line; returns its message id when the server has it.

        It is said exactly once, also over a reconnect.

        Raises:
            RefusedError: the server refused this line.
            LostError: the connection is gone for good, or came back with a hole in the
                log: the line may have been said or not.
            OutboxFullError: too much is waiting already.
            ValueError: there is a line end in it, or nothing.
        """
        if not text.strip() or "\n" in text or "\r" in text:
            raise ValueError("one line, and not a blank one")
        self._check()
        waiter = self._loop.waiter()
        self._acks[self._connection.session.say(text)] = waiter
        self._flow()
        self._connection.pump()
        return int(str(await waiter.result()))

    async def command(self, line: str) -> None:
        """Send a slash command; its answer comes as an event.

        Raises:
            ValueError: it does not begin with a slash, or has a line end in it.
            LostError: the connection is gone for good.
        """
        if not line.startswith("/") or "\n" in line:
            raise ValueError("one line that begins with a slash")
        self._check()
        self._connection.session.command(line)
        self._connection.pump()

    async def close(self) -> None:
        """Leave. Lines without an acknowledgement are unsure."""
        left = self._loop.waiter()
        self._is_leaving = True
        self._connection.leave(left.answer)
        self._fail(LostError("closed by this side"))
        await left.result()

    def __aiter__(self) -> "Room":
        """All events, from the welcome on."""
        self._iterated = True
        return self

    async def __anext__(self) -> ev.Event:
        """The next event; ends when the room is closed, or after our ``/quit``.

        Raises:
            LostError: the connection is gone for good.
            RefusedError: the server sent us away.
        """
        while not self._events:
            if self._end is not None:
                raise StopAsyncIteration if self._is_leaving else self._end
            self._next = self._loop.waiter()
            await self._next.result()
        if self._missed:
            missed, self._missed = self._missed, 0
            return ev.Missed(missed)
        event = self._events.popleft()
        self._flow()
        return event

    # Inside

    async def _open(self) -> "Room":
        self._ready = self._loop.waiter()
        self._connection.start()
        try:
            await self._ready.result()
        except BaseException:  # cancelled, perhaps: nobody will call ``close``
            self._connection.close()
            raise
        return self

    def _listen(self, events: list[ev.Event]) -> None:
        for event in events:
            self._hear(event)
        self._events += events
        if not self._iterated:
            while len(self._events) > MAX_EVENTS:
                self._events.popleft()
                self._missed += 1
        if self._next is not None:
            self._next.answer(None)
        self._flow()

    def _hear(self, event: ev.Event) -> None:
        session = self._connection.session
        match event:
            case ev.Ack(token=token, id=number):
                self._answer(token, number)
            case ev.Problem(token=token, text=text, code=code) if token:
                if event.is_final:
                    self._answer(token, RefusedError(text or code, code))
            case ev.Problem(text=text, code=code) if self._ready is not None:
                if session.state is State.LOGIN:
                    self._refuse(RefusedError(text or code, code))
            case ev.LoginNeeded(text=text) if session.profile.secret is None:
                self._refuse(RefusedError(text, "login-required"))
            case ev.Welcome():
                if self._ready is not None:
                    self._ready.answer(None)
            case ev.Doubtful():
                self._doubt()
            case ev.Bye(code=code):
                self._bye = code
            case ev.Lost(retry_in=None):
                self._is_leaving |= event.code == "quit"
                self._fail(self._problem(event))

    def _problem(self, event: ev.Lost) -> Exception:
        if event.code == "cannot-connect":
            return CannotConnectError(event.reason)
        if event.code == "refused":
            return RefusedError(event.reason, self._bye or event.code)
        return LostError(event.reason)

    def _refuse(self, problem: RefusedError) -> None:
        self._connection.close()
        self._fail(problem)

    def _answer(self, token: str, value: object) -> None:
        waiter = self._acks.pop(token, None)
        if waiter is None:
            return
        if isinstance(value, Exception):
            waiter.fail(value)
        else:
            waiter.answer(value)

    def _doubt(self) -> None:
        """Give up the lines in doubt after a hole: their callers decide."""
        outbox = self._connection.session.outbox
        text = "reconnected with a hole in the log: said or not, nobody can tell"
        for token in outbox.doubtful_tokens:
            self._answer(token, LostError(text))
        outbox.drop_doubtful()

    def _fail(self, problem: Exception) -> None:
        if self._end is None:
            self._end = problem
        for waiter in (self._ready, *self._acks.values()):
            if waiter is not None:
                waiter.fail(problem)
        self._acks.clear()
        if self._next is not None:
            self._next.answer(None)

    def _check(self) -> None:
        if self._end is not None:
            raise self._end

    def _flow(self) -> None:
        """Pause reading when enough waits here, and nobody waits for an answer."""
        full = len(self._events) > MAX_EVENTS
        self._connection.set_paused(self._iterated and full and not self._acks)


class Connecting:
    """The result of ``connect``: entering it joins the room, exiting leaves it."""

    def __init__(self, address: Address, retry: float | None, profile: Profile) -> None:
        self._address = address
        self._retry = retry
        self._profile = profile
        self._reactor: Any = None
        self._room: Room | None = None

    def on(self, reactor: Any) -> "Connecting":
        """Use this Twisted reactor, whatever runs."""
        self._reactor = reactor
        return self

    async def __aenter__(self) -> Room:
        """Connect, and wait for the welcome.

        Raises:
            CannotConnectError: nobody answers there, or no broadcast server.
            RefusedError: the server does not want us.
        """
        loop = _loop_for(self._reactor)
        session = Session(self._profile)
        connection = Connection(
            loop, self._address, session, _ignore, retry=self._retry
        )
        self._room = Room(loop, connection)
        connection.listener = self._room._listen
        return await self._room._open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave."""
        if self._room is not None:
            await self._room.close()


def connect(
    url: str,
    *,
    name: str | None = None,
    secret: str | None = None,
    history: int = 0,
    since: str | None = None,
    ca: str | None = None,
    retry: float | None = 60.0,
) -> Connecting:
    """A room to enter with ``async with``.

    On asyncio inside a task, on the installed Twisted reactor otherwise
    (``.on(reactor)`` names another).

    Args:
        url: tcp://host:port, tls://, ws://, wss:// or unix:/path.
        name: ours in the room; None takes the one that the server gives. Only with a
            name are lines said exactly once over a reconnect.
        secret: for servers that ask for a login; ``SECRET`` or ``NAME PASSWORD``.
        history: how many earlier lines to be told first.
        since: a ``room.position`` to go on from.
        ca: a file of certificate authorities to trust instead of the system's.
        retry: for how many seconds to try to come back after a loss; None is for ever.

    Raises:
        AddressError: the URL is none.
        ValueError: ``since`` is no position.
    """
    position = ev.Position.parse(since) if since is not None else None
    profile = Profile(name=name, secret=secret, history=history, since=position)
    return Connecting(parse_address(url, ca), retry, profile)


def _loop_for(reactor: Any) -> EventLoop:
    if reactor is None:
        import asyncio

        try:
            task = asyncio.current_task()
        except RuntimeError:
            task = None
        if task is not None:
            from broadcast.client.io.asyncio import AsyncioLoop

            return AsyncioLoop()
    from broadcast.client.io.twisted import TwistedLoop

    return TwistedLoop(reactor)


def _ignore(events: list[ev.Event]) -> None:
    pass
