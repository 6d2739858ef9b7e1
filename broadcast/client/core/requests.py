"""Our identity, and the questions that a session asks the server by itself.

On connecting: our name, the lines that we missed, the names in the room. Later: whether
the server still lives. The answers are awaited in ``broadcast.client.core.sync``.
"""

import secrets
from dataclasses import dataclass, field

from broadcast.client.address import SILENT
from broadcast.client.core.sync import Asked, Roster, Sync
from broadcast.client.events import Position

PING_AFTER = 8.0
SPEAK_AFTER = 30.0
PATIENCE = 12.0
HEARING = 2.0
HEARTBEAT = "heartbeat"
PAGE = 1000
"""Lines in a page of the log: as many as a server gives at once."""


class Heartbeat:
    """The heartbeat of one connection.

    With a check every two seconds, a dead server is noticed within 24 s. A server holds
    a json member that pings to it, so we speak at least every ``SPEAK_AFTER`` seconds.
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

    def is_odd(self, now: float) -> bool:
        """Whether who has said something else has had the time to greet."""
        return now - self._began >= HEARING

    def is_late(self, now: float) -> bool:
        """Whether the connection is older than a greeting may take."""
        return now - self._began > PATIENCE


@dataclass(frozen=True, slots=True)
class Profile:
    """The identity that we ask for, and the events that we ask for.

    ``name`` None takes the name the server gives. ``key`` (8 to 64 printable ASCII,
    ours alone) keeps the name and the tokens ours over a reconnect; tokens begin with
    ``prefix``, so that no two clients' are the same. ``history`` lines are asked for on
    the first connection, unless ``since`` names a position to go on from. ``roster``
    keeps the list of names up to date. ``insist`` holds lines back while the server has
    not granted the name. With ``quiet`` our coming and going is not announced.
    """

    name: str | None = None
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    prefix: str = field(default_factory=lambda: secrets.token_hex(6), repr=False)
    history: int = 0
    since: Position | None = None
    secret: str | None = field(default=None, repr=False)
    roster: bool = False
    insist: bool = False
    quiet: bool = False


class Requests:
    """The questions of one session, as lines without their line feeds.

    Args:
        sync: awaits old lines.
        roster: awaits names.
    """

    def __init__(self, sync: Sync, roster: Roster) -> None:
        self._sync = sync
        self._roster = roster
        self._heartbeat = Heartbeat()

    def introduction(self, profile: Profile, now: float) -> list[str]:
        """Return the first lines of a new connection."""
        self._heartbeat.begin(now)
        name = [f"/name {profile.name} {profile.key}"] if profile.name else []
        quiet = ["/quiet"] if profile.quiet else []
        return ["/format json", *quiet, *name, *self.for_missed(profile, now)]

    def for_missed(self, profile: Profile, now: float) -> list[str]:
        """Return the questions for the room as it is, and for the lines said meanwhile.

        Any line but these ends the introduction at once.
        """
        self.interrupted()
        lines = []
        if self._sync.position is not None:
            lines += self.for_rest()
        elif profile.history:
            lines.append(f"/history {profile.history}")
            self._sync.asked(Asked.HISTORY)
        lines.append(self._for_names(now) if profile.roster else f"/ping {HEARTBEAT}")
        return lines

    def for_rest(self) -> list[str]:
        """Return the question for all that follows on what we have."""
        self._sync.asked(Asked.SINCE)
        return [f"/since {self._sync.position}"]

    def for_page(self, before: str) -> str:
        """Return the question for the lines before a position, or for the last ones."""
        self._sync.asked(Asked.PAGE)
        return f"/history {PAGE} {before}".rstrip()

    def interrupted(self) -> None:
        """The connection is gone, and all questions with it."""
        self._sync.interrupted()
        self._roster.interrupted()

    def by_hand(self, line: str) -> None:
        """Note the question in a command that is sent as the person typed it."""
        word = line[1:].split(" ", 1)[0].lower()
        if word == "who":
            self._roster.asked(by_hand=True)
        elif word in ("history", "since"):
            self._sync.asked(Asked.BY_HAND)

    def heard(self, now: float) -> None:
        """Something came, at ``now`` (seconds)."""
        self._heartbeat.hear(now)

    def due(self, now: float) -> list[str]:
        """Return the question that is due at ``now``: a line at most."""
        if self._heartbeat.is_due(now):
            self._heartbeat.ask(now)
            return [f"/ping {HEARTBEAT}"]
        return [self._for_names(now)] if self._roster.is_wanted(now) else []

    def verdict(self, now: float, *, greeted: bool, strange: str | None) -> str | None:
        """Return why the server counts as dead, or None.

        Args:
            now: seconds.
            greeted: whether it has greeted us, or asked for a login.
            strange: its words in place of a greeting.
        """
        if not greeted and strange and self._heartbeat.is_odd(now):
            return strange
        if not greeted and self._heartbeat.is_late(now):
            return SILENT
        return "the server does not answer" if self._heartbeat.is_dead(now) else None

    def _for_names(self, now: float) -> str:
        self._roster.asked(by_hand=False, now=now)
        return "/who"
