"""The decided entries as lists for JSON: see ``codec``."""

from broadcast.protocol.sanitize import is_safe
from broadcast.store.claims import (
    Claim,
    Decided,
    Dumped,
    Epoch,
    How,
    Leave,
    Look,
    Order,
    Stop,
    Up,
    Upkeep,
    Verb,
)

_MOST = 1 << 53  # json's readers have no larger numbers


class FormError(ValueError):
    """The list stands for no entry."""


class UnknownFormError(FormError):
    """The list stands for an entry of a kind that this version does not know."""


def form_of(entry: Decided | Upkeep) -> list[object]:
    """Return the list that stands for ``entry``."""
    match entry:
        case Claim():
            look = entry.look
            return [
                "c",
                entry.session,
                entry.name,
                entry.fold,
                entry.key,
                entry.how.value,
                entry.host,
                entry.account,
                int(entry.is_quiet),
                entry.number,
                *([] if look is None else (look.scripts, look.skeletons, look.plain)),
            ]
        case Leave(session, code, is_held):
            return ["l", session, code, int(is_held)]
        case Order(verb, folds):
            return ["o", verb.value, *folds]
        case Up(incarnation, clock, is_alone, instead, terms):
            facts: dict[str, object] = {"alone": True} if is_alone else {}
            facts |= {"instead": instead} if instead else {}
            facts |= {"terms": terms} if terms else {}
            return ["u", incarnation, clock, facts]
        case Stop():
            return ["x"]
        case Epoch(old, salt):
            return ["e", old, salt]
        case Dumped(seq, size):
            return ["d", seq, size]


def read_form(form: object) -> Decided | Upkeep:
    """Return the entry that a list stands for.

    Raises:
        UnknownFormError: its kind, what a claim rests on, or an order is unknown.
        FormError: it stands for none.
    """
    match form:
        case ["c", *rest]:
            return _claim(rest)
        case ["l", session, code, is_held]:
            return Leave(_number(session), _text(code), _flag(is_held))
        case ["o", verb, *folds]:
            return Order(_verb(verb), tuple(map(_text, folds)))
        case ["u", incarnation, clock, dict(facts)]:
            return Up(
                _text(incarnation),
                _time(clock),
                facts.get("alone") is True,
                _text(facts.get("instead", "")),
                _text(facts.get("terms", "")),
            )
        case ["x"]:
            return Stop()
        case ["e", old, salt]:
            return Epoch(_text(old), _text(salt))
        case ["d", seq, size]:
            return Dumped(_number(seq), _number(size))
        case [str(kind), *_] if kind not in _KINDS:
            raise UnknownFormError(kind)
    raise FormError("not the form of an entry")


_KINDS = frozenset("rclonuxed")


def is_text(value: object) -> bool:
    """Tell whether a value is text that UTF-8 can say."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _claim(form: list[object]) -> Claim:
    look: Look | None = None
    match form:
        case [*rest, scripts, list(skeletons), list(plain)]:
            read, like = tuple(map(_text, skeletons)), tuple(map(_text, plain))
            look = Look(_text(scripts), read, like)
        case rest:
            pass
    match rest:
        case [session, name, fold, key, how, host, account, quiet, number]:
            return Claim(
                _number(session),
                _name(name),
                _text(fold),
                None if key is None else _text(key),
                _how(how),
                look,
                _text(host),
                _text(account),
                _flag(quiet),
                _number(number),
            )
    raise FormError("not the form of a claim")


def _how(value: object) -> How:
    try:
        return How(_text(value))
    except ValueError:
        raise UnknownFormError("how") from None


def _verb(value: object) -> Verb:
    try:
        return Verb(_text(value))
    except ValueError:
        raise UnknownFormError("verb") from None


def _text(value: object) -> str:
    if isinstance(value, str) and is_text(value):
        return value
    raise FormError("not a text")


def _name(value: object) -> str:
    name = _text(value)
    if is_safe(name):
        return name
    raise FormError("not a name")


def _number(value: object) -> int:
    if type(value) is int and 0 <= value < _MOST:
        return value
    raise FormError("not a number")


def _flag(value: object) -> bool:
    if type(value) is int and value in (0, 1):
        return bool(value)
    raise FormError("not 0 or 1")


def _time(value: object) -> float:
    if (
        isinstance(value, int | float)
        and type(value) is not bool
        and abs(value) < _MOST
    ):
        return value
    raise FormError("not a time")
