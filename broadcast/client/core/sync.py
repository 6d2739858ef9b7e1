"""Which answer belongs to which question, and each message once, in its order.

The server answers in the order asked, so a queue of questions is all that is needed.
``Sync`` puts a replay and the live lines that overlap it together; ``Roster`` keeps the
list of names. Both are parts of ``broadcast.client.core.session``.
"""

from collections import deque

from broadcast.client import events as ev
from broadcast.client.errors import BrokenServerError

MAX_HELD = 10_000
MAX_NAMES = 2_000
ROSTER_EVERY = 10.0
_LOGGED = (ev.Joined, ev.Left, ev.Renamed, ev.Presence)


class Sync:
    """Messages of one log: each id once, in order, across connections.

    A replay that resumes comes before the live lines that arrived while it was asked
    for; they are held back until it is through. A replay asked for by hand is shown
    as it is, seen before or not.
    """

    def __init__(self, since: ev.Position | None) -> None:
        self.sure = True
        self._epoch = since.epoch if since else None
        self._last = since.id if since else 0
        self._floor = 0
        self._fresh = False
        self._asked: deque[bool] = deque()
        self._resuming: bool | None = None
        self._held: deque[ev.Event] = deque()

    @property
    def position(self) -> ev.Position | None:
        """After which message to go on; None while there is nothing to go on from."""
        if self._epoch is None or (self._fresh and not self._last):
            return None
        return ev.Position(self._epoch, self._last)

    @property
    def is_resuming(self) -> bool:
        """Whether a replay that resumes is asked for or under way."""
        return bool(self._resuming) or True in self._asked

    def interrupted(self) -> None:
        """The connection is gone, all questions with it; held events come again."""
        self._asked.clear()
        self._held.clear()
        self._resuming = None

    def asked(self, *, resume: bool) -> None:
        """A replay was asked for."""
        self._asked.append(resume)

    def welcome(self, event: ev.Welcome) -> None:
        """A connection begins: live lines come after its id."""
        self.sure = True
        self._fresh = self._epoch is None
        self._floor = event.id
        if event.epoch != self._epoch:
            self._epoch, self._last = event.epoch, 0
        if not self.is_resuming:
            self._fresh = False
            self._last = max(self._last, self._floor)

    def ordered(self, event: ev.Event) -> list[ev.Event]:
        """The events to show now that this one has come.

        Raises:
            BrokenServerError: the replay does not come.
        """
        if isinstance(event, ev.Replay):
            self._resuming = self._asked.popleft() if self._asked else False
            if self._resuming:
                self.sure = event.missing == 0
            return [event]
        if isinstance(event, ev.Message):
            return self._message(event)
        if isinstance(event, _LOGGED) and self.is_resuming and self._resuming is None:
            return self._hold(event)
        return [event]

    def replayed(self, event: ev.Replayed) -> tuple[list[ev.Event], bool]:
        """A replay is through: the events to show, and whether it resumed."""
        resumed, self._resuming = bool(self._resuming), None
        if not resumed:
            return [event], False
        shown = [event, *self._release(None)]
        self._last = max(self._last, self._floor)
        self._fresh = False
        return shown, True

    def refused(self) -> tuple[list[ev.Event], bool]:
        """A question for a replay was answered with an error."""
        resume = self._asked.popleft() if self._asked else False
        if not resume:
            return [], False
        self.sure = self._fresh
        shown = self._release(None)
        self._last = max(self._last, self._floor)
        self._fresh = False
        return shown, True

    def _message(self, event: ev.Message) -> list[ev.Event]:
        if self._resuming is False:
            self._last = max(self._last, event.id)
            return [event]
        if self._resuming is None and True in self._asked:
            return self._hold(event)
        shown = self._release(event.id) if self._held else []
        if event.id > self._last:
            self._last = event.id
            shown.append(event)
        return shown

    def _hold(self, event: ev.Event) -> list[ev.Event]:
        if len(self._held) >= MAX_HELD:
            raise BrokenServerError("the server does not answer /since")
        self._held.append(event)
        return []

    def _release(self, before: int | None) -> list[ev.Event]:
        """The held events not seen yet, up to the message ``before``, or all."""
        shown: list[ev.Event] = []
        while self._held:
            head = self._held[0]
            if isinstance(head, ev.Message):
                if before is not None and head.id >= before:
                    break
                if head.id > self._last:
                    self._last = head.id
                    shown.append(head)
            elif before is not None:
                break
            else:
                shown.append(head)
            self._held.popleft()
        return shown


class Roster:
    """The names in the room, as far as we were told; at most ``MAX_NAMES``."""

    def __init__(self) -> None:
        self.count = 0
        self.names: set[str] = set()
        self._asked: deque[bool] = deque()
        self._piece: set[str] = set()
        self._stale = False
        self._asked_at = 0.0

    def interrupted(self) -> None:
        """The connection is gone, and all questions with it."""
        self._asked.clear()
        self._piece = set()

    def asked(self, *, by_hand: bool, now: float = 0.0) -> None:
        """The names were asked for, by a person or by ourselves."""
        self._asked.append(by_hand)
        if not by_hand:
            self._stale, self._asked_at = False, now

    def is_wanted(self, now: float) -> bool:
        """Whether to ask again: a burst was folded, and a while has passed."""
        old = now - self._asked_at >= ROSTER_EVERY
        return self._stale and old and self.count <= MAX_NAMES

    def answered(self, event: ev.Who) -> bool:
        """A piece of the names has come; whether a person asked for it."""
        by_hand = self._asked[0] if self._asked else True
        if not by_hand:
            self._piece.update(event.names[: MAX_NAMES - len(self._piece)])
        if not event.more:
            if self._asked:
                self._asked.popleft()
            if not by_hand:
                self.names, self._piece = self._piece, set()
        return by_hand

    def refused(self) -> None:
        """The question was answered with an error."""
        if self._asked:
            self._asked.popleft()

    def follow(self, event: ev.Event) -> None:
        """Update the members: a member has joined, left or been renamed."""
        if isinstance(event, ev.Joined | ev.Left | ev.Presence):
            self.count = event.count
        match event:
            case ev.Joined(name=name):
                self._add(name)
            case ev.Left(name=name):
                self.names.discard(name)
            case ev.Renamed(name=name, to=to):
                self.names.discard(name)
                self._add(to)
            case ev.Presence():
                self._stale = True

    def _add(self, name: str) -> None:
        if len(self.names) < MAX_NAMES:
            self.names.add(name)
