"""The meaning of a member's lines: to be said, a command, or to be refused."""

from collections.abc import Callable
from functools import partial
from typing import Final

from broadcast.protocol import sanitize
from broadcast.protocol.events import Error, lines
from broadcast.room.answers import MAX_OWED
from broadcast.session import commands
from broadcast.session.commands import Next
from broadcast.session.interfaces import ISession

BOM: Final = b"\xef\xbb\xbf"

LOOK_AFTER: Final = 16
"""Lines that are mended and said between two looks at the clock."""

_BACKSLASHED: Final = {"exit": "/quit", "clients": "/who"}


def answer(session: ISession, error: Error) -> None:
    """Answer that something was not taken."""
    session.room.answer(session.subscription, error)


class Speech:
    """The interpreter of lines: see ``ISpeech``.

    Args:
        marks: bytes with which a command begins; if empty, every line is said.
        refuse: the function that reports a refused line.

    Attributes:
        is_clean: see ``ISpeech``.
    """

    __slots__ = ("_marks", "is_clean", "refuse")

    def __init__(
        self,
        marks: tuple[bytes, ...] = (b"/",),
        refuse: Callable[[ISession, Error], None] = answer,
    ) -> None:
        self._marks = marks
        self.is_clean = partial(sanitize.is_sayable, marks)
        self.refuse = refuse

    def prepare(self, session: ISession, block: bytes, is_first: bool) -> bytes:
        """Drop a byte order mark, and the CR before each LF."""
        if is_first:
            block = block.removeprefix(BOM)
        if b"\r" in block and b"\r\n" in block:
            block = block.replace(b"\r\n", b"\n")
            session.subscription.heard_crlf()
        return block

    def sift(self, session: ISession, block: bytes, until: float) -> bytes:
        """Say or do what ``block`` holds, line by line; return what must wait."""
        longest = session.room.settings.max_line
        seconds = session.room.work.clock.seconds
        said: list[bytes] = []
        at = count = 0
        follows = Next.LINE
        while at < len(block) and follows is Next.LINE:
            count += 1
            if (count % LOOK_AFTER == 0 and seconds() >= until) or not session.take(1):
                break
            end = block.find(b"\n", at)
            line, at = block[at:end], end + 1
            if not line:
                continue
            command = _command_in(line, session) if self._marks else None
            if command is None and len(line) <= longest:
                text = line.removeprefix(b"/") if self._marks else line
                said.append(sanitize.mend_line(text))
                continue
            say_mended(session, said)
            said = []
            if len(line) > longest:
                refuse_too_long(session, len(line))
            elif command:
                follows = commands.run(session, command)
            if session.subscription.asked > MAX_OWED or seconds() >= until:
                break
        say_mended(session, said)
        if follows is Next.TURN:
            session.yield_turn()
        return b"" if follows is Next.NOTHING else block[at:]


SPEECH: Final = Speech()

CONNECT_SPEECH: Final = Speech((b"/", b"\\"))
"""That of those who speak the CONNECT protocol: ``\\exit`` is a command, too."""


def say_mended(session: ISession, said: list[bytes]) -> None:
    """Say mended lines, unless their member may not speak."""
    if said and session.member.silenced:
        refused = commands.silenced(session.member.silenced)
        message = f"{lines(len(said))} not said: {refused.message}"
        session.refuse(Error(refused.code, None, message))
    elif said:
        speaker = session.member.speaker or session.member.begin_to_speak()
        text, count = speaker.text(b"\n".join([*said, b""]))
        session.room.say(session.member, speaker, text, count)


def refuse_too_long(session: ISession, size: int) -> None:
    """Tell that a line of ``size`` bytes was dropped."""
    longest = session.room.settings.max_line
    message = f"a line of {size} bytes was dropped: the limit is {longest}"
    session.refuse(Error("too-long", None, message))


def _command_in(line: bytes, session: ISession) -> str | None:
    """Return the command that ``line`` is, "" for a silent one; None: it is said."""
    if line.startswith(b"/"):
        return None if line.startswith(b"//") else line.decode(errors="replace")
    if session.is_connect and line.startswith(b"\\"):
        word = line.removeprefix(b"\\").removeprefix(b"\\").decode(errors="replace")
        if word == "ping":
            session.is_pinging = True
            return ""
        return _BACKSLASHED.get(word)
    return None
