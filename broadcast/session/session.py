"""What one connection says: introduced, then said or commanded, by turns.

A face hands whole lines in; here they become runs for the hub, or commands.
All that is the same on TCP, TLS and WebSocket is here. Bytes on a wire, line
ends and telnet are the face's.
"""

from typing import TYPE_CHECKING, Protocol

from broadcast.auth.ratelimit import Bucket
from broadcast.protocol import sanitize as safe
from broadcast.protocol.events import Bye, Error, lines
from broadcast.room.member import Peer
from broadcast.room.room import Hub
from broadcast.session import commands
from broadcast.session.handshake import Entrance

SHARE_LINES = 2048
"""Lines of one member that a turn takes; the rest waits, and it isn't read."""

BOM = b"\xef\xbb\xbf"

SLOWED_WAIT = 0.05
"""Seconds after which one who was too fast may go on."""


class Face(Protocol):
    """What a conversation needs of the connection."""

    def pause_reading(self) -> None:
        """Read no more for now."""

    def resume_reading(self) -> None:
        """Read on."""


class Nobody:
    """The face of a connection that is gone, so that no cycle is left."""

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""


NOBODY = Nobody()


class Conversation:
    """The input side of a member.

    Attributes:
        entrance: what it says until it joins; None from then on.
        hub: where it is heard.
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
        "_face",
        "_is_fresh",
        "_is_over",
        "_is_parting",
        "_is_slowed",
        "_loss",
        "_rest",
        "entrance",
        "hub",
        "is_connect",
        "is_pinging",
        "is_waiting",
        "member",
        "yields",
    )

    def __init__(
        self, hub: Hub, face: Face, peer: Peer, is_private: bool = False
    ) -> None:
        self.hub = hub
        self.member = hub.new_member(peer)
        self.is_pinging = False
        self.is_connect = False
        self.is_waiting = False
        self.yields = False
        self._face: Face = face
        self._bucket: Bucket | None = None
        self._is_over = False
        self._is_fresh = True
        self._is_parting = False
        self._is_slowed = False
        self._loss = ""
        self._rest = b""
        self.entrance: Entrance | None = self._way_in(is_private)

    def _way_in(self, is_private: bool) -> Entrance:
        return Entrance(self, is_private)

    def has_left(self) -> bool:
        """Tell whether it has left, or was made to: what it says is ignored."""
        return self.entrance is None and (
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
            if self._loss:
                self.hub.lose(self.member, self._loss)
            elif self._is_over and not self.has_left():
                self.end()

    def certify(self, common_name: str) -> None:
        """Be called what a client certificate says, which was found good."""
        if self.entrance is not None:
            self.entrance.certify(common_name)

    def join(self) -> None:
        """End the introduction, if it goes on still: join and be greeted.

        Where one has to log in, that is said instead.
        """
        if self.entrance is not None:
            self.entrance.join()

    def end(self, last: bytes = b"") -> None:
        """Leave, having said the unterminated line ``last``.

        What waits is said first, turn by turn but not slowed; what is queued is
        still written. Whoever was only introducing itself was never here.
        """
        if last:
            self.hear(last + b"\n")
        if self.is_waiting and self.entrance is not None and self.entrance.porch:
            self._is_over = True  # what waits may be a login
            return
        if self._may_finish():
            return
        if self.entrance is not None:
            self.entrance = None
            self.member.end(b"")
        elif not self.has_left():
            self._is_parting = True
            self.hub.part(self.member, None)

    def lose(self, reason: str) -> None:
        """Be gone: the connection is lost. Whole lines that wait are said first.

        What waits for a login is not.
        """
        self._face = NOBODY
        if self._may_finish():
            self._loss = reason
            self.hub.delivery.stop(self.member)
            return
        self._rest = b""
        self.entrance = None
        self.hub.lose(self.member, reason)

    def close(self, bye: Bye) -> None:
        """Close at once, with the last words ``bye``."""
        self.entrance = None
        self.hub.dismiss(self.member, bye)

    def reject(self, words: bytes) -> None:
        """Close at once, with ``words``: this is no client of ours."""
        self.entrance = None
        self.member.end(words, now=True)

    def leave(self, bye: Bye) -> None:
        """Close after all that was said and is queued, with the last words."""
        self._is_parting = True
        self.hub.part(self.member, bye)

    def say(self, block: bytes) -> None:
        """Say a block that is safe."""
        self.hub.say(self.member, *self.member.speaker.text(block))

    def refuse(self, error: Error) -> None:
        """Answer that something was not taken."""
        self.hub.answer(self.member, error)

    def hold(self, block: bytes) -> None:
        """Keep ``block`` until ``go_on``, and read no more."""
        self._rest = block
        self.is_waiting = True
        self._face.pause_reading()

    def _advance(self, block: bytes) -> None:
        """Take a turn's share of ``block``; the rest waits, and no more is read."""
        if self.entrance is not None:
            block = self.entrance.hear(block)
        if not block or self.has_left():
            return
        if self.member.is_stuffed:
            self.hold(block)
            self.hub.wait(self)
            return
        if self._is_clean(block):
            text, count = self.member.speaker.text(block)
            if count <= SHARE_LINES and self._may_say(count):
                self.hub.say(self.member, text, count)
                return
        share, rest = safe.split(block, SHARE_LINES)
        share, slowed = self._slow(share)
        self.yields = False
        left = self._utter(share)
        if self.has_left():
            return
        if left or slowed or rest or self.yields:
            self.hold(left + slowed + rest)
            if slowed and not left:
                self.hub.later(SLOWED_WAIT, self.go_on)
            else:
                self.hub.wait(self)
                self.hub.soon()

    def _may_finish(self) -> bool:
        """Tell whether something waits that is still to be said, and see to it."""
        if not self._rest or self.entrance is not None or self.has_left():
            return False
        self._is_over = True
        self.hub.wait(self)
        self.hub.soon()
        return True

    def _slow(self, share: bytes) -> tuple[bytes, bytes]:
        """Return what ``--rate`` allows of ``share`` now, and the rest."""
        count = share.count(b"\n")
        if self._is_over or self._may_say(count):
            return share, b""
        assert self._bucket is not None
        if not self._is_slowed:
            self._is_slowed = True
            words = f"slowed to {self._bucket.rate:g} lines a second; nothing is lost"
            self.refuse(Error("slowed", None, words))
        return safe.split(share, self._bucket.take_some(count))

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
        return sift(self, block)


