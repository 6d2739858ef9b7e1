"""The session of a connection: its life, and its turns.

Whole lines come in. A clean block is said at once; all else waits for its turn
(``base.work``). The speech interprets the lines. The connection has to do with bytes on
a wire, line ends and telnet.
"""

from collections.abc import Callable
from typing import Final

from broadcast.base.work import SPARSE
from broadcast.protocol import sanitize
from broadcast.protocol.dialects import TEXT
from broadcast.protocol.events import Bye, Error
from broadcast.room.answers import MAX_OWED
from broadcast.room.directory import When
from broadcast.room.member import Peer
from broadcast.room.output import MAX_BACKLOG
from broadcast.room.room import Room
from broadcast.session.interfaces import (
    CLOSED_CONNECTION,
    ClosedConnection,
    IConnection,
    IHandshake,
    ISpeech,
)
from broadcast.session.pace import Pace
from broadcast.session.states import ENDED, GOES_ON, HANDSHAKING, WAITS, State, move

SHARE_LINES: Final = 1024
"""Lines that are said as one run; one read of 64-byte lines is not split."""

SLOWED_WAIT: Final = 0.05
"""Seconds after which one that was too fast may go on."""


class Session:
    """The input side of a connection, and its life: see ``ISession``.

    It is a job: a step takes some of the lines that wait.

    Args:
        room: the room that it joins.
        connection: the connection.
        peer: its address.
        speech: the interpreter of its lines.
        new_handshake: the function that returns its handshake.
    """

    __slots__ = (
        "_connection",
        "_is_due",
        "_is_fresh",
        "_is_paused",
        "_is_sifting",
        "_negotiated",
        "_pace",
        "_reason",
        "_rest",
        "_yields",
        "bye",
        "handshake",
        "is_connect",
        "is_pinging",
        "member",
        "room",
        "speech",
        "state",
        "subscription",
    )

    def __init__(
        self,
        room: Room,
        connection: IConnection,
        peer: Peer,
        speech: ISpeech,
        new_handshake: Callable[["Session"], IHandshake],
    ) -> None:
        self.room = room
        self.member = room.directory.new_member(peer, room.settings.echo)
        self.subscription = room.subscribe(self.member)
        self.state = State.SECURING
        self.bye: Bye | None = None
        self.is_pinging = False
        self.is_connect = False
        self._connection: IConnection | ClosedConnection = connection
        self.speech = speech
        self._pace: Pace | None = None
        self._reason: tuple[Bye | str, str] | None = None  # why it ends, and a detail
        self._rest = b""  # lines that wait for their turn
        self._negotiated = b""  # answers of telnet's that wait for those
        self._is_fresh = True  # nothing has been heard
        self._is_paused = False  # it isn't read: something waits
        self._is_sifting = False  # what waits has to be gone through by line
        self._is_due = False  # it joins after what waits
        self._yields = False  # what waits is taken when all has been answered
        self.handshake: IHandshake | None = new_handshake(self)
        room.directory.sessions[self.member.session_id] = self

    # What it says

    def hear(self, block: bytes, is_little: bool = True) -> bool:
        """Take whole lines, each ended by LF; tell whether they were said at once.

        Args:
            block: the lines.
            is_little: they are not part of what came with many more.
        """
        if self._reason is not None or self.state in ENDED:
            return False
        self.room.stats.bytes_in += len(block)
        if self._is_fresh or b"\r" in block:
            block = self.speech.prepare(self, block, self._is_fresh)
            self._is_fresh = False
        if self._rest:
            self._rest += block
            is_little &= self.subscription.is_sparse
            self.subscription.is_sparse = is_little and len(self._rest) <= SPARSE
            self._pause()
        elif self.handshake is None and self._say_at_once(block):
            return True
        else:
            self._rest = block
            is_sparse = is_little and len(block) <= SPARSE
            self.subscription.is_sparse = is_sparse
            self.room.work.add(self, is_sparse)
        return False

    def negotiate(self, answers: bytes) -> None:
        """Have telnet's ``answers`` written, between lines, behind what was said."""
        if self._reason is None and self.state not in ENDED:
            self._negotiated += answers
            self.room.work.add(self, is_fresh=True)

    @property
    def is_introducing(self) -> bool:
        """It has not been asked for anything, and has not joined."""
        return self.state is State.HANDSHAKE

    @property
    def is_waiting(self) -> bool:
        """Something that it said waits for a later turn; it isn't read."""
        return bool(self._rest) or self.state in WAITS

    def go_on(self) -> None:
        """Take what waits, in turn."""
        self.room.work.add(self)

    def yield_turn(self) -> None:
        """Take what follows when all that was asked for has been answered."""
        self._yields = True

    def refuse(self, error: Error) -> None:
        """Tell that something was not taken."""
        self.speech.refuse(self, error)

    def take(self, count: int) -> bool:
        """Tell whether ``count`` lines may be said now (``--rate``); count them.

        Lines that are left at its end are not slowed.
        """
        settings = self.room.settings
        if not settings.rate or self._reason is not None:
            return True
        now = self.room.work.clock.seconds()
        if self._pace is None:
            self._pace = Pace(settings, now)
        return self._pace.take(count, settings, now)

    def step(self, until: float) -> bool:
        """Take some of what waits."""
        subscription = self.subscription
        if self.state is State.CLAIMING and self.handshake is not None:
            self.handshake.go_on()
        if self.state in WAITS or self.state in ENDED:
            return False
        if subscription.is_stuffed or subscription.asked > self._may_owe():
            self._pause()
            subscription.waiter = self
            return False
        if self.room.commits.is_clogged and not self._may_go_on():
            self._pause()
            self.room.commits.wait(self)
            return False
        self._yields = False
        if self._rest:
            self._advance(until)
            if self.state in ENDED or self._is_lost_in_login():
                return False
            if self._rest or self._yields:
                self._pause()
                return not self._waits_for_rate()
        self._catch_up()
        return False

    def abort(self) -> None:
        """Close: a step has failed."""
        self.close(Bye("error", "something went wrong here"), When.NOW)

    def _say_at_once(self, block: bytes) -> bool:
        """Say a clean block now, unless the turn has no time left: the hot path."""
        subscription = self.subscription
        if (
            subscription.backlog > MAX_BACKLOG
            or subscription.asked > self._may_owe()
            or (self.room.work.queued and self.room.work.is_late())
            or self.room.commits.is_clogged
            or self.member.silenced
            or not self.speech.is_clean(block, self.room.settings.max_line)
        ):
            return False
        speaker = self.member.speaker or self.member.begin_to_speak()
        text, count = speaker.text(block)
        if count > SHARE_LINES or not self.take(count):
            return False
        self.room.say(self.member, speaker, text, count)
        return True

    def _advance(self, until: float) -> None:
        """Take a unit of what waits, or more."""
        if self.handshake is not None:
            block, self._rest = self._rest, b""
            rest = self.handshake.hear(block, until)
            self._rest = b"" if self.state in ENDED else rest
            return
        if not self._is_sifting:
            share, rest = sanitize.split(self._rest, SHARE_LINES)
            if self._say_share(share):
                self._rest = rest
                return
            self._is_sifting = True
        rest = self.speech.sift(self, self._rest, until)
        self._rest = b"" if self.state in ENDED else rest
        self._is_sifting = bool(self._rest)

    def _may_go_on(self) -> bool:
        """Tell whether a command comes next that the clogged room can answer."""
        if not self.room.commits.answers_only:
            return False
        is_command = self._rest.startswith(b"/") and not self._rest.startswith(b"//")
        return self.handshake is not None or is_command

    def _say_share(self, share: bytes) -> bool:
        """Say a clean share of what waits; tell whether it could be."""
        longest = self.room.settings.max_line
        if self.member.silenced or not self.speech.is_clean(share, longest):
            return False
        speaker = self.member.speaker or self.member.begin_to_speak()
        text, count = speaker.text(share)
        if not self.take(count):
            return False
        self.room.say(self.member, speaker, text, count)
        return True

    def _may_owe(self) -> int:
        """How many answers it may be owed when its next line is taken."""
        return 0 if self._yields else MAX_OWED

    def _waits_for_rate(self) -> bool:
        """Tell whether it has been too fast; see to it that it goes on."""
        if self._pace is None or not self._pace.is_slow:
            return False
        self._pace.is_slow = False
        self.room.work.clock.callLater(SLOWED_WAIT, self.go_on)
        if (news := self._pace.news()) is not None:
            self.refuse(news)
        return True

    def _is_lost_in_login(self) -> bool:
        """Tell whether it is gone: its connection was lost before it had logged in."""
        is_lost = self._connection is CLOSED_CONNECTION
        if not is_lost or self.state not in (State.ASKED, State.AUTHENTICATING):
            return False
        self._be_gone()
        return True

    def _catch_up(self) -> None:
        """All that it said has been taken."""
        if self.state in WAITS:
            self._pause()
            return
        if self._negotiated:
            self._answer_negotiation()
        if self._is_due and self.handshake is not None:
            self._is_due = False
            self.handshake.end()
            if self.state in WAITS:
                self._pause()
                return
        if self._reason is not None:
            self._conclude()
        elif self._is_paused:
            self._is_paused = False
            self._connection.resume_reading()

    def _answer_negotiation(self) -> None:
        """Answer one that is written text; where there are objects, nothing else is."""
        answers, self._negotiated = self._negotiated, b""
        subscription = self.subscription

        def answer() -> None:
            handshake = self.handshake
            dialect = handshake.dialect if handshake else subscription.next_dialect
            if dialect.name == TEXT.name:
                subscription.put(answers)
                if not subscription.live:
                    subscription.writer.wake()

        self.room.answer(subscription, answer, weight=len(answers))

    def _pause(self) -> None:
        if not self._is_paused:
            self._is_paused = True
            self._connection.pause_reading()

    # Its life

    def move(self, to: State) -> None:
        """Go on to another state."""
        self.state = move(self.state, to)

    def secured(self, common_name: str | None) -> None:
        """Begin the introduction: the TLS handshake, if any, is over."""
        self.move(State.HANDSHAKE)
        if common_name is not None and self.handshake is not None:
            self.handshake.certify(common_name)

    def greet(self) -> None:
        """End the introduction, if it goes on still: its time is over.

        Lines of it that wait for their turn are taken first.
        """
        if self._rest:
            self._is_due = True
        elif self.handshake is not None and self.state is not State.CLAIMING:
            self.handshake.end()

    def joined(self) -> None:
        """Be done with the handshake: it is a member."""
        self.handshake = None
        self.move(State.JOINED)

    def finished(self) -> None:
        """Close: the last words have been handed out."""
        if self.state is State.LEAVING:
            self.move(State.CLOSING)
        self._connection.shut()
        self._connection.linger()

    def close(
        self, reason: Bye | str, when: When, detail: str = "", last: bytes = b""
    ) -> None:
        """End the connection: the one way to do it; see ``ISession``."""
        if self.state is State.GONE:
            return
        if when is When.AFTER_SAID:
            self._lose(reason, detail)
        elif self.state is State.CLOSING:
            return
        elif when is When.NOW or self._has_nothing_to_read(reason):
            self._end(reason, detail, last)
        elif self._reason is None or self._ends_without_a_word(reason):
            self._reason = (reason, detail)
            if self.state is State.JOINED:
                self.move(State.LEAVING)
            if self.is_waiting:
                self.room.work.add(self)  # at once: it is not slowed any more
            else:
                self._conclude()

    def _ends_without_a_word(self, reason: Bye | str) -> bool:
        """Tell whether a ``/quit`` among what waited says why it ends."""
        return (
            isinstance(reason, Bye)
            and self._reason is not None
            and isinstance(self._reason[0], str)
        )

    def _has_nothing_to_read(self, reason: Bye | str) -> bool:
        return isinstance(reason, Bye) and self.state in HANDSHAKING

    def _lose(self, reason: Bye | str, detail: str) -> None:
        """Say what waits, where nobody has to log in first; and be gone.

        In turn, if that takes time: thousands may be lost at one moment.
        """
        self._connection = CLOSED_CONNECTION
        self.subscription.stop()
        self._reason = (reason, detail)
        if self.state in GOES_ON and (self._rest or self.room.work.is_late()):
            if self.state is State.JOINED:
                self.move(State.LEAVING)
            self.room.work.add(self)
        else:
            self._be_gone()

    def _conclude(self) -> None:
        """All is said: leave, when what it has asked for has been answered."""
        if self._connection is CLOSED_CONNECTION:
            self._be_gone()
        elif self.state in HANDSHAKING:
            self.handshake = None
            self.move(State.LEAVING)
            self.subscription.end(b"")
        else:
            if self.state is State.JOINED:
                self.move(State.LEAVING)
            self.room.answer(self.subscription, self._depart)

    def _depart(self) -> None:
        """Leave; the unread output is still written."""
        is_here = self.member.session_id in self.room.subscriptions
        if self.state is State.LEAVING and is_here:
            self.subscription.end(self._leave())

    def _end(self, reason: Bye | str, detail: str, last: bytes) -> None:
        """Close at once; be gone, if what it says last comes after its loss."""
        self._reason = (reason, detail)
        if self._connection is CLOSED_CONNECTION:
            self._be_gone()
            return
        self._rest = b""
        words = self._leave()
        if self.handshake is not None and self.handshake.has_begun_line:
            words = b"\n" + words
        self.handshake = None
        self.move(State.CLOSING)
        self.subscription.end(last or words, now=True)
        self._connection.linger()

    def _be_gone(self) -> None:
        self._rest = b""
        self.handshake = None
        self._leave()
        self.subscription.stop()
        self.room.directory.sessions.pop(self.member.session_id, None)
        self.move(State.GONE)

    def _leave(self) -> bytes:
        """Take it off the list, if it is there; return its last words."""
        assert self._reason is not None
        reason, detail = self._reason
        if isinstance(reason, str):
            self.room.leave(self.member, reason, detail)
            return b""
        self.room.leave(self.member, reason.code, detail)
        self.bye = reason
        return self.subscription.next_dialect.told(reason)
