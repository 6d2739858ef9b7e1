"""Where a session stands, and what it listens to there."""

import enum

from broadcast.client import events as ev


class State(enum.Enum):
    """Where a session stands. `ENDED` is for good."""

    AWAY = "offline"
    GREETING = "connecting"
    LOGIN = "login"
    REPLAYING = "replaying"
    LIVE = "connected"
    ENDED = "ended"

    @property
    def is_early(self) -> bool:
        """Whether the server has not greeted yet."""
        return self in (State.GREETING, State.LOGIN)

    def minds(self, event: ev.Event) -> bool:
        """Whether an event means anything there: before the greeting few do."""
        return not self.is_early or isinstance(event, _EARLY)


_EARLY = (ev.Welcome, ev.LoginNeeded, ev.Problem, ev.Bye)
