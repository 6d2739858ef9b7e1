"""On the way in: the introduction, a login where there is one, and a name.

It is a conversation's first part, and is gone once one has joined.
"""

import re
from typing import TYPE_CHECKING

from broadcast.protocol import names
from broadcast.protocol import sanitize as safe
from broadcast.protocol.dialects import TEXT, Dialect
from broadcast.protocol.events import Bye, Error, Notice
from broadcast.session import commands
from broadcast.session.login import SHARE_LINES, Porch

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


if TYPE_CHECKING:
    from broadcast.session.session import Conversation


class Entrance:
    """Somebody who has connected and not yet joined.

    Attributes:
        porch: where it has to log in; None where nobody has to, or it has.

    Args:
        is_private: nobody can listen in on its way here (TLS, this machine).
    """

    __slots__ = ("_certified", "_introduction", "_talk", "porch")

    def __init__(self, talk: "Conversation", is_private: bool) -> None:
        self._talk = talk
        self._introduction: Introduction | None = None
        self.porch: Porch | None = None
        if (gate := talk.hub.guard.gate) is not None:
            self.porch = Porch(talk, self, gate, is_private)
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
            words = "what your certificate calls you can't be a name here"
            self._talk.close(Bye("login-failed", words))
        else:
            self._certified = (name, self._talk.hub.roster.certify(name))

    def hear(self, block: bytes) -> bytes:
        """Take the lines of an introduction; return what follows it."""
        if self.porch is not None:
            self._wait_outside(self.porch, block)
            return b""
        while block := block.lstrip(b"\n"):
            line, rest = safe.split(block, 1)
            if not self.introduction.take(line[:-1].decode(errors="replace")):
                break
            block = rest
            if self.introduction.is_whole:
                break
        else:
            return b""
        self._talk.join()
        return block

    def admit(self, account: str | None) -> None:
        """Let it in, as ``account`` if there is one; what was held goes on."""
        self.porch = None
        if account is not None:
            self._talk.member.account = names.fold(account)
            if self.introduction.wanted is None:
                self.introduction.wanted = (account, None)
        self._talk.join()
        self._talk.go_on()

    def join(self) -> None:
        """Join and be greeted; or be told that one has to log in."""
        if self.porch is not None:
            self.porch.ask()
            return
        talk, introduction = self._talk, self.introduction
        hub, member = talk.hub, talk.member
        talk.entrance = None
        member.speak(introduction.dialect)
        talk.is_connect = introduction.is_connect
        member.echo |= introduction.is_named
        bye = hub.crowd.refuse(member.address)
        bye = bye or hub.guard.turn_away(member.address, member.account)
        if bye is None:
            self.take_name()
            bye = hub.guard.turn_away("", member.name)
        if bye is not None:
            hub.turn_away(member, bye)
            return
        hub.join(member, b"SUCCESS" if introduction.is_connect else b"")
        for answer in introduction.answers:
            hub.answer(member, answer)

    def take_name(self, given: str = "") -> None:
        """Be called as certified, else as ``given``, as asked for, or a guest."""
        hub, member = self._talk.hub, self._talk.member
        introduction = self.introduction
        mended, wanted = given or introduction.mended, introduction.wanted
        if self._certified is not None:
            mended, wanted = None, self._certified
        if mended is not None:
            if not hub.roster.take_mended(mended, member):
                notice = Notice(f"you are called {member.name} here")
                introduction.answers.append(notice)
            return
        if wanted is not None:
            raw, key = wanted
            try:
                commands.take_name(hub, member, raw, key)
            except commands.CommandError as refused:
                introduction.answers.append(commands.error_for("name", refused))
            else:
                hub.roster.take(raw, key, member)
                return
        hub.roster.take_guest(member)

    def _wait_outside(self, porch: Porch, block: bytes) -> None:
        """Take a turn's share of what is said at the gate; the rest is held."""
        talk = self._talk
        share, rest = safe.split(block.lstrip(b"\n"), SHARE_LINES)
        lines = share.split(b"\n")[:-1]
        for at, line in enumerate(lines):
            if talk.member.is_stuffed or porch.is_busy:
                rest = b"\n".join([*lines[at:], rest])
                break
            if line:
                porch.take(line.decode(errors="replace"))
            if talk.has_left():
                return
        if porch.is_busy:
            talk.hold(rest)
        elif rest:
            talk.hold(rest)
            talk.hub.wait(talk)
            if not talk.member.is_stuffed:
                talk.hub.soon()
