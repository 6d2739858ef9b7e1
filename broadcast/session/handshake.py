"""The handshake: the introduction, a login where there is one, and a name.

The introduction is the leading run of ``/format``, ``/name``, ``/quiet`` and ``/login``
lines. The answers wait for the greeting, since whoever asked for json reads nothing
before it.
"""

import re
from typing import Protocol

from broadcast.protocol import names, sanitize
from broadcast.protocol.dialects import TEXT, Dialect
from broadcast.protocol.events import Error, Notice
from broadcast.session import commands
from broadcast.session.interfaces import ISession
from broadcast.session.naming import Naming
from broadcast.session.speech import CONNECT_SPEECH
from broadcast.session.states import ENDED, HANDSHAKING, WAITS, State

MAX_LINES = 16
"""Lines after which an introduction is over."""

_CONNECT = re.compile(r"CONNECT (.*)", re.DOTALL)
_NAMED = re.compile(r"__name__:(.*)", re.DOTALL)


class Introduction:
    """The introduction of a client that has not joined yet.

    Attributes:
        dialect: as asked for.
        wanted: name and key, as asked for.
        mended: a name from another protocol, which is made valid.
        is_connect: introduced by ``CONNECT``: the answer begins with SUCCESS.
        is_named: introduced by ``__name__:``: own lines come back.
        is_quiet: asked to come and go unannounced.
        answers: the answers that come after the greeting.
    """

    __slots__ = (
        "_lines",
        "answers",
        "dialect",
        "is_connect",
        "is_named",
        "is_quiet",
        "mended",
        "wanted",
    )

    def __init__(self) -> None:
        self.dialect: Dialect = TEXT
        self.wanted: tuple[str, str | None] | None = None
        self.mended: str | None = None
        self.is_connect = False
        self.is_named = False
        self.is_quiet = False
        self.answers: list[Error | Notice] = []
        self._lines = 0

    def take(self, line: str) -> bool:
        """Take ``line`` if it belongs to an introduction; tell whether it does."""
        if not self._lines and self._take_foreign(line):
            self._lines = 1
            return True
        word, _, argument = line.partition(" ")
        name = word.lower()
        if self._lines == MAX_LINES or name not in (
            "/format",
            "/name",
            "/nick",
            "/quiet",
            "/login",
        ):
            return False
        self._lines += 1
        try:
            self.take_command(name, argument)
        except commands.CommandError as refused:
            self.answers.append(commands.error_for(name[1:], refused))
        return True

    @property
    def has_begun(self) -> bool:
        """A line of it has come."""
        return self._lines > 0

    def begin_again(self) -> None:
        """Forget the name and the answers, which have been told: it can't be had."""
        self.wanted = None
        self.answers = []
        self._lines = 0

    @property
    def is_whole(self) -> bool:
        """It can't go on: it was one of another protocol's."""
        return self.mended is not None

    def take_command(self, name: str, argument: str) -> None:
        """Take ``/format``, ``/name``, ``/quiet`` or ``/login``.

        Raises:
            CommandError: it is wrong.
        """
        if name == "/format":
            self.dialect = commands.parse_format(argument)
        elif name == "/login":
            raise commands.CommandError("bad-argument", "nobody has to log in here")
        elif name == "/quiet":
            commands.words_of(argument, 0, 0, "/quiet takes no words")
            if self.mended is not None:
                message = "who comes by another protocol is not quiet"
                raise commands.CommandError("bad-argument", message)
            self.is_quiet = True
        else:
            self.wanted = commands.parse_name(argument)

    def _take_foreign(self, line: str) -> bool:
        if found := _CONNECT.fullmatch(line):
            self.is_connect = True
        elif found := _NAMED.fullmatch(line):
            self.is_named = True
        else:
            return False
        self.mended = found[1]
        return True


class ILogin(Protocol):
    """The login that comes before the room."""

    def begin(self, handshake: "Handshake") -> None:
        """Have the time to log in run."""

    def ask(self) -> None:
        """Say that one has to log in, if that has not been said."""

    def take(self, line: str) -> None:
        """Take one line."""


class IQuestion(Protocol):
    """The question for a name that comes before the room.

    Attributes:
        has_begun_line: a prompt is the last that was written, and has no line end.
    """

    has_begun_line: bool

    def take(self, line: str, said: Introduction) -> bool:
        """Take a line that is no introduction; tell whether it is a name."""

    def is_answered(self, said: Introduction) -> bool:
        """Tell whether one may join by what it has said; if not, it is asked."""

    def ask(self, *answers: Error | Notice) -> None:
        """Send the prompt, after what there is to say of the line before."""