if TYPE_CHECKING:
    pass

_BACKSLASHED = {"exit": "/quit", "clients": "/who"}


def sift(talk: "Conversation", block: bytes) -> bytes:
    """Say or do what ``block`` holds; return the lines that must wait."""
    longest = talk.hub.house.max_line
    heard = block.split(b"\n")
    heard.pop()
    said: list[bytes] = []
    talk.yields = False
    for at, line in enumerate(heard):
        if not line:
            continue
        command = _command(talk, line)
        if command is None and len(line) <= longest:
            said.append(safe.mend_line(line.removeprefix(b"/")))
            continue
        say(talk, said)
        said = []
        if len(line) > longest:
            talk.refuse(too_long(len(line), longest))
        elif command:
            commands.run(talk, command)
        if talk.has_left():
            return b""
        if talk.yields or talk.member.is_stuffed:
            return b"".join([line + b"\n" for line in heard[at + 1 :]])
    say(talk, said)
    return b""


def say(talk: "Conversation", said: list[bytes]) -> None:
    """Say mended lines, unless their member may not speak."""
    if said and talk.member.silenced:
        refused = commands.silenced(talk.member.silenced)
        words = f"{lines(len(said))} not said: {refused.words}"
        talk.refuse(Error(refused.code, None, words))
    elif said:
        talk.say(b"\n".join([*said, b""]))


def too_long(size: int, longest: int) -> Error:
    """Return what is told of a line of ``size`` bytes."""
    words = f"a line of {size} bytes was dropped: the limit is {longest}"
    return Error("too-long", None, words)


def _command(talk: "Conversation", line: bytes) -> str | None:
    """Return the command that ``line`` is, "" for a silent one; None: said."""
    if line.startswith(b"/"):
        return None if line.startswith(b"//") else line.decode(errors="replace")
    if talk.is_connect and line.startswith(b"\\"):
        word = line.removeprefix(b"\\").removeprefix(b"\\").decode(errors="replace")
        if word == "ping":
            talk.is_pinging = True
            return ""
        return _BACKSLASHED.get(word)
    return None
