"""The slash commands: a table, name → function. Each gives one final answer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from broadcast.protocol import names
from broadcast.protocol import sanitize as safe
from broadcast.protocol.dialects import JSON, TEXT, Dialect
from broadcast.protocol.events import (
    Ack,
    Bye,
    Error,
    Notice,
    Pong,
    Replay,
    Replayed,
    who_pieces,
)
from broadcast.room.member import MAX_BACKLOG, Member
from broadcast.room.room import Hub
from broadcast.room.roster import NameRefusedError
from broadcast.room.subscription import Replay as Reader
from broadcast.store.log import Stretch


class CommandError(Exception):
    """A command was refused, for one of the protocol's error codes."""

    def __init__(self, code: str, words: str, token: str | None = None) -> None:
        super().__init__(words)
        self.code = code
        self.words = words
        self.token = token


def error_for(name: str, refused: CommandError) -> Error:
    """Return the event that tells of a refused command."""
    return Error(refused.code, safe.mend(name)[:32], refused.words, refused.token)


def silenced(code: str) -> CommandError:
    """Return why one who is ``muted``, or ``listen-only``, can't say a line."""
    if code == "muted":
        return CommandError(code, "you are muted")
    return CommandError(code, "one only listens here")


def parse_format(argument: str) -> Dialect:
    """Return the dialect named.

    Raises:
        CommandError: there is no such dialect.
    """
    word = words_of(argument, 1, 1, "/format text or /format json")[0].lower()
    if word not in ("text", "json"):
        raise CommandError("bad-argument", "/format text or /format json")
    return JSON if word == "json" else TEXT


def parse_name(argument: str) -> tuple[str, str | None]:
    """Return a name as it was given, and the key or None.

    Raises:
        CommandError: no name, or a key that can't be one.
    """
    words = words_of(argument, 1, 2, "/name NAME [KEY]")
    if len(words) == 1:
        return words[0], None
    if not names.is_key(words[1]):
        raise CommandError("bad-argument", "a key is 8 to 64 printable ASCII")
    return words[0], words[1]


def words_of(argument: str, least: int, most: int, usage: str) -> list[str]:
    """Return the words of an argument, ``least`` to ``most`` of them.

    Raises:
        CommandError: there are fewer or more; says ``usage``.
    """
    words = [word for word in argument.split(" ") if word]
    if not least <= len(words) <= most:
        raise CommandError("bad-argument", usage)
    return words


def number_of(digits: str, usage: str) -> int:
    """Return a number of at most 16 decimal digits.

    Raises:
        CommandError: it is none; says ``usage``.
    """
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 16):
        raise CommandError("bad-argument", usage)
    return int(digits)


__all__ = [
    "COMMANDS",
    "HELP",
    "Command",
    "CommandError",
    "Talk",
    "error_for",
    "parse_format",
    "parse_name",
    "run",
    "silenced",
    "take_name",
]

DEFAULT_HISTORY = 20

HELP = """\
/name NAME [KEY]   be called NAME (/nick too); with KEY you can take it back
/who [PREFIX]      who is here
/say TOKEN TEXT    say TEXT once, and be told when it is said
/history [N]       the last N lines (20)
/since EPOCH:ID    what was said after that position
/ping [TOKEN]      pong, after all you said before is said
/format text|json  lines for people or for programs
/login ...         where the server asks for it
/quit              leave (/exit too)
//TEXT             say /TEXT"""


class Talk(Protocol):
    """What a command knows of the conversation that it came in.

    Attributes:
        yields: set: the rest of what was said waits for the next turn.
    """

    hub: Hub
    member: Member
    is_pinging: bool
    is_connect: bool
    yields: bool

    def leave(self, bye: Bye) -> None:
        """Close after all that was said and is queued, with the last words."""


Command = Callable[[Talk, str], None]


def run(talk: Talk, line: str) -> None:
    """Carry out ``line``, which begins with ``/``; answer an error if it can't."""
    word, _, argument = line[1:].partition(" ")
    name = word.lower()
    try:
        command = COMMANDS.get(name)
        if command is None:
            raise CommandError(
                "unknown-command",
                f"there is no command /{safe.mend(word)[:32]}: /help lists them,"
                " //… says a line that begins with /",
            )
        command(talk, argument)
    except CommandError as refused:
        talk.hub.answer(talk.member, error_for(name, refused))


def take_name(hub: Hub, member: Member, raw: str, key: str | None) -> None:
    """Check a name and make whoever has it with the same key give it up.

    Raises:
        CommandError: not a good name, or somebody else's.
    """
    try:
        other = hub.roster.check(raw, key, member)
    except NameRefusedError as refused:
        raise CommandError(refused.code, refused.words) from None
    if other is not None:
        hub.dismiss(other, Bye("replaced", "you came back in another connection"))


