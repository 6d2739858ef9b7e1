"""Whether the other side is alive. Times in, verdicts out; seconds on any clock."""

PING_AFTER = 8.0
SPEAK_AFTER = 30.0
PATIENCE = 12.0


class Pulse:
    """The heartbeat of one connection.

    With a look every two seconds, a dead server is noticed within 24 s. A server holds
    a json member that pings to it, so we speak at least every `SPEAK_AFTER` seconds.
    """

    def __init__(self) -> None:
        self._began = self._heard = self._spoke = 0.0
        self._asked: float | None = None

    def begin(self, now: float) -> None:
        """A connection is open and we have spoken."""
        self._began = self._heard = self._spoke = now
        self._asked = None

    def hear(self, now: float) -> None:
        """Anything at all has come."""
        self._heard, self._asked = now, None

    def ask(self, now: float) -> None:
        """A ping is sent."""
        self._spoke = self._asked = now

    def is_due(self, now: float) -> bool:
        """Whether to send a ping."""
        quiet = now - self._heard > PING_AFTER or now - self._spoke > SPEAK_AFTER
        return quiet and self._asked is None

    def is_dead(self, now: float) -> bool:
        """Whether a ping has gone unanswered for too long."""
        return self._asked is not None and now - self._asked > PATIENCE

    def is_late(self, now: float) -> bool:
        """Whether the connection is older than a greeting may take."""
        return now - self._began > PATIENCE
