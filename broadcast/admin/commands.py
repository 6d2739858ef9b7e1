"""The orders: a table, name → function. One line in; rows and a last object out."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from broadcast.admin import HELP
from broadcast.admin.actions import Desk, OrderError, Row
from broadcast.auth.bans import BanError
from broadcast.protocol import sanitize as safe

_FOR = re.compile(r"(?:^| +)--for(?=[ =\d]|$)[ =]*(\S*)")
_TIME = re.compile(r"(\d{1,9})([smhd]?)")
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MAX_FOR = 100 * 365 * 86400

Order = Callable[[Desk, str], Iterator[Row]]


def carry_out(desk: Desk, line: str) -> Iterator[Row]:
    """Carry out one line: an order and its words, without the line end.

    Yields:
        Rows, each a json object; last one with ``ok``, and ``error`` if that is
        False. Whatever goes wrong is told there: nothing is raised.
    """
    word, _, argument = line.strip().partition(" ")
    order = ORDERS.get(word.lower())
    try:
        if order is None:
            raise OrderError(f"there is no order {safe.mend(word)[:32]}: try help")
        last: Row = {}
        for row in order(desk, argument.strip()):
            if last:
                yield last
            last = row
        yield {"ok": True} | last
    except (OrderError, BanError) as error:
        yield {"ok": False, "error": str(error)}
    except Exception:
        desk.log.failure("an order of the admin's failed")
        yield {"ok": False, "error": "that went wrong: the log says how"}


def _who(desk: Desk, argument: str) -> Iterator[Row]:
    _none(argument)
    count = 0
    for row in desk.members():
        count += 1
        yield row
    yield {"count": count}


def _kick(desk: Desk, argument: str) -> Iterator[Row]:
    name, reason = _first(argument, "kick NAME [REASON]")
    yield {"text": desk.kick(name, safe.mend(reason))}


def _ban(desk: Desk, argument: str) -> Iterator[Row]:
    usage = "ban HOST|NAME [--for 10m] [REASON]"
    option = _FOR.search(argument)
    seconds = None if option is None else _seconds(option[1])
    whom, reason = _first(_FOR.sub("", argument, 1).strip(), usage)
    if whom.startswith("--"):
        raise OrderError(usage)
    yield desk.ban(whom, seconds, safe.mend(reason))


def _unban(desk: Desk, argument: str) -> Iterator[Row]:
    yield desk.unban(_only(argument, "unban HOST|NAME"))


def _bans(desk: Desk, argument: str) -> Iterator[Row]:
    _none(argument)
    count = 0
    for ban in desk.bans:
        count += 1
        yield {"ban": ban.whom, "until": ban.until, "reason": ban.reason}
    yield {"count": count}


def _mute(desk: Desk, argument: str) -> Iterator[Row]:
    yield {"text": desk.mute(_only(argument, "mute NAME"))}


def _unmute(desk: Desk, argument: str) -> Iterator[Row]:
    yield {"text": desk.unmute(_only(argument, "unmute NAME"))}


def _say(desk: Desk, argument: str) -> Iterator[Row]:
    if not argument:
        raise OrderError("say TEXT")
    if desk.hub.house.relay:
        raise OrderError("a relay says nothing of its own")
    desk.hub.announce(safe.mend(argument))
    yield {"text": f"said to {len(desk.hub.members)}"}


def _log(desk: Desk, argument: str) -> Iterator[Row]:
    word = argument.lower()
    if not desk.threshold.set(word):
        raise OrderError("log debug, info, warning or error")
    yield {"text": f"logging {word} and graver"}


def _stats(desk: Desk, argument: str) -> Iterator[Row]:
    _none(argument)
    yield {"stats": desk.stats()}


def _drain(desk: Desk, argument: str) -> Iterator[Row]:
    _none(argument)
    desk.stop()
    yield {"text": f"stopping, {len(desk.hub.members)} here"}


def _help(desk: Desk, argument: str) -> Iterator[Row]:
    yield {"text": HELP}


ORDERS: Final[dict[str, Order]] = {
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
        raise OrderError(usage)
    return word, rest.strip()


def _seconds(time: str) -> float:
    found = _TIME.fullmatch(time)
    if found is None or not 0 < int(found[1]) * _SECONDS[found[2]] <= _MAX_FOR:
        raise OrderError("--for takes a time: 90s, 10m, 2h or 7d")
    return float(int(found[1]) * _SECONDS[found[2]])


def _only(argument: str, usage: str) -> str:
    word, rest = _first(argument, usage)
    if rest:
        raise OrderError(usage)
    return word


def _none(argument: str) -> None:
    if argument:
        raise OrderError("that takes no words after it")