def _name(talk: Talk, argument: str) -> None:
    raw, key = parse_name(argument)
    if talk.hub.roster.is_certified(talk.member):
        raise CommandError("bad-name", "your certificate says what you are called")
    if talk.hub.guard.turn_away("", raw) is not None:
        raise CommandError("name-taken", "that name is banned")
    take_name(talk.hub, talk.member, raw, key)
    talk.hub.rename(talk.member, raw, key)
    talk.yields = True  # the answer comes before anything said under the new name


def _who(talk: Talk, argument: str) -> None:
    words = words_of(argument, 0, 1, "/who [PREFIX]")
    hub, member = talk.hub, talk.member

    def answer() -> None:
        found = hub.roster.starting_with(words[0] if words else "")
        for piece in who_pieces(found, len(hub.members)):
            member.tell(piece)

    hub.answer(member, answer, weight=24 * len(hub.members))


def _ping(talk: Talk, argument: str) -> None:
    words = words_of(argument, 0, 1, "/ping [TOKEN]")
    if words and not names.is_token(words[0]):
        raise CommandError("bad-argument", "a token is 1 to 64 printable ASCII")
    if talk.is_connect or talk.member.spoken is JSON:
        talk.is_pinging = True  # a person who pings by hand may fall silent
    talk.hub.answer(talk.member, Pong(words[0] if words else None))


def _history(talk: Talk, argument: str) -> None:
    words = words_of(argument, 0, 1, "/history [N]")
    most = talk.hub.house.history
    count = DEFAULT_HISTORY
    if words:
        count = number_of(words[0], "/history takes a number of lines")
    _replay(talk, lambda: talk.hub.log.tail(min(count, most)))


def _since(talk: Talk, argument: str) -> None:
    word = words_of(argument, 1, 1, "/since EPOCH:ID")[0]
    epoch, _, digits = word.rpartition(":")
    id = number_of(digits, "/since takes a position, EPOCH:ID")
    if not epoch:
        raise CommandError("bad-argument", "/since takes a position, EPOCH:ID")
    hub = talk.hub

    def stretch() -> Stretch:
        if epoch != hub.engine.epoch or id > hub.log.last_id:
            return replace(hub.log.tail(hub.house.history), missing=None)
        return hub.log.since(id, hub.house.history)

    _replay(talk, stretch)


def _replay(talk: Talk, find: Callable[[], Stretch]) -> None:
    hub, member = talk.hub, talk.member

    def answer() -> None:
        stretch = find()
        member.tell(Replay(stretch.count, stretch.missing))
        if stretch.count:
            member.replay(Reader(hub.log, stretch))
        position = f"{hub.engine.epoch}:{hub.log.last_id}"
        member.tell(Replayed(stretch.count, position))
        if not member.live:
            member.outlet.wake()

    hub.answer(member, answer, weight=MAX_BACKLOG + 1)


def _say(talk: Talk, argument: str) -> None:
    token, _, text = argument.lstrip(" ").partition(" ")
    if not token:
        raise CommandError("bad-argument", "/say TOKEN TEXT")
    if not names.is_token(token):
        raise CommandError("bad-argument", "a token is 1 to 64 printable ASCII")
    if not text:
        raise CommandError("bad-argument", "/say TOKEN TEXT", token)
    hub, member = talk.hub, talk.member
    owner = (names.fold(member.name), member.key) if member.key else member.session
    said = hub.tokens.find(owner, token)
    if said is not None:
        hub.answer(member, lambda: member.tell(Ack(token, said.first, double=True)))
        return
    line, _ = member.speaker.text(safe.mend(text).encode() + b"\n")
    if member.silenced:
        refused = silenced(member.silenced)
        raise CommandError(refused.code, refused.words, token)
    run = hub.say(member, line, 1, token)
    hub.tokens.remember(owner, token, run)
    hub.answer(member, lambda: member.tell(Ack(token, run.first)))


def _format(talk: Talk, argument: str) -> None:
    dialect = parse_format(argument)
    hub, member = talk.hub, talk.member

    def answer() -> None:
        member.switch(dialect)
        member.tell(hub.welcome(member))
        if not member.live:
            member.outlet.wake()

    hub.answer(member, answer)


def _login(talk: Talk, argument: str) -> None:
    if talk.hub.guard.gate is not None:
        raise CommandError("bad-argument", "you are in already")
    raise CommandError("bad-argument", "nobody has to log in here")


def _help(talk: Talk, argument: str) -> None:
    words_of(argument, 0, 0, "/help takes no words")
    talk.hub.answer(talk.member, Notice(HELP))


def _quit(talk: Talk, argument: str) -> None:
    words_of(argument, 0, 0, "/quit takes no words")
    talk.leave(Bye("quit", "Bye"))


COMMANDS: Final[dict[str, Command]] = {
    "name": _name,
    "nick": _name,
    "who": _who,
    "ping": _ping,
    "history": _history,
    "since": _since,
    "say": _say,
    "format": _format,
    "login": _login,
    "help": _help,
    "quit": _quit,
    "exit": _quit,
}
