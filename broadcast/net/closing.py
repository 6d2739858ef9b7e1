"""Connections that are closing: first shut down, then aborted."""

from collections.abc import Container

from broadcast.base.timers import Deadlines
from broadcast.base.work import Work
from broadcast.net import sockopts
from broadcast.session.interfaces import IConnection

LINGER = 2.0
"""Seconds for which a closing connection is read and discarded."""


class ClosingQueue:
    """Closes each connection ``LINGER`` seconds after it was added, in order.

    A peer that has received everything, and stays connected, is reset: ``nc`` on a
    terminal would wait for the next key. To other peers the kernel still delivers its
    buffer, so that a slow reader finds the last words. A connection whose buffer still
    has no room for them after another ``LINGER`` seconds is aborted.

    Args:
        connections: the open connections.
        work: closes them in turns: the kernel takes up to half a millisecond to drop
            the unread megabytes of a connection.
    """

    def __init__(self, connections: Container[IConnection], work: Work) -> None:
        self._connections = connections
        self._ends = Deadlines[IConnection](LINGER, work, self._end)
        self._cuts = Deadlines[IConnection](LINGER, work, _cut)

    def add(self, connection: IConnection) -> None:
        """Close ``connection`` after ``LINGER`` seconds."""
        self._ends.add(connection)

    def _end(self, connection: IConnection) -> bool:
        if connection not in self._connections:
            return False
        if sockopts.has_arrived(connection.transport):
            return connection.abort()
        self._cuts.add(connection)
        connection.transport.loseConnection()
        return True


def _cut(connection: IConnection) -> bool:
    return connection.abort()
