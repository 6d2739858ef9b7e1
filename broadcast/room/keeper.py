"""The room's side of its store: old lines, a full disk, the end of it all."""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from broadcast.base.work import IReactorTime
from broadcast.protocol.events import Bye
from broadcast.room.commits import Commits
from broadcast.room.directory import Directory
from broadcast.room.fanout import Fanout
from broadcast.store.dedup import TokenIndex
from broadcast.store.entries import Batch

REMINDER: Final = 60.0
"""Seconds after which the log says again that nothing can be written."""

RESTARTED: Final = "The server starts anew"

AWAY: Final = Bye("restarted", "The room can't be reached from here: come again")
"""The last words to members that are sent away, and to those that come meanwhile."""


class Keeper:
    """A room, as its store sees it: see ``IRoom``.

    Args:
        fanout: sends the batches that the store hands in.
        dedup: the tokens of what was said.
        directory: everybody connected.
        clock: times the reminders in the log.
        commits: the commits of the room.

    Attributes:
        is_live: members may be there, to be told what is heard.
        why_away: why nothing can be committed for now; "" if it can.
        why_stalled: why nothing can be written, in the system's own words; "" if all
            is well.
        why_cut_off: why nothing ever will be; "" if it may be.
        on_change: called when one of them has changed.
    """

    def __init__(
        self,
        fanout: Fanout,
        dedup: TokenIndex,
        directory: Directory,
        clock: IReactorTime,
        commits: Commits,
    ) -> None:
        self.is_live = False
        self.why_stalled = self.why_cut_off = self.why_away = ""
        self.on_change: Callable[[], object] = lambda: None
        self._fanout = fanout
        self._dedup = dedup
        self._directory = directory
        self._clock = clock
        self._commits = commits
        self._logger = Logger(namespace="broadcast")
        self._stalls = 0
        self._is_renewed = False

    def heard(self, batch: Batch) -> None:
        """Append a batch that was committed earlier, or by others."""
        if self.is_live:
            self._commits.hear(batch)
            return
        log = self._fanout.log
        if not log.lines and not self._is_renewed:
            log.begin(batch.first - 1)
        self._fanout.send(batch)

    def stalled(self, why: str) -> None:
        """Say that nothing can be written for now: members wait."""
        self.why_stalled = why
        self._stalls += 1
        self._remind(self._stalls, self._clock.seconds())
        self.on_change()

    def flowing(self) -> None:
        """Say that it can be written again."""
        self.why_stalled = ""
        self._stalls += 1
        self._logger.warn("lines can be written again", event="store-written")
        self.on_change()

    def cut_off(self, why: str) -> None:
        """Send everybody away: the commit in flight can't be made any more."""
        self.why_stalled = ""
        self._stalls += 1
        self.why_cut_off = why
        self._send_away(Bye("restarted", RESTARTED))
        self.on_change()

    def sending(self) -> Deferred[None] | None:
        """Return what fires when the last batch was sent to all; None: it was."""
        return self._commits.sending()

    def away(self, why: str) -> None:
        """Send everybody away, and let nobody in, for now."""
        self.why_stalled, self.why_away = "", why
        self._stalls += 1
        self._logger.warn(
            "members are sent away: {reason}", event="store-away", reason=why
        )
        self._directory.occupancy.away = AWAY
        self._send_away(AWAY)
        self._commits.shut()
        self.on_change()

    def back(self, epoch: str) -> None:
        """Let members in again."""
        self.why_away = ""
        self.is_live = True
        self._directory.occupancy.away = None
        self._commits.open()
        self._logger.warn(
            "members may come again: epoch {subject}",
            event="store-back",
            subject=epoch,
        )
        self.on_change()

    def renewed(self, last_id: int) -> None:
        """Begin the log anew, after a line: the rest is handed in again."""
        self.is_live = False
        self._is_renewed = True
        self._fanout.log.begin(last_id)
        self._dedup.clear()

    def _send_away(self, bye: Bye) -> None:
        for member in self._directory:
            self._directory.close(member, bye)

    def _remind(self, stall: int, began: float) -> None:
        """Log that nothing can be written; again each minute, while that lasts."""
        if stall != self._stalls:
            return
        seconds = round(self._clock.seconds() - began)
        self._logger.error(
            "nothing can be written: {reason}; everybody waits{since}",
            event="store-not-written",
            reason=self.why_stalled,
            since=f", for {seconds} s now" if seconds else ", and nothing is lost",
        )
        self._clock.callLater(REMINDER, lambda: self._remind(stall, began))
