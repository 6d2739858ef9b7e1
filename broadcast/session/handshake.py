"""The handshake: the introduction, a login where there is one, and a name.

The introduction is the leading run of ``/format``, ``/name``, ``/quiet`` and ``/login``
lines. The answers wait for the greeting, since whoever asked for json reads nothing
before it.
"""

import re
from typing import Protocol

from twisted.logger import Logger

from broadcast.protocol import names, sanitize
from broadcast.protocol.dialects import TEXT, Dialect
from broadcast.protocol.events import Bye, Error, Notice
from broadcast.room.directory import When
from broadcast.session import commands
from broadcast.session.interfaces import ISession
from broadcast.session.speech import CONNECT_SPEECH
from broadcast.session.states import ENDED, State

MAX_LINES = 16
"""Lines after which an introduction is over."""

_CONNECT = re.compile(r"CONNECT (.*)", re.DOTALL)
_NAMED = re.compile(r"__name__:(.*)", re.DOTALL)


class Introduction:
    """What is known of somebody who has not joined yet.

    Attributes:
        dialect: as asked for.
        wanted: name and key, as asked for.
        mended: a name of another protocol's, which is made good.
        is_connect: introduced by ``CONNECT``: the answer begins with SUCCESS.
        is_named: introduced by ``__name__:``: own lines come back.
        is_quiet: asked to come and go unannounced.
        answers: what there is to say after the greeting.
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
        self._lines += 1
        if self._lines == 1 and self._take_foreign(line):
            return True
        word, _, argument = line.partition(" ")
        name = word.lower()
        if self._lines > MAX_LINES or name not in (
            "/format",
            "/name",
            "/nick",
            "/quiet",
            "/login",
        ):
            return False
        try:
            self.take_command(name, argument)
        except commands.CommandError as refused:
            self.answers.append(commands.error_for(name[1:], refused))
        return True

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


class Naming:
    """How a member is named when it joins: as certified, as asked for, or a guest.

    Args:
        session: whose it is.
        mended: a name of another protocol's, or a listener's, which is made good.

    Attributes:
        wanted: name and key, as asked for.
        answer: what there is to say of the name that it has got.
    """

    __slots__ = ("_certified", "_session", "answer", "mended", "wanted")

    def __init__(self, session: ISession, mended: str | None = None) -> None:
        self._session = session
        self._certified: tuple[str, str] | None = None
        self.mended = mended
        self.wanted: tuple[str, str | None] | None = None
        self.answer: Error | Notice | None = None

    def certify(self, common_name: str) -> None:
        """Be called what a client certificate says; or be closed: that is no name."""
        name = names.clean(common_name)
        if name is None:
            message = "what your certificate calls you can't be a name here"
            self._session.close(Bye("login-failed", message), When.NOW)
        else:
            roster = self._session.room.directory.roster
            self._certified = (name, roster.certify(name))

    def take(self) -> None:
        """Take the name, or another one; ``answer`` says so."""
        session = self._session
        roster, member = session.room.directory.roster, session.member
        if self.mended is not None and self._certified is None:
            if not roster.take_mended(self.mended, member):
                self.answer = Notice(f"you are called {member.name} here")
            return
        wanted = self._certified or self.wanted
        if wanted is not None:
            try:
                commands.claim_name(session, *wanted)
            except commands.CommandError as refused:
                self.answer = commands.error_for("name", refused)
            else:
                roster.take(*wanted, member)
                return
        roster.take_guest(member)


def turned_away(session: ISession, naming: Naming | None = None) -> bool:
    """Tell whether a member may not come in; if it may, it has its name.

    Args:
        session: who comes.
        naming: how it is named; None where nobody has a name.
    """
    directory, member = session.room.directory, session.member
    bye = directory.occupancy.refuse(member.address)
    bye = bye or directory.policy.turn_away(member.address, member.account)
    if bye is None and naming is not None:
        naming.take()
        bye = directory.policy.turn_away("", member.name)
    if bye is None:
        return False
    directory.roster.release(member)
    Logger(namespace="broadcast").info(
        "{code}: {address} turned away", code=bye.code, address=member.address
    )
    session.close(bye, When.NOW)
    return True


class ILogin(Protocol):
    """What stands before the room where one has to log in."""

    def begin(self, handshake: "Handshake") -> None:
        """Have the time to log in run."""

    def ask(self) -> None:
        """Say that one has to log in, if that has not been said."""

    def take(self, line: str) -> None:
        """Take one line."""


class Handshake:
    """The part of a session before it joins: see ``IHandshake``.

    Args:
        session: whose it is.
        login: what it has to pass; None where nobody has to log in.
    """

    __slots__ = ("_introduction", "_naming", "_session", "login")

    def __init__(self, session: ISession, login: ILogin | None = None) -> None:
        self._session = session
        self._introduction: Introduction | None = None
        self._naming: Naming | None = None
        self.login = login
        if login is not None:
            login.begin(self)

    @property
    def introduction(self) -> Introduction:
        """What it says of itself: most say nothing."""
        if self._introduction is None:
            self._introduction = Introduction()
        return self._introduction

    def certify(self, common_name: str) -> None:
        """Be called what a client certificate says, which was found good."""
        self._naming = Naming(self._session)
        self._naming.certify(common_name)

    def hear(self, block: bytes, until: float) -> bytes:
        """Take the lines of an introduction; return what follows, or must wait."""
        if self.login is not None:
            return self._hear_login(self.login, block, until)
        while block := block.lstrip(b"\n"):
            line, rest = sanitize.split(block, 1)
            if not self.introduction.take(line[:-1].decode(errors="replace")):
                break
            block = rest
            if self.introduction.is_whole:
                break
        else:
            return b""
        self.end()
        return block

    def admit(self, account: str | None) -> None:
        """Let it in, as ``account`` if there is one; what was held goes on."""
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
            return
        session, introduction = self._session, self.introduction
        session.subscription.speak(introduction.dialect)
        if introduction.is_connect:
            session.is_connect = True
            session.speech = CONNECT_SPEECH
        session.member.echo |= introduction.is_named
        session.member.is_quiet = introduction.is_quiet
        naming = self._naming or Naming(session)
        naming.mended, naming.wanted = introduction.mended, introduction.wanted
        if turned_away(session, naming):
            return
        session.joined()
        room, subscription = session.room, session.subscription
        room.join(subscription, b"SUCCESS" if introduction.is_connect else b"")
        if naming.answer is not None:
            introduction.answers.append(naming.answer)
        for answer in introduction.answers:
            room.answer(subscription, answer)

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
