"""The handshake: the introduction, a login where there is one, and a name.

The introduction is the leading run of ``/format``, ``/name`` and ``/login`` lines. The
answers wait for the greeting, since whoever asked for json reads nothing before it.
"""

import re
from typing import Protocol

from broadcast.protocol import names, sanitize
from broadcast.protocol.dialects import TEXT, Dialect
from broadcast.protocol.events import Bye, Error, Notice
from broadcast.session import commands
from broadcast.session.commands import ICommandSession

MAX_LINES = 16
"""Lines after which an introduction is over."""

LOGIN_LINES = 16
"""Lines of one who has to log in that a turn takes."""

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
        answers: what there is to say after the greeting.
    """

    __slots__ = (
        "_lines",
        "answers",
        "dialect",
        "is_connect",
        "is_named",
        "mended",
        "wanted",
    )

    def __init__(self) -> None:
        self.dialect: Dialect = TEXT
        self.wanted: tuple[str, str | None] | None = None
        self.mended: str | None = None
        self.is_connect = False
        self.is_named = False
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
        """Take ``/format``, ``/name`` or ``/login``.

        Raises:
            CommandError: it is wrong.
        """
        if name == "/format":
            self.dialect = commands.parse_format(argument)
        elif name == "/login":
            raise commands.CommandError("bad-argument", "nobody has to log in here")
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
    """What stands before the room where one has to log in.

    Attributes:
        is_busy: a login is being checked: nothing more is taken meanwhile.
    """

    is_busy: bool

    def ask(self) -> None:
        """Say that one has to log in, if that has not been said."""

    def take(self, line: str) -> None:
        """Take one line."""


class Handshake:
    """The part of a session before it joins.

    Attributes:
        login: where it has to log in; None where nobody has to, or it has.
    """

    __slots__ = ("_certified", "_introduction", "_session", "login")

    def __init__(self, session: ICommandSession) -> None:
        self._session = session
        self._introduction: Introduction | None = None
        self.login: ILogin | None = None
        self._certified: tuple[str, str] | None = None

    @property
    def introduction(self) -> Introduction:
        """What it says of itself: most say nothing."""
        if self._introduction is None:
            self._introduction = Introduction()
        return self._introduction

    def certify(self, common_name: str) -> None:
        """Be called what a client certificate says, which was found good."""
        name = names.clean(common_name)
        if name is None:
            message = "what your certificate calls you can't be a name here"
            self._session.close(Bye("login-failed", message))
        else:
            self._certified = (name, self._session.room.roster.certify(name))

    def hear(self, block: bytes) -> bytes:
        """Take the lines of an introduction; return what follows it."""
        if self.login is not None:
            self._hear_login(self.login, block)
            return b""
        while block := block.lstrip(b"\n"):
            line, rest = sanitize.split(block, 1)
            if not self.introduction.take(line[:-1].decode(errors="replace")):
                break
            block = rest
            if self.introduction.is_whole:
                break
        else:
            return b""
        self._session.join()
        return block

    def admit(self, account: str | None) -> None:
        """Let it in, as ``account`` if there is one; what was held goes on."""
        self.login = None
        if account is not None:
            self._session.member.account = names.fold(account)
            if self.introduction.wanted is None:
                self.introduction.wanted = (account, None)
        self._session.join()
        self._session.go_on()

    def join(self) -> None:
        """Join and be greeted; or be told that one has to log in."""
        if self.login is not None:
            self.login.ask()
            return
        session, introduction = self._session, self.introduction
        room, member = session.room, session.member
        session.end_handshake()
        member.speak(introduction.dialect)
        session.is_connect = introduction.is_connect
        member.echo |= introduction.is_named
        bye = room.occupancy.refuse(member.address)
        bye = bye or room.policy.turn_away(member.address, member.account)
        if bye is None:
            self.take_name()
            bye = room.policy.turn_away("", member.name)
        if bye is not None:
            room.turn_away(member, bye)
            return
        room.join(member, b"SUCCESS" if introduction.is_connect else b"")
        for answer in introduction.answers:
            room.answer(member, answer)

    def take_name(self, given: str = "") -> None:
        """Be called as certified, else as ``given``, as asked for, or a guest."""
        room, member = self._session.room, self._session.member
        introduction = self.introduction
        mended, wanted = given or introduction.mended, introduction.wanted
        if self._certified is not None:
            mended, wanted = None, self._certified
        if mended is not None:
            if not room.roster.take_mended(mended, member):
                notice = Notice(f"you are called {member.name} here")
                introduction.answers.append(notice)
            return
        if wanted is not None:
            raw, key = wanted
            try:
                commands.take_name(room, member, raw, key)
            except commands.CommandError as refused:
                introduction.answers.append(commands.error_for("name", refused))
            else:
                room.roster.take(raw, key, member)
                return
        room.roster.take_guest(member)

    def _hear_login(self, login: ILogin, block: bytes) -> None:
        """Take a turn's share of what is said before a login; the rest is held."""
        session = self._session
        share, rest = sanitize.split(block.lstrip(b"\n"), LOGIN_LINES)
        lines = share.split(b"\n")[:-1]
        for at, line in enumerate(lines):
            if session.member.is_stuffed or login.is_busy:
                rest = b"\n".join([*lines[at:], rest])
                break
            if line:
                login.take(line.decode(errors="replace"))
            if session.has_left():
                return
        if login.is_busy:
            session.hold(rest)
        elif rest:
            session.hold(rest)
            session.room.wait(session)
            if not session.member.is_stuffed:
                session.room.soon()
