"""Words for a person: numbers with their nouns, long texts cut, why a name is none."""

import re

from broadcast.protocol.names import ONE_WORD, is_key, mend, rule_against

_WORD = re.compile(r"[^\W\d_]+(?:[-'.][^\W\d_]+)*\.?")

LONGEST = 200


def count_of(number: int, one: str, more: str = "") -> str:
    """Return a number with its words: as for one, or as for ``more``, or with an s."""
    return f"{number} {one}" if number == 1 else f"{number} {more or f'{one}s'}"


def shorten(text: str, length: int = LONGEST) -> str:
    """Return a text, cut where it is longer than ``length`` characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def in_seconds(wait: float) -> str:
    """Return when a wait of so many seconds is over, as ``at once`` or ``in 3 s``."""
    return f"in {wait:.0f} s" if wait >= 0.5 else "at once"


def why_no_name(text: str) -> str:
    """Why a text can't be a name, with one like it that can."""
    if not text.strip():
        return "a name can't be empty"
    offered = mend(text, "")
    hint = f"; {offered} would do" if offered else ""
    return f"{text!r}: {rule_against(text)}{hint}"


def why_no_rename(rest: str) -> str | None:
    """Why ``/name REST`` is not sent: more than a name, and no key; None: it is.

    A key that looks like a word was rather meant as a part of the name.
    """
    _, _, key = rest.partition(" ")
    key = key.strip()
    if not key or (is_key(key) and not _WORD.fullmatch(key)):
        return None
    return f"{ONE_WORD}: /name {mend(rest)} would do"
