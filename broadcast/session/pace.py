"""The pace of one that says too much: how ``--rate`` holds it up."""

from broadcast.auth.ratelimit import Bucket
from broadcast.base.settings import RoomSettings
from broadcast.base.values import plural
from broadcast.protocol.events import Error


class Pace:
    """The rate of one member.

    Args:
        settings: the room's.
        now: seconds of a clock that never goes back, as in ``take``.

    Attributes:
        is_slow: the next line is too early.
    """

    __slots__ = ("_bucket", "_is_told", "is_slow")

    def __init__(self, settings: RoomSettings, now: float) -> None:
        self._bucket = Bucket(settings.rate, settings.burst, now)
        self._is_told = False
        self.is_slow = False

    def take(self, count: int, settings: RoomSettings, now: float) -> bool:
        """Take ``count`` lines, all or none; tell whether there were so many."""
        limits = settings.rate, settings.burst
        if (self._bucket.rate, self._bucket.burst) != limits:
            self._bucket = Bucket(*limits, now)
        is_taken = self._bucket.take(count, now)
        self.is_slow = not is_taken and count == 1
        return is_taken

    def news(self) -> Error | None:
        """Return what the member is told of it: once."""
        if self._is_told:
            return None
        self._is_told = True
        rate = plural(self._bucket.rate, "line")
        message = f"slowed to {rate} a second; nothing is lost"
        return Error("slowed", None, message)
