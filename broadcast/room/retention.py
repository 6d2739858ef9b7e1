"""The retention of a room's log: its limit, and the members that it has moved past.

A member whose cursor is older than the log has lost its place. It is closed with
``too-slow`` and the number of lines that it has missed. To close thousands takes long:
they are closed a few in a turn.
"""

from collections import deque

from broadcast.base.work import Work
from broadcast.protocol.events import Bye, lines
from broadcast.room.directory import Directory
from broadcast.room.fanout import Fanout, Overtaken
from broadcast.room.member import Member
from broadcast.store.dedup import TokenIndex


class Retention:
    """Keeps the log to its limit, and closes those who have lost their place: a job.

    Args:
        fanout: the log's readers.
        dedup: the tokens of the lines in it.
        directory: all members of the daemon.
        work: the turns of the reactor.
    """

    def __init__(
        self, fanout: Fanout, dedup: TokenIndex, directory: Directory, work: Work
    ) -> None:
        self._fanout = fanout
        self._dedup = dedup
        self._directory = directory
        self._work = work
        self._overtaken: deque[Overtaken] = deque()

    def trim(self) -> None:
        """Trim the log to its limit, and close those who lose their place by it."""
        self._overtaken += self._fanout.trim()
        self._dedup.forget_before(self._fanout.log.first_id)
        if self._overtaken:
            self._work.add(self)

    def step(self, until: float) -> bool:
        """Close some of those who have lost their place."""
        while self._overtaken:
            subscription, missed = self._overtaken.popleft()
            if subscription.has_lost_place:
                self._dismiss(subscription.member, missed)
                if self._work.clock.seconds() >= until:
                    break
        return bool(self._overtaken)

    def abort(self) -> None:
        """Go on with the others who have lost their place."""
        self._work.add(self)

    def _dismiss(self, member: Member, missed: int) -> None:
        directory, here = self._directory, self._fanout.subscriptions
        directory.stats.too_slow += 1
        message = f"too slow: you missed {lines(missed)}"
        detail = f", missed {lines(missed)}"
        if member.session_id not in here:  # has left, and reads on
            directory.note("too-slow", member, len(here), detail=detail)
        directory.close(member, Bye("too-slow", message, missed), detail)
