"""The slash commands: a table, name → function; their arguments and refusals.

Each gives one final answer.
"""

import enum
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from broadcast.protocol import names, sanitize
from broadcast.protocol.dialects import JSON, TEXT, Dialect
from broadcast.protocol.events import (
    WHO_PIECE_NAMES,
    Ack,
    Bye,
    Error,
    Notice,
    Pong,
    Who,
    who_piece,
)
from broadcast.room.directory import When
from broadcast.room.room import Room
from broadcast.room.roster import NameRefusedError
from broadcast.room.subscription import Subscription
from broadcast.session import replays
from broadcast.session.interfaces import ISession
from broadcast.store.entries import Run

DEFAULT_HISTORY = 20

HELP = """\
/name NAME [KEY]         takes a name (/nick too); KEY takes it back later
/who [PREFIX]            lists the members
/say TOKEN TEXT          says TEXT once, and reports when it is said
/history [N] [EPOCH:ID]  replays the last N lines (20), or the N before that position
/since EPOCH:ID          replays the lines after that position
/ping [TOKEN]            answers pong, once all that you said before is said
/format text|json        chooses lines for people or for programs
/quiet                   in the introduction: joins and leaves unannounced
/login ...               logs in, where the server asks for it
/quit                    leaves (/exit too)
//TEXT                   says /TEXT"""


class CommandError(Exception):
    """A command was refused, for one of the protocol's error codes."""

    def __init__(self, code: str, message: str, token: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.token = token


def error_for(name: str, refused: CommandError) -> Error:
    """Return the event that tells of a refused command."""
    return Error(refused.code, sanitize.mend(name)[:32], refused.message, refused.token)


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
    name, *rest = words_of(argument, 1, len(argument), "/name NAME [KEY]")
    if not rest:
        return name, None
    if len(rest) > 1 or not names.is_key(rest[0]):
        key = "what follows it is a key of 8 to 64 printable ASCII"
        raise CommandError("bad-argument", f"{names.ONE_WORD}; {key}")
    return name, rest[0]


def words_of(argument: str, least: int, most: int, usage: str) -> list[str]:
    """Return the words of an argument, ``least`` to ``most`` of them.

    Raises:
        CommandError: there are fewer or more; says ``usage``.
    """
    found = [word for word in argument.split(" ") if word]
    if not least <= len(found) <= most:
        raise CommandError("bad-argument", usage)
    return found


def number_of(digits: str, usage: str) -> int:
    """Return a number of at most 16 decimal digits.

    Raises:
        CommandError: it is none; says ``usage``.
    """
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 16):
        raise CommandError("bad-argument", usage)
    return int(digits)


def position_of(word: str, usage: str) -> tuple[str, int]:
    """Return epoch and id of a position.

    Raises:
        CommandError: it is none; says ``usage``.
    """
    epoch, _, digits = word.rpartition(":")
    id = number_of(digits, usage)
    if not epoch:
        raise CommandError("bad-argument", usage)
    return epoch, id


class Next(enum.Enum):
    """The part of the input that is taken after a command."""

    LINE = "the next line"
    TURN = "the next line, when all that was asked for has been answered"
    NOTHING = "nothing: it leaves"


Command = Callable[[ISession, str], Next | None]
"""Takes a session and the argument; None is ``Next.LINE``."""


def run(session: ISession, line: str) -> Next:
    """Carry out ``line``, which begins with ``/``; answer an error if it can't.

    Returns:
        The part of the input that is taken after it.
    """
    word, _, argument = line[1:].partition(" ")
    name = word.lower()
    try:
        command = COMMANDS.get(name)
        if command is None:
            raise CommandError(
                "unknown-command",
                f"there is no command /{sanitize.mend(word)[:32]}: /help lists them,"
                " //… says a line that begins with /",
            )
        return command(session, argument) or Next.LINE
    except CommandError as refused:
        session.room.answer(session.subscription, error_for(name, refused))
        return Next.LINE


def _name(session: ISession, argument: str) -> Next:
    raw, key = parse_name(argument)
    room = session.room
    if room.roster.is_certified(session.member):
        raise CommandError("bad-name", "your certificate says what you are called")
    if room.directory.policy.turn_away("", raw) is not None:
        raise CommandError("name-taken", "that name is banned")
    try:
        claim = room.roster.wanted(raw, key, session.member)
    except NameRefusedError as refused:
        raise CommandError(refused.code, refused.message) from None
    room.rename(session.subscription, claim, key)
    return Next.TURN  # the answer comes before anything said under the new name


def _who(session: ISession, argument: str) -> None:
    given = words_of(argument, 0, 1, "/who [PREFIX]")
    room, prefix = session.room, given[0] if given else ""
    weight = 24 * room.count
    room.answer(session.subscription, _who_pieces(room, prefix), weight)


