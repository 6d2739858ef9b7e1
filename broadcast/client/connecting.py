"""The way into a room: `async with connect(url, name=...) as room: ...`.

The same on plain asyncio and on any Twisted reactor; docs/client.md has an example.
"""

from types import TracebackType
from typing import Any

from broadcast.client import events as ev
from broadcast.client.address import Address, parse_address
from broadcast.client.api import Room
from broadcast.client.core.session import Session
from broadcast.client.core.wish import Wish
from broadcast.client.io.connection import Link
from broadcast.client.io.net import Net


class Connecting:
    """What `connect` returns: enter it to be in the room, leave it to leave."""

    def __init__(self, address: Address, retry: float | None, wish: Wish) -> None:
        self._address = address
        self._retry = retry
        self._wish = wish
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
        net = _net_for(self._reactor)
        session = Session(self._wish)
        link = Link(net, self._address, session, _ignore, retry=self._retry)
        self._room = Room(net, link)
        link.listener = self._room._listen
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
    """A room to enter with `async with`.

    On asyncio inside a task, on the installed Twisted reactor otherwise (`.on(reactor)`
    names another).

    Args:
        url: tcp://host:port, tls://, ws://, wss:// or unix:/path.
        name: ours in the room; None takes what the server gives. Only with a name are
            lines said exactly once over a reconnect.
        secret: for servers that ask for a login; `SECRET` or `NAME PASSWORD`.
        history: how many earlier lines to be told first.
        since: a `room.position` to go on from.
        ca: a file of certificate authorities to trust instead of the system's.
        retry: for how many seconds to try to come back after a loss; None is for ever.

    Raises:
        AddressError: the URL is none.
        ValueError: `since` is no position.
    """
    from broadcast.client.core.position import Position

    position = Position.parse(since) if since is not None else None
    wish = Wish(name=name, secret=secret, history=history, since=position)
    return Connecting(parse_address(url, ca), retry, wish)


def _net_for(reactor: Any) -> Net:
    if reactor is None:
        import asyncio

        try:
            task = asyncio.current_task()
        except RuntimeError:
            task = None
        if task is not None:
            from broadcast.client.io.asyncio import AsyncioNet

            return AsyncioNet()
    from broadcast.client.io.twisted import TwistedNet

    return TwistedNet(reactor)


def _ignore(events: list[ev.Event]) -> None:
    pass
