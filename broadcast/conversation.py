"""What one connection says: introduced, then said or commanded, by turns.

A face hands whole lines in; here they become runs for the hub, or commands.
All that is the same on TCP, TLS and WebSocket is here. Bytes on a wire, line
ends and telnet are the face's.
"""

from typing import Protocol

from broadcast import commands, names, safe
from broadcast.bucket import Bucket
from broadcast.events import Bye, Error, Notice
from broadcast.events import lines as say_lines
from broadcast.hub import Hub
from broadcast.introduction import Introduction
from broadcast.porch import SHARE_LINES as PORCH_LINES
from broadcast.porch import Porch

SHARE_LINES = 2048
"""Lines of one member that a turn takes; the rest waits, and it isn't read."""

BOM = b"\xef\xbb\xbf"

SLOWED_WAIT = 0.05
"""Seconds after which one who was too fast may go on."""

_BACKSLASHED = {"exit": "/quit", "clients": "/who"}


class Face(Protocol):
    """What a conversation needs of the connection."""

    def pause_reading(self) -> None:
        """Read no more for now."""

    def resume_reading(self) -> None:
        """Read on."""


class Conversation:
    """The input side of a member.

    Attributes:
        hub: where it is heard.
        member: its output side.
        is_pinging: it sends pings, and so is held to ``--idle-timeout``.
        is_waiting: what it says waits for a later turn; it isn't read.
        is_connect: it speaks the CONNECT protocol: ``\\exit`` is a command.

    Args:
        is_private: nobody can listen in on its way here (TLS, this machine).
    """

    __slots__ = (
        "_bucket",
        "_certified",
        "_face",
        "_introduction",
        "_is_fresh",
        "_is_over",
        "_is_parting",
        "_is_slowed",
        "_porch",
        "_rest",
        "_yields",
        "hub",
        "is_connect",
        "is_pinging",
        "is_waiting",
        "member",
    )

    def __init__(
        self, hub: Hub, face: Face, address: str, is_private: bool = False
    ) -> None:
        self.hub = hub
        self.member = hub.new_member(address)
        self.is_pinging = False
        self.is_connect = False
        self._face = face
        introduction = Introduction()
        self._introduction: Introduction | None = introduction
        self._porch: Porch | None = None
        if (gate := hub.guard.gate) is not None:
            self._porch = Porch(self, introduction, gate, is_private)
        self._is_over = False
        self._bucket: Bucket | None = None
        self._certified: tuple[str, str] | None = None
        self._is_fresh = True
        self._is_parting = False
        self._is_slowed = False
        self.is_waiting = False
        self._yields = False
        self._rest = b""

    def has_left(self) -> bool:
        """Tell whether it has left, or was made to: what it says is ignored."""
        return self._introduction is None and (
            self._is_parting or self.member.session not in self.hub.members
        )

    def hear(self, block: bytes) -> None:
        """Take whole lines, each ended by LF; one CR before it is dropped."""
        if self._is_fresh:
            self._is_fresh = False
            block = block.removeprefix(BOM)
        self.hub.tally.bytes_in += len(block)
        if b"\r" in block and b"\r\n" in block:
            block = block.replace(b"\r\n", b"\n")
            self.member.heard_crlf()
        if self.is_waiting:
            self._rest += block
        else:
            self._advance(block)

    def go_on(self) -> None:
        """Take what waits, a turn later."""
        self.is_waiting = False
        block, self._rest = self._rest, b""
        self._advance(block)
        if not self.is_waiting:
            self._face.resume_reading()
            if self._is_over and not self.has_left():
                self.end()

    @property
    def is_outside(self) -> bool:
        """It has not been let in yet."""
        return self._porch is not None

    def certify(self, common_name: str) -> None:
        """Be called what a client certificate says, which was found good."""
        name = names.clean(common_name)
        if name is None:
            words = "what your certificate calls you can't be a name here"
            self.close(Bye("login-failed", words))
        else:
            self._certified = (name, self.hub.roster.certify(name))

    def join(self) -> None:
        """End the introduction, if it goes on still: join and be greeted.

        Where one has to log in, that is said instead.
        """
        if self._porch is not None:
            self._porch.ask()
            return
        introduction, self._introduction = self._introduction, None
        if introduction is None:
            return
        member = self.member
        member.speak(introduction.dialect)
        self.is_connect = introduction.is_connect
        member.echo |= introduction.is_named
        turn_away = self.hub.guard.turn_away
        bye = self.hub.crowd.refuse(member.address)
        bye = bye or turn_away(member.address, member.account)
        if bye is None:
            self._take_name(introduction)
            bye = turn_away("", member.name)
        if bye is not None:
            self.hub.turn_away(member, bye)
            return
        self.hub.join(member, b"SUCCESS" if introduction.is_connect else b"")
        for answer in introduction.answers:
            self.hub.answer(member, answer)

    def enter(self, account: str | None) -> None:
        """Be let in, as ``account`` if there is one; what was held goes on."""
        assert self._introduction is not None
        self._porch = None
        if account is not None:
            self.member.account = names.fold(account)
            if self._introduction.wanted is None:
                self._introduction.wanted = (account, None)
        self.join()
        self.go_on()

    def end(self, last: bytes = b"") -> None:
        """Leave, having said the unterminated line ``last``.

        What is queued is still written. Whoever was only introducing itself
        was never here.
        """
        if last:
            self.hear(last + b"\n")
        if self._porch is not None and self.is_waiting:
            self._is_over = True  # what waits may be a login
            return
        self._say_rest()
        if self._introduction is not None:
            self._introduction = None
            self.member.end(b"")
        elif not self.has_left():
            self._is_parting = True
            self.hub.part(self.member, None)

    def lose(self, reason: str) -> None:
        """Be gone: the connection is lost. Whole lines that waited are said."""
        self._say_rest()
        self._introduction = None
        self.hub.lose(self.member, reason)

    def close(self, bye: Bye) -> None:
        """Close at once, with the last words ``bye``."""
        self._introduction = None
        self.hub.dismiss(self.member, bye)

    def reject(self, words: bytes) -> None:
        """Close at once, with ``words``: this is no client of ours."""
        self._introduction = None
        self.member.end(words, now=True)

    def leave(self, bye: Bye) -> None:
        """Close after all that was said and is queued, with the last words."""
        self._is_parting = True
        self.hub.part(self.member, bye)

    def yield_turn(self) -> None:
        """Let the rest of what was said wait for the next turn."""
        self._yields = True

    def _advance(self, block: bytes) -> None:
        """Take a turn's share of ``block``; the rest waits, and no more is read."""
        if self._introduction is not None:
            block = self._introduce(self._introduction, block)
        if not block or self.has_left():
            return
        if self.member.is_stuffed:
            self._hold(block)
            self.hub.wait(self)
            return
        if self._is_clean(block):
            text, count = self.member.speaker.text(block)
            if count <= SHARE_LINES and self._may_say(count):
                self.hub.say(self.member, text, count)
                return
        share, rest = _split(block, SHARE_LINES)
        share, slowed = self._slow(share)
        self._yields = False
        left = self._utter(share)
        if self.has_left():
            return
        if left or slowed or rest or self._yields:
            self._hold(left + slowed + rest)
            if slowed and not left:
                self.hub.later(SLOWED_WAIT, self.go_on)
            else:
                self.hub.wait(self)
                self.hub.soon()

    def _hold(self, block: bytes) -> None:
        self._rest = block
        self.is_waiting = True
        self._face.pause_reading()

    def _say_rest(self) -> None:
        """Take all that waits at once: nothing more will come.

        What waited for a login was never said.
        """
        while self._rest and self._introduction is None and not self.has_left():
            block, self._rest = self._rest, b""
            self._rest = self._utter(block)
        self._rest = b""

    def _introduce(self, introduction: Introduction, block: bytes) -> bytes:
        """Take the lines of an introduction; return what follows it."""
        if self._porch is not None:
            return self._wait_outside(self._porch, block)
        while block := block.lstrip(b"\n"):
            line, rest = _split(block, 1)
            if not introduction.take(line[:-1].decode(errors="replace")):
                break
            block = rest
            if introduction.is_whole:
                break
        else:
            return b""
        self.join()
        return block

    def _wait_outside(self, porch: Porch, block: bytes) -> bytes:
        """Take a turn's share of what is said at the gate; the rest is held."""
        share, rest = _split(block.lstrip(b"\n"), PORCH_LINES)
        lines = share.split(b"\n")[:-1]
        for at, line in enumerate(lines):
            if self.member.is_stuffed or porch.is_busy:
                rest = b"\n".join([*lines[at:], rest])
                break
            if line:
                porch.take(line.decode(errors="replace"))
            if self.has_left():
                return b""
        if porch.is_busy:
            self._hold(rest)
        elif rest:
            self._hold(rest)
            self.hub.wait(self)
            if not self.member.is_stuffed:
                self.hub.soon()
        return b""

    def _slow(self, share: bytes) -> tuple[bytes, bytes]:
        """Return what ``--rate`` allows of ``share`` now, and the rest."""
        count = share.count(b"\n")
        if self._may_say(count):
            return share, b""
        assert self._bucket is not None
        if not self._is_slowed:
            self._is_slowed = True
            words = f"slowed to {self._bucket.rate:g} lines a second; nothing is lost"
            self._refuse(Error("slowed", None, words))
        return _split(share, self._bucket.take_some(count))

    def _utter(self, block: bytes) -> bytes:
        """Say or do what ``block`` holds; return what must wait."""
        if not block:
            return b""
        if not self._is_clean(block):
            return self._sift(block)
        self.hub.say(self.member, *self.member.speaker.text(block))
        return b""

    def _is_clean(self, block: bytes) -> bool:
        """Tell whether ``block`` can be said as it is.

        The hot path: a handful of passes over the bytes, none over the lines.
        """
        return (
            not self.member.silenced
            and safe.is_clean(block)
            and not safe.has_blank(block)
            and not safe.begins_line(b"/", block)
            and not safe.has_longer(block, self.hub.house.max_line)
            and not (self.is_connect and safe.begins_line(b"\\", block))
        )

    def _may_say(self, count: int) -> bool:
        """Take ``count`` lines from what ``--rate`` allows, if there are so many."""
        house = self.hub.house
        if not house.rate:
            return True
        now = self.hub.clock()
        bucket = self._bucket
        if bucket is None or bucket.rate != house.rate or bucket.burst != house.burst:
            bucket = self._bucket = Bucket(house.rate, house.burst, now)
        return bucket.take(count, now)

    def _sift(self, block: bytes) -> bytes:
        """Go through ``block`` line by line; return what must wait."""
        longest = self.hub.house.max_line
        lines = block.split(b"\n")
        lines.pop()
        said: list[bytes] = []
        self._yields = False
        for at, line in enumerate(lines):
            if not line:
                continue
            command = self._command(line)
            if command is None and len(line) <= longest:
                said.append(safe.mend_line(line.removeprefix(b"/")))
                continue
            self._say(said)
            said = []
            if len(line) > longest:
                self._refuse_long(len(line), longest)
            elif command:
                commands.run(self, command)
            if self.has_left():
                return b""
            if self._yields or self.member.is_stuffed:
                return b"".join([line + b"\n" for line in lines[at + 1 :]])
        self._say(said)
        return b""

    def _command(self, line: bytes) -> str | None:
        """Return the command that ``line`` is, "" for a silent one; None: said."""
        if line.startswith(b"/"):
            return None if line.startswith(b"//") else line.decode(errors="replace")
        if self.is_connect and line.startswith(b"\\"):
            word = line.removeprefix(b"\\").removeprefix(b"\\").decode(errors="replace")
            if word == "ping":
                self.is_pinging = True
                return ""
            return _BACKSLASHED.get(word)
        return None

    def _say(self, lines: list[bytes]) -> None:
        if lines and self.member.silenced:
            self._refuse(self._silence(len(lines)))
        elif lines:
            block = b"\n".join([*lines, b""])
            self.hub.say(self.member, *self.member.speaker.text(block))

    def _silence(self, count: int) -> Error:
        """Return what is told of ``count`` lines that were not said."""
        refused = commands.silenced(self.member.silenced)
        return Error(
            refused.code, None, f"{say_lines(count)} not said: {refused.words}"
        )

    def _refuse(self, error: Error) -> None:
        """Answer that something was not taken."""
        self.hub.answer(self.member, error)

    def _refuse_long(self, size: int, longest: int) -> None:
        words = f"a line of {size} bytes was dropped: the limit is {longest}"
        self._refuse(Error("too-long", None, words))

    def _take_name(self, introduction: Introduction) -> None:
        hub, member = self.hub, self.member
        if self._certified is not None:
            introduction.mended, introduction.wanted = None, self._certified
        if introduction.mended is not None:
            if not hub.roster.take_mended(introduction.mended, member):
                notice = Notice(f"you are called {member.name} here")
                introduction.answers.append(notice)
            return
        if introduction.wanted is not None:
            raw, key = introduction.wanted
            try:
                commands.take_name(hub, member, raw, key)
            except commands.CommandError as refused:
                introduction.answers.append(commands.error_for("name", refused))
            else:
                hub.roster.take(raw, key, member)
                return
        hub.roster.take_guest(member)


def _split(block: bytes, count: int) -> tuple[bytes, bytes]:
    """Return the first ``count`` lines of ``block``, and the rest."""
    if block.count(b"\n") <= count:
        return block, b""
    if not count:
        return b"", block
    parts = block.split(b"\n", count)
    rest = parts.pop()
    return b"\n".join([*parts, b""]), rest
