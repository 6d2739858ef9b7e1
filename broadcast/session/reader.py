"""The reader: it hears over HTTP, as a quiet member, and never says a word.

Its stream is one piece of the log: the old lines that it has asked for, then what is
said from their end on, without a gap and without a line twice. So old lines go out page
by page, and only after the last of them is the reader live. It needs no command for
that, which it could not give.
"""

from dataclasses import dataclass, replace
from typing import Final

from broadcast.protocol.dialects import TEXT, Dialect
from broadcast.protocol.events import Bye, Replay, Replayed
from broadcast.room.directory import When
from broadcast.room.member import Peer
from broadcast.room.room import Room
from broadcast.session.interfaces import IConnection, ISession
from broadcast.session.naming import Naming
from broadcast.session.oldlines import Found, OldLines
from broadcast.session.session import Session
from broadcast.session.speech import SPEECH
from broadcast.session.states import State
from broadcast.store.archive import Question
from broadcast.store.log import Log, ReplayCursor
from broadcast.store.pages import Page

ALL: Final = 1 << 53
"""As many lines as there are: no log has more."""

_GOES_ON: Final = (State.HANDSHAKE, State.JOINED)


@dataclass(frozen=True, slots=True)
class Wish:
    """The request of a reader.

    Attributes:
        dialect: the dialect of the answer.
        name: the name that it wants; "" for a guest's name.
        account: the folded name of its login; "" for none.
        history: number of past lines that it is sent first; None: none, or all if it
            doesn't follow.
        since: epoch and id of the last line that it has; None for no such line.
        follows: it hears all later lines, and is a member.
    """

    dialect: Dialect
    name: str = ""
    account: str = ""
    history: int | None = None
    since: tuple[str, int] | None = None
    follows: bool = True

    @property
    def wants_old_lines(self) -> bool:
        """Tell whether anything comes before what is said from now on."""
        has_asked = self.history is not None or self.since is not None
        return has_asked or not self.follows

    @property
    def lines(self) -> int:
        """Return how many of the last lines are wanted, where no position is given."""
        return ALL if self.history is None else self.history


class ReaderHandshake:
    """The handshake of a reader: its request is its introduction. See ``IHandshake``.

    Args:
        session: the reader's session.
        wish: its request.
    """

    __slots__ = ("_naming", "_session", "_wish")

    has_begun_line: Final = False

    def __init__(self, session: ISession, wish: Wish) -> None:
        self._session = session
        self._wish = wish
        self._naming: Naming | None = None

    @property
    def dialect(self) -> Dialect:
        """The dialect that it has asked for."""
        return self._wish.dialect

    def certify(self, common_name: str) -> None:
        """Do nothing: over HTTP a certificate names nobody."""

    def hear(self, block: bytes, until: float) -> bytes:
        """Ignore it: a reader says nothing."""
        return b""

    def end(self) -> None:
        """Join, unless it does not follow; and be sent what it has asked for."""
        session, wish = self._session, self._wish
        subscription, member, room = session.subscription, session.member, session.room
        subscription.speak(wish.dialect)
        member.account = wish.account
        member.is_quiet, member.silenced = True, "listen-only"
        if wish.follows:
            naming = self._naming = Naming(session)
            naming.wanted = (wish.name, None) if wish.name else None
            naming.claim()
        else:
            room.answer(subscription, Stream(session, wish).begin)

    def go_on(self) -> None:
        """Join, if the name that was claimed has been given."""
        session, naming = self._session, self._naming
        if naming is None or not naming.is_given():
            return
        session.joined()
        room, subscription = session.room, session.subscription
        room.join(subscription, hears=False)
        room.answer(subscription, Stream(session, self._wish).begin)
        if naming.answer is not None:
            room.answer(subscription, naming.answer)


class Stream:
    """The old lines of a reader, page by page: a job.

    Args:
        session: the reader's session.
        wish: its request.
    """

    __slots__ = ("_last", "_session", "_wish")

    def __init__(self, session: ISession, wish: Wish) -> None:
        self._session = session
        self._wish = wish
        self._last = 0

    def begin(self) -> None:
        """Tell where the stream begins, and send its first lines, if there are any."""
        session, wish = self._session, self._wish
        if session.state not in _GOES_ON:
            return
        room, subscription = session.room, session.subscription
        if not wish.wants_old_lines:
            subscription.start()
            self._greet(room.log.last_id)
            return
        if wish.since is None:
            question = Question(None, wish.lines, goes_on=True)
        else:
            is_known = wish.since[0] == room.store.epoch
            question = Question(wish.since[1] if is_known else None, None)
        self._ask(question, room.settings.history, self._begin_with)

    def step(self, until: float) -> bool:
        """Send the next page: the one before it is written."""
        if self._session.state not in _GOES_ON:
            return False
        # What it may ask for was settled when it came: nothing is gone by its own
        # slowness, but what nobody has any more.
        self._ask(Question(self._last, None), None, self._send)
        return False

    def abort(self) -> None:
        """Close: a step has failed."""
        self._session.close(Bye("error", "something went wrong here"), When.NOW)

    def _ask(self, question: Question, depth: int | None, found: Found) -> None:
        """Find a page, at once or in turn."""
        session = self._session
        lines = OldLines(session.room, session.subscription, depth)
        page = lines.at_once(question, self._wish.dialect)
        if page is None:
            lines.read(question, found)
        else:
            found(session.room.log, page)

    def _begin_with(self, log: Log, page: Page) -> None:
        # A reader that is lost in the middle of a page has this as its position.
        self._greet(page.last if page.first is None else page.first - 1)
        self._send(log, page)

    def _greet(self, id: int) -> None:
        session = self._session
        if self._wish.dialect is not TEXT:
            welcome = replace(session.room.welcome(session.member), id=id)
            session.subscription.tell(welcome)

    def _send(self, log: Log, page: Page) -> None:
        session = self._session
        if session.state not in _GOES_ON:
            return
        room, subscription = session.room, session.subscription
        count, epoch = page.stretch.count, room.store.epoch
        # What was said while it was read comes before it hears.
        has_more = page.more or (log is not room.log and page.last < room.log.last_id)
        subscription.tell(Replay(count, page.missing))
        if count:
            subscription.send(ReplayCursor(log, page.stretch))
        first = None if page.first is None else f"{epoch}:{page.first}"
        more = has_more and self._wish.dialect is not TEXT  # it comes by itself
        subscription.tell(Replayed(count, f"{epoch}:{page.last}", first, more))
        self._last = page.last
        if has_more:
            subscription.waiter = self
        elif self._wish.follows:
            subscription.start()
        else:
            session.close("left", When.AFTER_READ)
        if not subscription.live:
            subscription.writer.wake()


def reader_session(
    room: Room, connection: IConnection, peer: Peer, wish: Wish
) -> Session:
    """Return the session of a reader.

    Args:
        room: the room that it reads.
        connection: the connection.
        peer: its address.
        wish: its request.
    """
    return Session(
        room, connection, peer, SPEECH, lambda session: ReaderHandshake(session, wish)
    )
