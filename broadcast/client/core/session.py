"""The client's side of the protocol, without a connection or a clock.

Bytes and times go in (``connected``, ``receive``, ``tick``, ``disconnected``), events
and bytes come out (``take_events``, ``take_output``). A session outlives its
connections: it knows our name and key, the last position seen, and which lines are not
yet answered; so a reconnect loses nothing, repeats nothing and says nothing twice.

Its own questions live in ``requests``, their answers in ``sync``, lines on their way
out in ``outbox``.
"""

import enum
from dataclasses import replace

from broadcast.client import events as ev
from broadcast.client.core.decode import LineSplitter, decode
from broadcast.client.core.outbox import Ground, Outbox
from broadcast.client.core.requests import HEARTBEAT, Profile, Requests
from broadcast.client.core.strangers import unknown
from broadcast.client.core.sync import Roster, Sync
from broadcast.client.errors import BadLineError
from broadcast.protocol.names import fold
from broadcast.protocol.sanitize import mend

_EARLY = (ev.Welcome, ev.LoginNeeded, ev.Problem, ev.Bye)


class State(enum.Enum):
    """Where a session stands. ``ENDED`` is for good."""

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


class Session:
    """One member's side of the protocol, over any number of connections.

    Attributes:
        is_held: whether lines wait until it is told that others are in doubt.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.state = State.AWAY
        self.name = profile.name or ""
        self.server = ""
        self.preface = ""
        self.farewell: ev.Bye | None = None
        self.outbox = Outbox(profile.prefix)
        self.roster = Roster()
        self.sync = Sync(profile.since)
        self.is_held = False
        self._max_line = 8192
        self._lines = LineSplitter()
        self._out: list[bytes] = []
        self._events: list[ev.Event] = []
        self._requests = Requests(self.sync, self.roster)

    @property
    def position(self) -> ev.Position | None:
        """After which message to go on, once it is known."""
        return self.sync.position

    @property
    def is_nameless(self) -> bool:
        """Whether we insist on a name and have not got it."""
        return self.profile.insist and self.name != self.profile.name

    # In: the connection

    def connected(self, now: float) -> None:
        """A connection is open: introduce ourselves."""
        self.state = State.GREETING
        self.preface, self.farewell = "", None
        self._lines, self._out = LineSplitter(), []
        self._send(*self._requests.introduction(self.profile, now))

    def receive(self, data: bytes, now: float) -> None:
        """Bytes have come, in any pieces.

        Raises:
            BrokenServerError: this is not the protocol.
        """
        self._requests.heard(now)
        for line in self._lines.feed(data):
            if self.state is not State.ENDED:
                self._receive_line(line)

    def disconnected(self) -> None:
        """The connection is gone; ``connected`` may follow."""
        if self.state is not State.ENDED:
            self.state = State.AWAY
        self._out = []
        self._requests.interrupted()

    def tick(self, now: float, *, reading: bool = True) -> str | None:
        """Call every two seconds or so: keeps the connection alive.

        While ``reading`` is false nothing can be heard, and nobody is called dead.

        Returns:
            Why the server counts as dead, or None.
        """
        if self.state in (State.AWAY, State.ENDED):
            return None
        if not reading:
            self._requests.heard(now)
        strange = unknown(self.preface or "binary data" * self._lines.has_binary)
        verdict = self._requests.verdict(
            now, greeted=self.state is not State.GREETING, strange=strange
        )
        if verdict is None:
            self._send(*self._requests.due(now))
        return verdict

    # In: the person or the program

    def say(self, text: str) -> str:
        """Take one line to say, now or after the next reconnect; its token.

        Raises:
            OutboxFullError: too much is waiting.
        """
        return self.outbox.add(text)

    def rename(self, name: str) -> None:
        """Ask for another name, under the same key, after the lines before it."""
        self._take_lines()
        self._send(f"/name {name} {self.profile.key}")

    def login(self, secret: str) -> None:
        """Answer ``LoginNeeded``: ``SECRET``, or ``NAME PASSWORD``."""
        self.profile = replace(self.profile, secret=secret)
        self._send(f"/login {secret}")

    def command(self, line: str) -> None:
        """Send a slash command as it is, after the lines that were said before it.

        Its answer comes as an event.
        """
        self._take_lines()
        self._requests.by_hand(line)
        self._send(line)

    def look_back(self, before: str = "") -> None:
        """Ask for a page of the log, before a position or the last; a ``Page`` comes.

        Where the connection goes, none comes.
        """
        self._take_lines()
        self._send(self._requests.for_page(before))

    # Out

    def take_output(self) -> bytes:
        """The bytes to write now; call it after every input."""
        self._take_lines()
        data, self._out = b"".join(self._out), []
        return data

    def take_events(self) -> list[ev.Event]:
        """The events since the last call."""
        events, self._events = self._events, []
        self.is_held = False
        return events

    def _take_lines(self) -> None:
        """Move the lines that may be said now from the outbox to the output."""
        if self.state is not State.LIVE or self.is_nameless or self.farewell:
            return
        if self.is_held:
            return
        commands, too_long = self.outbox.take(self._ground(), self._max_line)
        self._out += commands
        for line in too_long:
            most = line.longest(self._max_line)
            text = f"longer than the {most} bytes that a line may have"
            self._emit(ev.Problem("too-long", "say", text, line.token, line.text))

    def _ground(self) -> Ground:
        has_key = self.name == self.profile.name and self.sync.is_known
        newest = max(self.sync.last, self.sync.floor)
        return Ground(self.name if has_key else "", self.sync.epoch or "", newest)

    def _send(self, *lines: str) -> None:
        self._out += [line.encode(errors="replace") + b"\n" for line in lines]

    def _emit(self, event: ev.Event) -> None:
        self._events.append(event)

    def _receive_line(self, line: str) -> None:
        try:
            event = decode(line)
        except BadLineError as problem:
            if self.state.is_early:
                self.preface = mend(line) or self.preface
            else:
                self._emit(ev.Notice(f"(a line that is no event: {problem})"))
            return
        if event is not None and self.state.minds(event):
            self._receive_event(event)

    def _receive_event(self, event: ev.Event) -> None:
        match event:
            case ev.Message() | ev.Replay():
                self._events += self.sync.ordered(event)
            case ev.Joined() | ev.Left() | ev.Renamed() | ev.Presence():
                self._follow(event)
            case ev.Ack(token=token):
                self.outbox.settle(token)
                self._emit(event)
            case ev.Who():
                if self.roster.answered(event):
                    self._emit(event)
            case ev.Pong(token=token):
                if token != HEARTBEAT:
                    self._emit(event)
            case ev.Replayed():
                self._show(*self.sync.replayed(event))
                if self.sync.goes_on:
                    self._send(*self._requests.for_rest())
            case ev.Problem():
                self._on_problem(event)
            case ev.Welcome():
                self._on_welcome(event)
            case ev.LoginNeeded():
                self._on_login(event)
            case ev.Bye():
                self._on_bye(event)
            case _:
                self._emit(event)

    def _on_welcome(self, event: ev.Welcome) -> None:
        self.roster.count, self.server = event.count, event.server
        self._max_line = event.max_line
        if not self.state.is_early:
            self._emit(event)
            return
        if self.state is State.LOGIN:
            self._send(*self._requests.for_missed(self.profile, 0.0))
        self.name = event.name
        if self.profile.name and fold(self.profile.name) == fold(event.name):
            self.profile = replace(self.profile, name=event.name)
        self.sync.welcome(event)
        self._emit(event)
        if self.sync.is_resuming:
            self.state = State.REPLAYING
        else:
            self._live()

    def _live(self) -> None:
        self.state = State.LIVE
        if doubtful := self.outbox.recall(self._ground()):
            self.is_held = True
            self._emit(ev.Doubtful(doubtful))

    def _show(self, events: list[ev.Event], resumed: bool) -> None:
        self._events += events
        if resumed and self.state is State.REPLAYING:
            self._live()

    def _follow(self, event: ev.Event) -> None:
        if isinstance(event, ev.Renamed) and event.name == self.name:
            self.name = event.to
            self.profile = replace(self.profile, name=event.to)
        self.roster.follow(event)
        self._events += self.sync.ordered(event)

    def _on_problem(self, event: ev.Problem) -> None:
        if self.state.is_early:
            if event.code != "login-required":
                self._emit(event)
            return
        line = self.outbox.settle(event.token) if event.is_final else None
        if event.command != "quiet":  # an older server announces us, then
            self._emit(replace(event, line=line.text) if line else event)
        if event.command == "who":
            self.roster.refused()
        elif event.command in ("since", "history"):
            self._show(*self.sync.refused())

    def _on_login(self, event: ev.LoginNeeded) -> None:
        self.state = State.LOGIN
        self._requests.interrupted()
        self._emit(event)
        if self.profile.secret is not None:
            self._send(f"/login {self.profile.secret}")

    def _on_bye(self, event: ev.Bye) -> None:
        self.farewell = event
        if not event.reconnect:
            self.state = State.ENDED
        self._emit(event)
