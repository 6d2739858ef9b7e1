"""What one connection says: introduced, then said or commanded, by turns.

A connection hands whole lines in; here they become runs for the room, or commands.
All that is the same on TCP, TLS and WebSocket is here. Bytes on a wire, line
ends and telnet are the connection's business.
"""

from broadcast.auth.ratelimit import Bucket
from broadcast.base.values import plural
from broadcast.protocol import sanitize
from broadcast.protocol.events import Bye, Error, lines
from broadcast.room.member import Peer
from broadcast.room.room import Room
from broadcast.session import commands
from broadcast.session.handshake import Handshake
from broadcast.session.interfaces import (
    CLOSED_CONNECTION,
    ClosedConnection,
    IConnection,
)
from broadcast.session.login import LoginPhase

SHARE_LINES = 2048
"""Lines of one member that a turn takes; the rest waits, and it isn't read."""

BOM = b"\xef\xbb\xbf"

_BACKSLASHED = {"exit": "/quit", "clients": "/who"}

SLOWED_WAIT = 0.05
"""Seconds after which one who was too fast may go on."""


class Session:
    """The input side of a member.

    Attributes:
        handshake: what it says until it joins; None from then on.
        room: where it is heard.
        member: its output side.
        is_pinging: it sends pings, and so is held to ``--idle-timeout``.
        is_waiting: what it says waits for a later turn; it isn't read.
        is_connect: it speaks the CONNECT protocol: ``\\exit`` is a command.
        yields: what a command asks: the rest is said a turn later.

    Args:
        is_private: nobody can listen in on its way here (TLS, this machine).
    """

    __slots__ = (
        "_bucket",
        "_connection",
        "_is_fresh",
        "_is_over",
        "_is_parting",
        "_is_slowed",
        "_loss",
        "_rest",
        "handshake",
        "is_connect",
        "is_pinging",
        "is_waiting",
        "member",
        "room",
        "yields",
    )

    def __init__(
        self, room: Room, connection: IConnection, peer: Peer, is_private: bool = False
    ) -> None:
        self.room = room
        self.member = room.new_member(peer)
        self.is_pinging = False
        self.is_connect = False
        self.is_waiting = False
        self.yields = False
        self._connection: IConnection | ClosedConnection = connection
        self._bucket: Bucket | None = None
        self._is_over = False
        self._is_fresh = True
        self._is_parting = False
        self._is_slowed = False
        self._loss = ""
        self._rest = b""
        self.handshake: Handshake | None = self._new_handshake(is_private)

    def _new_handshake(self, is_private: bool) -> Handshake:
        handshake = Handshake(self)
        if (authenticator := self.room.policy.authenticator) is not None:
            handshake.login = LoginPhase(self, handshake, authenticator, is_private)
        return handshake

    @property
    def is_joining(self) -> bool:
        """It has neither joined nor left: the handshake goes on."""
        return self.handshake is not None

    def end_handshake(self) -> None:
        """Be done with the handshake: it joins now, or is turned away."""
        self.handshake = None

    def has_left(self) -> bool:
        """Tell whether it has left, or was made to: what it says is ignored."""
        return self.handshake is None and (
            self._is_parting or self.member.session_id not in self.room.members
        )

    def hear(self, block: bytes) -> None:
        """Take whole lines, each ended by LF; one CR before it is dropped."""
        if self._is_fresh:
            self._is_fresh = False
            block = block.removeprefix(BOM)
        self.room.stats.bytes_in += len(block)
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
            self._connection.resume_reading()
            if self._loss:
                self.room.lose(self.member, self._loss)
            elif self._is_over and not self.has_left():
                self.end()

    def certify(self, common_name: str) -> None:
        """Be called what a client certificate says, which was found good."""
        if self.handshake is not None:
            self.handshake.certify(common_name)

    def join(self) -> None:
        """End the introduction, if it goes on still: join and be greeted.

        Where one has to log in, that is said instead.
        """
        if self.handshake is not None:
            self.handshake.join()

    def end(self, last: bytes = b"") -> None:
        """Leave, having said the unterminated line ``last``.

        What waits is said first, turn by turn but not slowed; what is queued is
        still written. Whoever was only introducing itself was never here.
        """
        if last:
            self.hear(last + b"\n")
        if self.is_waiting and self.handshake is not None and self.handshake.login:
            self._is_over = True  # what waits may be a login
            return
        if self._may_finish():
            return
        if self.handshake is not None:
            self.handshake = None
            self.member.end(b"")
        elif not self.has_left():
            self._is_parting = True
            self.room.part(self.member, None)

    def lose(self, reason: str) -> None:
        """Be gone: the connection is lost. Whole lines that wait are said first.

        What waits for a login is not.
        """
        self._connection = CLOSED_CONNECTION
        if self._may_finish():
            self._loss = reason
            self.room.fanout.stop(self.member)
            return
        self._rest = b""
        self.handshake = None
        self.room.lose(self.member, reason)

    def close(self, bye: Bye) -> None:
        """Close at once, with the last words ``bye``."""
        self.handshake = None
        self.room.dismiss(self.member, bye)

    def reject(self, message: bytes) -> None:
        """Close at once, with ``message``: this is no client of ours."""
        self.handshake = None
        self.member.end(message, now=True)

    def leave(self, bye: Bye) -> None:
        """Close after all that was said and is queued, with the last words."""
        self._is_parting = True
        self.room.part(self.member, bye)

    def say(self, block: bytes) -> None:
        """Say a block that is safe."""
        self.room.say(self.member, *self.member.speaker.text(block))

    def refuse(self, error: Error) -> None:
        """Answer that something was not taken."""
        self.room.answer(self.member, error)

    def hold(self, block: bytes) -> None:
        """Keep ``block`` until ``go_on``, and read no more."""
        self._rest = block
        self.is_waiting = True
        self._connection.pause_reading()

    def _advance(self, block: bytes) -> None:
        """Take a turn's share of ``block``; the rest waits, and no more is read."""
        if self.handshake is not None:
            block = self.handshake.hear(block)
        if not block or self.has_left():
            return
        if self.member.is_stuffed:
            self.hold(block)
            self.room.wait(self)
            return
        if self._is_clean(block):
            text, count = self.member.speaker.text(block)
            if count <= SHARE_LINES and self._may_say(count):
                self.room.say(self.member, text, count)
                return
        share, rest = sanitize.split(block, SHARE_LINES)
        share, slowed = self._slow(share)
        self.yields = False
        left = self._utter(share)
        if self.has_left():
            return
        if left or slowed or rest or self.yields:
            self.hold(left + slowed + rest)
            if slowed and not left:
                self.room.later(SLOWED_WAIT, self.go_on)
            else:
                self.room.wait(self)
                self.room.soon()

    def _may_finish(self) -> bool:
        """Tell whether something waits that is still to be said, and see to it."""
        if not self._rest or self.handshake is not None or self.has_left():
            return False
        self._is_over = True
        self.room.wait(self)
        self.room.soon()
        return True

    def _slow(self, share: bytes) -> tuple[bytes, bytes]:
        """Return what ``--rate`` allows of ``share`` now, and the rest."""
        count = share.count(b"\n")
        if self._is_over or self._may_say(count):
            return share, b""
        assert self._bucket is not None
        if not self._is_slowed:
            self._is_slowed = True
            rate = plural(self._bucket.rate, "line")
            message = f"slowed to {rate} a second; nothing is lost"
            self.refuse(Error("slowed", None, message))
        return sanitize.split(share, self._bucket.take_some(count))

    def _utter(self, block: bytes) -> bytes:
        """Say or do what ``block`` holds; return what must wait."""
        if not block:
            return b""
        if not self._is_clean(block):
            return self._sift(block)
        self.say(block)
        return b""

    def _is_clean(self, block: bytes) -> bool:
        """Tell whether ``block`` can be said as it is.

        The hot path: a handful of passes over the bytes, none over the lines.
        """
        return (
            not self.member.silenced
            and sanitize.is_clean(block)
            and not sanitize.has_blank(block)
            and not sanitize.begins_line(b"/", block)
            and not sanitize.has_longer(block, self.room.settings.max_line)
            and not (self.is_connect and sanitize.begins_line(b"\\", block))
        )

    def _may_say(self, count: int) -> bool:
        """Take ``count`` lines from what ``--rate`` allows, if there are so many."""
        settings = self.room.settings
        if not settings.rate:
            return True
        now = self.room.clock()
        bucket, limits = self._bucket, (settings.rate, settings.burst)
        if bucket is None or (bucket.rate, bucket.burst) != limits:
            bucket = self._bucket = Bucket(*limits, now)
        return bucket.take(count, now)

    def _sift(self, block: bytes) -> bytes:
        """Say or do what ``block`` holds, line by line; return what must wait.

        The slow path: what is clean never comes here.
        """
        longest = self.room.settings.max_line
        heard = block.split(b"\n")
        heard.pop()
        said: list[bytes] = []
        self.yields = False
        for at, line in enumerate(heard):
            if not line:
                continue
            command = self._command_in(line)
            if command is None and len(line) <= longest:
                said.append(sanitize.mend_line(line.removeprefix(b"/")))
                continue
            self._say_mended(said)
            said = []
            if len(line) > longest:
                self._refuse_too_long(len(line), longest)
            elif command:
                commands.run(self, command)
            if self.has_left():
                return b""
            if self.yields or self.member.is_stuffed:
                return b"".join([line + b"\n" for line in heard[at + 1 :]])
        self._say_mended(said)
        return b""

    def _say_mended(self, said: list[bytes]) -> None:
        """Say mended lines, unless their member may not speak."""
        if said and self.member.silenced:
            refused = commands.silenced(self.member.silenced)
            message = f"{lines(len(said))} not said: {refused.message}"
            self.refuse(Error(refused.code, None, message))
        elif said:
            self.say(b"\n".join([*said, b""]))

    def _refuse_too_long(self, size: int, longest: int) -> None:
        """Tell that a line of ``size`` bytes was dropped."""
        message = f"a line of {size} bytes was dropped: the limit is {longest}"
        self.refuse(Error("too-long", None, message))

    def _command_in(self, line: bytes) -> str | None:
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
