"""The reader: it hears over HTTP, as a quiet member, and never says a word.

Its stream is one piece of the log: the old lines that it has asked for, then what is
said from their end on, without a gap and without a line twice. So old lines go out page
by page, and only after the last of them is the reader live. It needs no command for
that, which it could not give.
"""

from dataclasses import dataclass, replace
from typing import Final

from broadcast.base.hosts import host_of
from broadcast.protocol.dialects import TEXT, Dialect
from broadcast.protocol.events import Bye, Replay, Replayed
from broadcast.room.directory import When
from broadcast.room.member import Peer
from broadcast.room.output import Output, Pending
from broadcast.room.room import Room
from broadcast.session import replays
from broadcast.session.interfaces import IConnection, ISession
from broadcast.session.naming import Naming, turned_away
from broadcast.session.session import Session
from broadcast.session.speech import SPEECH
from broadcast.session.states import State
from broadcast.store.archive import Archive, Question
from broadcast.store.log import Log, ReplayCursor
from broadcast.store.pages import Page

ALL: Final = 1 << 53
"""As many lines as there are: no log has more."""

_GOES_ON: Final = (State.HANDSHAKE, State.JOINED)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reader has asked for.

    Attributes:
        dialect: how it is spoken to.
        name: what it is to be called; "" for a guest's name.
        account: the folded name of its login; "" for none.
        history: how many of the last lines it is sent first; None: none, or all if it
            doesn't follow.
        since: epoch and id of the last line that it has; None for no such line.
        follows: it hears what is said from then on, and is a member.
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
    """What comes before a reader joins: its request has said all: see ``IHandshake``.

    Args:
        session: whose it is.
        wish: what it has asked for.
    """

    __slots__ = ("_session", "_wish")

    has_begun_line: Final = False

    def __init__(self, session: ISession, wish: Wish) -> None:
        self._session = session
        self._wish = wish

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
        stream = Stream(session, wish)
        if wish.follows:
            naming = Naming(session)
            naming.wanted = (wish.name, None) if wish.name else None
            if turned_away(session, naming):
                return
            session.joined()
            room.join(subscription, hears=False)
            room.answer(subscription, stream.begin)
            if naming.answer is not None:
                room.answer(subscription, naming.answer)
        else:
            room.answer(subscription, stream.begin)


class Stream:
    """The old lines of a reader, page by page: a job.

    A page that the log's ring doesn't have is read from the store, in the place that
    is kept for it. The reader is live from the moment at which a page has the log's
    last line.

    Args:
        session: the reader's.
        wish: what it has asked for.
    """

    __slots__ = ("_has_begun", "_last", "_session", "_wish")

    def __init__(self, session: ISession, wish: Wish) -> None:
        self._session = session
        self._wish = wish
        self._has_begun = False
        self._last = 0

    def begin(self) -> None:
        """Tell where the stream begins, and send its first lines, if there are any."""
        session, wish = self._session, self._wish
        if session.state not in _GOES_ON:
            return
        room, subscription = session.room, session.subscription
        if not wish.wants_old_lines:
            subscription.start()
            if greeting := self._greeting(room.log.last_id):
                subscription.put(greeting)
            return
        archive = Archive(room.store, room.log, room.settings.history)
        if wish.since is None:
            begin: int | None = archive.place_before(wish.lines)
        else:
            is_ours = wish.since[0] == room.store.epoch
            begin = wish.since[1] if is_ours else None
        self._ask(archive, Question(begin, None))

    def step(self, until: float) -> bool:
        """Send the next page: the one before it is written."""
        room = self._session.room
        if self._session.state in _GOES_ON:
            # What it may ask for was settled when it came: nothing is gone by its own
            # slowness, but what the log has dropped.
            archive = Archive(room.store, room.log, None)
            self._ask(archive, Question(self._last, None))
        return False

    def abort(self) -> None:
        """Close: a step has failed."""
        self._session.close(Bye("error", "something went wrong here"), When.NOW)

    def _ask(self, archive: Archive, question: Question) -> None:
        """Send the page that answers a question, or keep a place for it."""
        session = self._session
        room, subscription = session.room, session.subscription
        if archive.lacks(question):
            host = host_of(session.member.address)

            def ask(pending: Pending) -> None:
                room.reads.add(host, lambda: self._read(archive, question, pending))

            subscription.send(Pending(ask))
        else:
            page = archive.in_ring(question, self._wish.dialect)
            for output in self._outputs(room.log, page):
                subscription.send(output)
            self._go_on()
        if not subscription.live:
            subscription.writer.wake()

    async def _read(
        self, archive: Archive, question: Question, pending: Pending
    ) -> None:
        """Read a page, unless nobody is left who would read it."""
        session = self._session
        room, subscription = session.room, session.subscription
        if session.state not in _GOES_ON:
            return
        kept = await replays.read(archive, question)
        log, page = archive.page(question, kept, self._wish.dialect)
        if log is not room.log:
            room.reads.charge(host_of(session.member.address), log, log.size)
        pending.outputs = self._outputs(log, page)
        if session.state in _GOES_ON:
            self._go_on()
        subscription.work.add(subscription, is_fresh=True)

    def _greeting(self, id: int) -> bytes:
        session = self._session
        if self._wish.dialect is TEXT:
            return b""
        welcome = replace(session.room.welcome(session.member), id=id)
        return self._wish.dialect.told(welcome)

    def _outputs(self, log: Log, page: Page) -> list[Output]:
        """Return a page as it is written; before the first one, the greeting."""
        room, dialect = self._session.room, self._wish.dialect
        count, epoch = page.stretch.count, room.store.epoch
        outputs: list[Output] = []
        if not self._has_begun:
            # A reader that is lost in the middle of a page has this as its position.
            outputs.append(
                self._greeting(page.last if page.first is None else page.first - 1)
            )
        self._has_begun, self._last = True, page.last
        first = None if page.first is None else f"{epoch}:{page.first}"
        # To people it need not be said that there is more: it comes by itself.
        more = page.last < room.log.last_id and dialect is not TEXT
        outputs.append(dialect.told(Replay(count, page.missing)))
        if count:
            outputs.append(ReplayCursor(log, page.stretch))
        end = Replayed(count, f"{epoch}:{page.last}", first, more)
        outputs.append(dialect.told(end))
        return [output for output in outputs if output != b""]

    def _go_on(self) -> None:
        """Have the next page sent later; or be live from now on, or leave."""
        session = self._session
        subscription = session.subscription
        if self._last < session.room.log.last_id:
            subscription.waiter = self
        elif self._wish.follows:
            subscription.start()
        else:
            session.close("left", When.AFTER_READ)


def reader_session(
    room: Room, connection: IConnection, peer: Peer, wish: Wish
) -> Session:
    """Return the session of a reader.

    Args:
        room: where it listens.
        connection: where it comes from.
        peer: its address.
        wish: what it has asked for.
    """
    return Session(
        room, connection, peer, SPEECH, lambda session: ReaderHandshake(session, wish)
    )