def _who_pieces(room: Room, prefix: str) -> Iterator[Who]:
    """Yield the list of names: each piece is true when it is told."""
    last, more = "", True
    while more:
        listed = room.roster.listed(prefix, last, WHO_PIECE_NAMES + 1)
        piece = who_piece(listed, room.count)
        yield piece
        more = piece.more
        last = piece.names[-1] if more else ""


def _quiet(session: ISession, argument: str) -> None:
    raise CommandError(
        "bad-argument", "/quiet is for the introduction, before all else"
    )


def _ping(session: ISession, argument: str) -> None:
    given = words_of(argument, 0, 1, "/ping [TOKEN]")
    if given and not names.is_token(given[0]):
        raise CommandError("bad-argument", "a token is 1 to 64 printable ASCII")
    if session.is_connect or session.subscription.next_dialect is JSON:
        session.is_pinging = True  # a person who pings by hand may fall silent
    session.room.answer(session.subscription, Pong(given[0] if given else None))


def _history(session: ISession, argument: str) -> None:
    usage = "/history [N] [EPOCH:ID]"
    given = words_of(argument, 0, 2, usage)
    place = given.pop() if given and ":" in given[-1] else None
    if len(given) > 1:
        raise CommandError("bad-argument", usage)
    count, before = DEFAULT_HISTORY, None
    if given:
        count = number_of(given[0], "/history takes a number of lines")
    room = session.room
    if place is not None:
        epoch, before = position_of(place, f"{usage}: a position is EPOCH:ID")
        if epoch != room.store.epoch:
            raise CommandError("bad-argument", "that position is not in this log")
    replays.history(room, session.subscription, count, before)


def _since(session: ISession, argument: str) -> None:
    word = words_of(argument, 1, 1, "/since EPOCH:ID")[0]
    position = position_of(word, "/since takes a position, EPOCH:ID")
    replays.since(session.room, session.subscription, *position)


def _say(session: ISession, argument: str) -> None:
    token, _, text = argument.lstrip(" ").partition(" ")
    if not token:
        raise CommandError("bad-argument", "/say TOKEN TEXT")
    if not names.is_token(token):
        raise CommandError("bad-argument", "a token is 1 to 64 printable ASCII")
    if not text:
        raise CommandError("bad-argument", "/say TOKEN TEXT", token)
    room, member, subscription = session.room, session.member, session.subscription
    kept = member.owner
    owner = kept or member.session_id
    if kept and (id := room.store.state.tokens.get((kept, token))) is not None:
        room.answer(subscription, Ack(token, id, double=True))
        return
    if (said := room.dedup.find(owner, token)) is not None:
        double = partial(_acknowledge, subscription, token, said, is_double=True)
        room.answer(subscription, double)
        return
    speaker = member.speaker or member.begin_to_speak()
    line, _ = speaker.text(sanitize.mend(text).encode() + b"\n")
    if member.silenced:
        refused = silenced(member.silenced)
        raise CommandError(refused.code, refused.message, token)
    run = room.say(member, speaker, line, 1, token, kept)
    room.dedup.remember(owner, token, run)
    room.answer(subscription, partial(_acknowledge, subscription, token, run))


def _acknowledge(
    subscription: Subscription, token: str, run: Run, is_double: bool = False
) -> None:
    """Tell where the line is; or why the log has left it out."""
    if run.first:
        is_double = is_double or run.token is None
        subscription.tell(Ack(token, run.first, is_double or None))
    else:
        subscription.tell(Error("muted", "say", silenced("muted").message, token))


def _format(session: ISession, argument: str) -> None:
    dialect = parse_format(argument)
    room, subscription = session.room, session.subscription

    def answer() -> None:
        subscription.switch(dialect)
        subscription.tell(room.welcome(subscription.member))
        if not subscription.live:
            subscription.writer.wake()

    room.answer(subscription, answer)


def _login(session: ISession, argument: str) -> None:
    if session.room.directory.policy.authenticator is not None:
        raise CommandError("bad-argument", "you are in already")
    raise CommandError("bad-argument", "nobody has to log in here")


def _help(session: ISession, argument: str) -> None:
    words_of(argument, 0, 0, "/help takes no words")
    session.room.answer(session.subscription, Notice(HELP))


def _quit(session: ISession, argument: str) -> Next:
    words_of(argument, 0, 0, "/quit takes no words")
    session.close(Bye("quit", "Bye"), When.AFTER_READ)
    return Next.NOTHING


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
    "quiet": _quiet,
    "help": _help,
    "quit": _quit,
    "exit": _quit,
}
