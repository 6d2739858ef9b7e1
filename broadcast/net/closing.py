"""Connections that are closing: first asked to end, then cut off."""

from collections.abc import Container

from broadcast.base.timers import Deadlines
from broadcast.base.work import Work
from broadcast.net import sockopts
from broadcast.session.interfaces import IConnection

LINGER = 2.0
"""Seconds for which a closing connection is read and discarded."""


class ClosingQueue:
    """Closes each connection ``LINGER`` seconds after it was added, in order.

    Who has received all of it, and stays, is reset: ``nc`` on a terminal would wait
    for the next key. To the others the kernel still delivers what it has taken: who
    reads slowly, or later, finds the last words. Who hasn't left the kernel room for
    them in as long again is cut off.

    Args:
        connections: those that are open.
        work: does it in turns: the kernel takes up to half a millisecond to drop the
            megabytes that one has not read.
    """

    def __init__(self, connections: Container[IConnection], work: Work) -> None:
        self._connections = connections
        self._ends = Deadlines[IConnection](LINGER, work, self._end)
        self._cuts = Deadlines[IConnection](LINGER, work, _cut)

    def add(self, connection: IConnection) -> None:
        """Close it soon."""
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
