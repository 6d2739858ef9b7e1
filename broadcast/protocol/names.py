"""The rules for names: validity, equality, and repair."""

import re
import unicodedata

MAX_CODE_POINTS = 32
MAX_MARKS = 3
MAX_KEY = 64
MIN_KEY = 8
RESERVED = frozenset({"server", "admin", "http"})

RULE = "a name is 1 to 32 letters, digits, _ - or ., beginning with a letter or digit"

MAX_FOLDED = 3 * MAX_CODE_POINTS
"""Code points of a folded name at most: casefolding makes up to three of each."""

ONE_WORD = "a name has no spaces"

_MAX_RAW = 4 * MAX_CODE_POINTS
"""Code points of the raw form of a good name: NFKC composes at most four into one.
Longer texts are never normalized, since that sorts marks in quadratic time."""

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0000-\U000e0fff]"
)
"""The letters and marks of Unicode's Default_Ignorable_Code_Point, which are invisible.
Its other members are neither letters nor marks, and so are in no name."""


def fold(name: str) -> str:
    """Return the form in which two names that count as the same are equal.

    Folding is idempotent, and a name folds as its canonical form does. A text that is
    too long for a name is returned unchanged, and so equals no name.
    """
    if len(name) > _MAX_RAW:
        return name
    folded = _normalize(_normalize(name).casefold())
    return name if folded == name else folded  # for most names, no second string


def clean(name: str) -> str | None:
    """Return ``name`` in its canonical form, or None if it is not a good name.

    A good name, after NFKC, is 1 to 32 code points. It begins with a letter or a digit
    of any script and goes on with letters, digits, marks (at most 3 in a row), ``_``,
    ``-`` and ``.``. No code point in it is invisible.
    """
    if len(name) > _MAX_RAW:
        return None
    name = _normalize(name)
    if not 1 <= len(name) <= MAX_CODE_POINTS or not _is_alphanumeric(name[0]):
        return None
    marks = 0
    for char in name:
        marks = marks + 1 if _is_mark(char) else 0
        if marks > MAX_MARKS or not (marks or _is_inner(char)):
            return None
    return name


def rule_against(raw: str) -> str:
    """Return the rule that ``raw``, which is no good name, breaks: the plainest one."""
    return ONE_WORD if len(raw.split()) > 1 else RULE


def why_not_ours(raw: str) -> str | None:
    """Return why ``raw`` can't be a name that the admin gives; None if it can."""
    name = clean(raw)
    if name is None:
        return rule_against(raw)
    return "it is reserved" if fold(name) in RESERVED else None


def is_folded(text: str) -> bool:
    """Tell whether ``text`` may be a name's fold.

    A fold need not be a good name: folding lengthens a name, and adds marks. Older
    versions also allowed invisible code points.
    """
    seen = _INVISIBLE.sub("", text)
    return (
        1 <= len(text) <= MAX_FOLDED
        and fold(text) == text
        and all(_is_mark(char) or _is_inner(char) for char in seen)
    )


def mend(raw: str, default: str = "anonymous") -> str:
    """Make a good name of any text: refused characters become ``-``.

    This is for the clients of another protocol, which are never refused for a name.
    """
    name = _normalize(raw.strip()[:_MAX_RAW])
    kept: list[str] = []
    marks = 0
    for char in name:
        is_mark = _is_mark(char)
        marks = marks + 1 if is_mark else 0
        good = marks <= MAX_MARKS if is_mark else _is_inner(char)
        kept.append(char if good else "-")
        marks = marks if good else 0
    mended = "".join(kept)
    while mended and not _is_alphanumeric(mended[0]):
        mended = mended[1:]
    return clean(mended[:MAX_CODE_POINTS].rstrip("-")) or default


def numbered(name: str, number: int) -> str:
    """Return ``name-2``, cut so that it stays a good name."""
    suffix = f"-{number}"
    return name[: MAX_CODE_POINTS - len(suffix)] + suffix


def is_word(name: str) -> bool:
    """Tell whether ``name`` is a single word, as ``/name`` requires."""
    return name.isprintable() and len(name.split()) == 1 and name == name.strip()


def is_key(key: str) -> bool:
    """Tell whether ``key`` can be a name's key: 8 to 64 printable ASCII."""
    return MIN_KEY <= len(key) <= MAX_KEY and _is_printable_ascii(key)


def is_given_away(name: str, key: str | None) -> bool:
    """Tell whether ``name``, which is public, reveals ``key``."""
    return key is not None and fold(name) == fold(key)


def is_token(token: str) -> bool:
    """Tell whether ``token`` can go with ``/say``: 1 to 64 printable ASCII."""
    return 1 <= len(token) <= MAX_KEY and _is_printable_ascii(token)


def _normalize(name: str) -> str:
    return unicodedata.normalize("NFKC", name)


def _is_printable_ascii(word: str) -> bool:
    return word.isascii() and word.isprintable() and " " not in word


def _is_alphanumeric(char: str) -> bool:
    category = unicodedata.category(char)
    return (category[0] == "L" or category == "Nd") and not _INVISIBLE.match(char)


def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] == "M" and not _INVISIBLE.match(char)


def _is_inner(char: str) -> bool:
    return char in "_-." or _is_alphanumeric(char)
