"""Which answer belongs to which question, and each message once, in its order.

The server answers in the order asked, so a queue of questions is all that is needed.
``Sync`` puts a replay and the live lines that overlap it together; ``Roster`` keeps the
list of names. Both are parts of ``broadcast.client.core.session``.
"""

import enum
from collections import deque

from broadcast.client import events as ev
from broadcast.client.errors import BrokenServerError

MAX_HELD = 10_000
MAX_NAMES = 2_000
ROSTER_EVERY = 10.0
_LOGGED = (ev.Joined, ev.Left, ev.Renamed, ev.Presence)


class Asked(enum.Enum):
    """Why a replay was asked for."""

    BY_HAND = "a person typed it"
    PAGE = "to look through"
    HISTORY = "the last lines, on the first connection"
    SINCE = "what was said since a position"


class Sync:
    """Messages of one log: each id once, in order, across connections.

    A replay that resumes comes before the live lines that arrived while it was asked
    for; they are held back until it is through. It may take several answers: each says
    whether there is more, and only the last one's end is shown. A replay asked for by
    hand is shown as it is, seen before or not.

    Attributes:
        epoch: of the log that we are in; None before there is one.
        last: the id of the last message of it that was seen.
        floor: live lines come after this one.
        is_known: whether the position that we go on from is in the server's log.
    """

    def __init__(self, since: ev.Position | None) -> None:
        self.is_known = True
        self.epoch = since.epoch if since else None
        self.last = since.id if since else 0
        self.floor = 0
        self._fresh = False
        self._asked: deque[Asked] = deque()
        self._replaying: Asked | None = None
        self._goes_on = False
        self._from = 0
        self._held: deque[ev.Event] = deque()
        self._page: list[ev.Message] = []

    @property
    def position(self) -> ev.Position | None:
        """After which message to go on; None while there is nothing to go on from."""
        if self.epoch is None or (self._fresh and not self.last):
            return None
        return ev.Position(self.epoch, self.last)

    @property
    def is_resuming(self) -> bool:
        """Whether a replay that resumes is asked for or under way."""
        return self._resumes or self._is_resume_asked

    def interrupted(self) -> None:
        """The connection is gone, all questions with it; held events come again."""
        self._asked.clear()
        self._held.clear()
        self._replaying = None
        self._goes_on = False

    def asked(self, why: Asked) -> None:
        """A replay was asked for."""
        self._asked.append(why)

    def welcome(self, event: ev.Welcome) -> None:
        """A connection begins: live lines come after its id."""
        self.is_known = True
        self._fresh = self.epoch is None
        self.floor = event.id
        if event.epoch != self.epoch:
            self.epoch, self.last = event.epoch, 0
        if not self.is_resuming:
            self._fresh = False
            self.last = max(self.last, self.floor)

    def ordered(self, event: ev.Event) -> list[ev.Event]:
        """The events to show now that this one has come.

        Raises:
            BrokenServerError: the replay does not come.
        """
        if isinstance(event, ev.Replay):
            self._replaying = self._asked.popleft() if self._asked else Asked.BY_HAND
            if self._replaying is Asked.PAGE:
                self._page = []
                return []
            goes_on, self._goes_on = self._goes_on and self._resumes, False
            if self._resumes:
                self._from = self.last
                self.is_known = self.is_known and event.missing is not None
            return [] if goes_on and event.missing == 0 else [event]
        if isinstance(event, ev.Message):
            return self._message(event)
        if isinstance(event, _LOGGED) and self.is_resuming and self._replaying is None:
            return self._hold(event)
        return [event]

    def replayed(self, event: ev.Replayed) -> tuple[list[ev.Event], bool]:
        """A replay is through: the events to show, and whether it resumed.

        Where there is more since our position, it has not: ask on from there.
        """
        why, self._replaying = self._replaying, None
        if why is Asked.PAGE:
            first = event.first if event.more else ""
            page, self._page = ev.Page(tuple(self._page), first), []
            return [page], False
        if why not in (Asked.HISTORY, Asked.SINCE):
            return [event], False
        if why is Asked.SINCE and event.more:
            shown = self._advance(event.position)
            if self.last > self._from:  # or it would be asked the same for ever
                self._goes_on = True
                return shown, False
        shown = [event, *self._release(None)]
        self.last = max(self.last, self.floor)
        self._fresh = False
        return shown, True

    def refused(self) -> tuple[list[ev.Event], bool]:
        """A question for a replay was answered with an error."""
        why = self._asked.popleft() if self._asked else Asked.BY_HAND
        if why is Asked.PAGE:
            return [ev.Page(())], False
        if why is Asked.BY_HAND:
            return [], False
        self._goes_on = False
        shown = self._release(None)
        self.last = max(self.last, self.floor)
        self._fresh = False
        return shown, True

    @property
    def goes_on(self) -> bool:
        """Whether the replay that has just ended left something to ask for."""
        return self._goes_on and not self._is_resume_asked

    @property
    def _resumes(self) -> bool:
        return self._replaying in (Asked.HISTORY, Asked.SINCE)

    @property
    def _is_resume_asked(self) -> bool:
        return Asked.HISTORY in self._asked or Asked.SINCE in self._asked

    def _advance(self, position: str) -> list[ev.Event]:
        """Be where an answer ended; the held events up to there, if it had not them."""
        try:
            end = ev.Position.parse(position)
        except ValueError:
            return []
        if end.epoch != self.epoch or end.id <= self.last:
            return []
        shown = self._release(end.id + 1)
        self.last = max(self.last, end.id)
        return shown

    def _message(self, event: ev.Message) -> list[ev.Event]:
        if self._replaying is Asked.PAGE:
            self._page.append(event)
            return []
        if self._replaying is Asked.BY_HAND:
            if not self._is_resume_asked:
                self.last = max(self.last, event.id)
            return [event]
        if self._replaying is None and self._is_resume_asked:
            return self._hold(event)
        shown = self._release(event.id) if self._held else []
        if event.id > self.last:
            self.last = event.id
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
                if head.id > self.last:
                    self.last = head.id
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
        """Update the members: a member has joined, left or been renamed.

        Events between two pieces of the answer to ``/who`` count too: a piece is true
        when it is told, so a later event applies to the pieces before it.
        """
        if isinstance(event, ev.Joined | ev.Left | ev.Presence):
            self.count = event.count
        match event:
            case ev.Joined(name=name):
                self._add(name)
            case ev.Left(name=name):
                self._remove(name)
            case ev.Renamed(name=name, to=to):
                self._remove(name)
                self._add(to)
            case ev.Presence():
                self._stale = True

    def _add(self, name: str) -> None:
        for names in self._lists:
            if len(names) < MAX_NAMES:
                names.add(name)

    def _remove(self, name: str) -> None:
        for names in self._lists:
            names.discard(name)

    @property
    def _lists(self) -> tuple[set[str], set[str]]:
        """The names as they were told last, and those of an answer under way."""
        return self.names, self._piece
