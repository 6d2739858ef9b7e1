"""The end of the daemon: it steps out of the way, says goodbye, and waits.

First comes the lame duck time, in which all goes on, but ``/readyz`` says 503: a load
balancer takes this daemon off its list before a connection is refused. Then the
listeners close, and the members get their ``bye``. After a lame duck time they get it
one by one over the first half of the drain, so that they don't all come to the next
daemon at once; without one, at once.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from broadcast.net.connections import Connections
from broadcast.protocol.events import Bye
from broadcast.room.commits import Commits
from broadcast.room.directory import When

GOODBYE: Final = Bye("shutdown", "The server has shut down")

TICK: Final = 0.05
"""Seconds between two groups of members that get their ``bye``."""


class Drain:
    """Ends all connections, within the seconds that the admin gives.

    Args:
        reactor: times it.
        connections: the open connections.
    """

    def __init__(self, reactor: Any, connections: Connections) -> None:
        self._reactor = reactor
        self._connections = connections
        self._logger = Logger(namespace="broadcast")
        self._skip: Callable[[], None] | None = None  # ends the wait before its time
        self._over: Deferred[None] | None = None  # fires when the wait is over

    async def run(
        self,
        lame_duck: float,
        drain: float,
        close_listeners: Callable[[], Awaitable[None]],
    ) -> None:
        """Return when no connection is left, and all that was said is committed.

        Args:
            lame_duck: seconds for which all goes on.
            drain: seconds to deliver what was said, after these.
            close_listeners: called in between.
        """
        connections = self._connections
        connections.is_open = False
        if lame_duck:
            self._log("lame-duck", "no more ready, {count} here")
            await self._wait(lame_duck)
        connections.stop(GOODBYE)
        await close_listeners()
        self._log("stopping", "shutting down, {count} here")
        self._say_goodbye(drain / 2 if lame_duck else 0.0)
        if connections or not connections.room.commits.is_settled:
            if connections:
                connections.when_empty(self._await_commit)
            else:
                self._await_commit()
            await self._wait(drain, self._cut_short)
        for connection in tuple(connections):
            connection.abort()

    def hurry(self) -> None:
        """End what is waited for: the lame duck time, or else the drain."""
        if self._skip is not None:
            self._skip()

    def _log(self, event: str, message: str) -> None:
        count = len(self._connections.room.subscriptions)
        self._logger.info(message, event=event, count=count)

    async def _wait(
        self, seconds: float, cut_short: Callable[[], None] | None = None
    ) -> None:
        """Wait for ``seconds``, or for ``_end_wait``.

        Args:
            seconds: the time.
            cut_short: called when it is over, or at ``hurry``, before the wait ends.
        """
        over = self._over = Deferred[None]()

        def skip() -> None:
            if cut_short is not None:
                cut_short()
            self._end_wait()

        self._skip = skip
        timer = self._reactor.callLater(seconds, skip)
        await over
        if timer.active():
            timer.cancel()

    def _end_wait(self) -> None:
        self._skip = None
        over, self._over = self._over, None
        if over is not None:
            over.callback(None)

    def _await_commit(self) -> None:
        """End the wait when all that was said has been committed, or never will be."""
        room = self._connections.room
        if room.keeper.why_cut_off:
            self._reactor.callLater(0, self._end_wait)
        else:
            room.work.add(Settling(room.commits, self._end_wait))

    def _cut_short(self) -> None:
        connections = self._connections
        left = sum(not c.session.subscription.finished for c in connections)
        if left:
            self._logger.warn(
                "{count} cut off, with lines to read", event="cut-off", count=left
            )
        if not self._connections.room.commits.is_settled:
            self._logger.warn(
                "not all was committed: the store did not answer in time",
                event="not-committed",
            )

    def _say_goodbye(self, seconds: float) -> None:
        """Close each connection, evenly over ``seconds``, those that joined first."""
        left = deque(self._connections)
        count, began = len(left), self._reactor.seconds()

        def close_due() -> None:
            until = self._reactor.seconds() - began + TICK
            after = 0 if until >= seconds else int(count * (1 - until / seconds))
            while len(left) > after:
                left.popleft().session.close(GOODBYE, When.AFTER_READ)
            if left:
                self._reactor.callLater(TICK, close_due)

        close_due()


class Settling:
    """Calls when all that was said has been committed: a job.

    Args:
        commits: of the room where it was said.
        then: is called.
    """

    def __init__(self, commits: Commits, then: Callable[[], object]) -> None:
        self._commits = commits
        self._then = then

    def step(self, until: float) -> bool:
        """Look whether all is committed."""
        if self._commits.is_settled:
            self._then()
        else:
            self._commits.settle(self)
        return False

    def abort(self) -> None:
        """Wait no longer: a look has failed."""
        self._then()
