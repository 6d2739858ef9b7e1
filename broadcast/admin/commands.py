"""The admin's commands: a table, name → function.

The input is a line; the output is rows, and a last object.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from twisted.internet.defer import Deferred

from broadcast.admin import HELP
from broadcast.admin.actions import AdminActions, CommandRefusedError, Row
from broadcast.auth.bans import BanError
from broadcast.protocol import sanitize

_FOR = re.compile(r"(?:^| +)--for(?=[ =\d]|$)[ =]*(\S*)")
_TIME = re.compile(r"(\d{1,9})([smhd]?)")
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MAX_FOR = 100 * 365 * 86400

Answer = Row | Deferred[None]
"""A part of an answer; the parts after a Deferred come when that is called back."""

Command = Callable[[AdminActions, str], Iterator[Answer]]


def carry_out(actions: AdminActions, line: str) -> Iterator[Answer]:
    """Carry out a line: a command and its arguments, without the line end.

    Yields:
        Rows, each a JSON object, or a Deferred to be waited for. The last row has
        ``ok``, and ``error`` if that is False.
        Every failure is reported so; nothing is raised.
    """
    word, _, argument = line.strip().partition(" ")
    command = COMMANDS.get(word.lower())
    try:
        if command is None:
            raise CommandRefusedError(
                f"there is no command {sanitize.mend(word)[:32]}; see help"
            )
        last: Row = {}
        for row in command(actions, argument.strip()):
            if isinstance(row, Deferred):
                yield row
                continue
            if last:
                yield last
            last = row
        yield {"ok": True} | last
    except (CommandRefusedError, BanError) as error:
        yield {"ok": False, "error": str(error)}
    except Exception:
        actions.logger.failure("an admin's command failed", event="fault")
        yield {"ok": False, "error": "the command failed; see the daemon's log"}


def _who(actions: AdminActions, argument: str) -> Iterator[Row]:
    _none(argument)
    count = 0
    for row in actions.members():
        count += 1
        yield row
    yield {"count": count}


def _kick(actions: AdminActions, argument: str) -> Iterator[Answer]:
    name, reason = _first(argument, "kick NAME [REASON]")
    text = actions.kick(name, sanitize.mend(reason))
    yield actions.kept
    yield {"text": text}


def _ban(actions: AdminActions, argument: str) -> Iterator[Answer]:
    usage = "ban HOST|NAME [--for 10m] [REASON]"
    option = _FOR.search(argument)
    seconds = None if option is None else _seconds(option[1])
    whom, reason = _first(_FOR.sub("", argument, 1).strip(), usage)
    if whom.startswith("--"):
        raise CommandRefusedError(f"{whom} is no option; give {usage}")
    row = actions.ban(whom, seconds, sanitize.mend(reason))
    yield actions.kept
    yield row


def _unban(actions: AdminActions, argument: str) -> Iterator[Answer]:
    row = actions.unban(_only(argument, "unban HOST|NAME"))
    yield actions.kept
    yield row


def _bans(actions: AdminActions, argument: str) -> Iterator[Row]:
    _none(argument)
    count = 0
    for ban in actions.bans:
        count += 1
        yield {"ban": ban.whom, "until": ban.until, "reason": ban.reason}
    yield {"count": count}


def _mute(actions: AdminActions, argument: str) -> Iterator[Answer]:
    text = actions.mute(_only(argument, "mute NAME"))
    yield actions.kept
    yield {"text": text}


def _unmute(actions: AdminActions, argument: str) -> Iterator[Answer]:
    text = actions.unmute(_only(argument, "unmute NAME"))
    yield actions.kept
    yield {"text": text}


def _say(actions: AdminActions, argument: str) -> Iterator[Row]:
    if not argument:
        raise CommandRefusedError("no text; give say TEXT")
    if actions.room.settings.relay:
        raise CommandRefusedError(
            "a relay has no notices; start the daemon without --relay"
        )
    actions.room.announce(sanitize.mend(argument))
    yield {"text": f"said to {len(actions.room.subscriptions)}"}


def _log(actions: AdminActions, argument: str) -> Iterator[Row]:
    word = argument.lower()
    if not actions.threshold.set(word):
        raise CommandRefusedError(
            "unknown level; give log debug, info, warning or error"
        )
    yield {"text": f"logging {word} and graver"}


def _stats(actions: AdminActions, argument: str) -> Iterator[Row]:
    _none(argument)
    yield {"stats": actions.stats()}


def _drain(actions: AdminActions, argument: str) -> Iterator[Row]:
    _none(argument)
    actions.stop()
    yield {"text": f"stopping, {len(actions.room.subscriptions)} here"}


def _help(actions: AdminActions, argument: str) -> Iterator[Row]:
    yield {"text": HELP}


COMMANDS: Final[dict[str, Command]] = {
    "who": _who,
    "kick": _kick,
    "ban": _ban,
    "unban": _unban,
    "bans": _bans,
    "mute": _mute,
    "unmute": _unmute,
    "say": _say,
    "log": _log,
    "stats": _stats,
    "drain": _drain,
    "help": _help,
}


def _first(argument: str, usage: str) -> tuple[str, str]:
    word, _, rest = argument.partition(" ")
    if not word:
        raise CommandRefusedError(f"a word is missing; give {usage}")
    return word, rest.strip()


def _seconds(time: str) -> float:
    found = _TIME.fullmatch(time)
    if found is None or not 0 < int(found[1]) * _SECONDS[found[2]] <= _MAX_FOR:
        raise CommandRefusedError("not a time; give --for 90s, 10m, 2h or 7d")
    return float(int(found[1]) * _SECONDS[found[2]])


def _only(argument: str, usage: str) -> str:
    word, rest = _first(argument, usage)
    if rest:
        raise CommandRefusedError(f"too many words; give {usage}")
    return word


def _none(argument: str) -> None:
    if argument:
        raise CommandRefusedError("the command takes no words; leave them out")
