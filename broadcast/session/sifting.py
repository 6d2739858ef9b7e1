"""A block in which something is wrong, or a command, line by line.

The slow path: what is clean never comes here.
"""

from typing import TYPE_CHECKING

from broadcast.protocol import sanitize as safe
from broadcast.protocol.events import Error, lines
from broadcast.session import commands

if TYPE_CHECKING:
    from broadcast.session.session import Conversation

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