class Handshake:
    """The part of a session before it joins: see ``IHandshake``.

    Args:
        session: the session.
        login: the login that it has to pass; None if no login is required.
        question: the question for a name; None if names are not asked for.
    """

    __slots__ = ("_introduction", "_naming", "_question", "_session", "login")

    def __init__(
        self,
        session: ISession,
        login: ILogin | None = None,
        question: IQuestion | None = None,
    ) -> None:
        self._session = session
        self._question = question
        self._introduction: Introduction | None = None
        self._naming: Naming | None = None
        self.login = login
        if login is not None:
            login.begin(self)

    @property
    def introduction(self) -> Introduction:
        """The introduction, which is empty for most clients."""
        if self._introduction is None:
            self._introduction = Introduction()
        return self._introduction

    @property
    def dialect(self) -> Dialect:
        """The dialect that it has asked for."""
        return TEXT if self._introduction is None else self._introduction.dialect

    @property
    def has_begun_line(self) -> bool:
        """Tell whether last words need a line of their own: see ``IHandshake``."""
        return self._question is not None and self._question.has_begun_line

    def certify(self, common_name: str) -> None:
        """Be called what a client certificate says, which was found good."""
        self._naming = Naming(self._session)
        self._naming.certify(common_name)

    def hear(self, block: bytes, until: float) -> bytes:
        """Take the lines of an introduction; return what follows, or must wait."""
        if self.login is not None:
            return self._hear_login(self.login, block, until)
        if self._question is not None and self._naming is None:
            return self._hear_answer(self._question, block, until)
        is_over, block = self._hear_introduction(block)
        if is_over:
            self.end()
        return block

    def admit(self, account: str | None) -> None:
        """Let the client in, as ``account`` if there is one; take the held lines."""
        self.login = None
        if account is not None:
            self._session.member.account = names.fold(account)
            if self.introduction.wanted is None:
                self.introduction.wanted = (account, None)
        self.end()
        self._session.go_on()

    def end(self) -> None:
        """Join and be greeted; or be told that one has to log in."""
        if self.login is not None:
            self.login.ask()
        elif self._is_known():
            self._claim()

    def _is_known(self) -> bool:
        """Tell whether it need not be asked for a name; if it must, it is."""
        question, is_certified = self._question, self._naming is not None
        return (
            question is None or is_certified or question.is_answered(self.introduction)
        )

    def _claim(self) -> None:
        """Claim the name that it joins under."""
        session, introduction = self._session, self.introduction
        session.subscription.speak(introduction.dialect)
        if introduction.is_connect:
            session.is_connect = True
            session.speech = CONNECT_SPEECH
        session.member.echo |= introduction.is_named
        session.member.is_quiet = introduction.is_quiet
        if self._naming is None:
            self._naming = Naming(session)
        naming = self._naming
        naming.mended, naming.wanted = introduction.mended, introduction.wanted
        if self._question is not None and introduction.dialect is TEXT:
            naming.asks_again = self._ask_again
        naming.claim()

    def go_on(self) -> None:
        """Join, and be greeted, if the name that was claimed has been given."""
        if self._naming is not None and self._naming.is_given():
            self._join(self._naming)

    def _ask_again(self, refused: Error) -> None:
        """Ask for another name, in place of one that somebody else has got."""
        assert self._question is not None
        self._naming = None
        self._question.ask(refused)
        self.introduction.begin_again()

    def _join(self, naming: Naming) -> None:
        session, introduction = self._session, self.introduction
        session.joined()
        room, subscription = session.room, session.subscription
        if self.has_begun_line and introduction.dialect is not TEXT:
            subscription.put(b"\n")  # json is on lines of its own
            subscription.writer.wake()
        first = b"SUCCESS" if introduction.is_connect else b""
        room.join(subscription, first, instead=self._greeting())
        if naming.answer is not None:
            introduction.answers.append(naming.answer)
        for answer in introduction.answers:
            room.answer(subscription, answer)

    def _greeting(self) -> str:
        """Return what it is told instead of the greeting; "" for the greeting."""
        if self._question is None or self.introduction.dialect is not TEXT:
            return ""
        return self._session.room.settings.joined_text

    def _hear_introduction(self, block: bytes) -> tuple[bool, bytes]:
        """Take the lines of an introduction; tell whether it is over, and the rest."""
        while block := block.lstrip(b"\n"):
            line, rest = sanitize.split(block, 1)
            if not self.introduction.take(line[:-1].decode(errors="replace")):
                return True, block
            block = rest
            if self.introduction.is_whole:
                return True, block
        return False, b""

    def _hear_answer(self, question: IQuestion, block: bytes, until: float) -> bytes:
        """Take what is said by one who is asked for a name; return what must wait."""
        session, said = self._session, self.introduction
        seconds = session.room.work.clock.seconds
        while block and session.state in HANDSHAKING - WAITS:
            is_over, block = self._hear_introduction(block)
            if said.has_begun:
                if is_over or session.state is State.NAMING:
                    self.end()
            elif block:
                line, block = sanitize.split(block, 1)
                if question.take(line[:-1].decode(errors="replace"), said):
                    self.end()
            if session.subscription.is_stuffed or seconds() >= until:
                break
        return b"" if session.state in ENDED else block

    def _hear_login(self, login: ILogin, block: bytes, until: float) -> bytes:
        """Take some of what is said before a login; return what must wait."""
        session = self._session
        seconds = session.room.work.clock.seconds
        while block := block.lstrip(b"\n"):
            if session.subscription.is_stuffed or session.state is State.AUTHENTICATING:
                break
            end = block.find(b"\n")
            line, block = block[:end], block[end + 1 :]
            login.take(line.decode(errors="replace"))
            if session.state in ENDED or seconds() >= until:
                break
        return block
