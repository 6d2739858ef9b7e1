"""A batch's body: how what was committed together is kept as bytes.

One line of json, LF, then the texts one after another as members of the text dialect
see them, prefix included::

    {"v":1,"e":[["r",4,"alice",2,22],["r",7,"Zoë",1,8,"t1","5e88…"],["l",4,"quit",0]]}
    alice: one
    alice: two
    Zoë: hi

An entry begins with a letter that says what it is:

- ``r``: a run. Its session and name, how many lines and how many bytes it has; where it
  was said with a token by somebody with a key, the token and the owner.
- ``c``: a claim. Session, name, fold, digest of the key, what it rests on, digest of
  the host, account, 1 if it is quiet, a guest's lowest number; for a name that is not
  ASCII, its scripts, skeletons and the ASCII names that it looks like.
- ``l``: a session has ended. Session, why, 1 if its name is held.
- ``o``: an admin's order, and the folded names that it is for.
- ``n``: a notice to everybody.
- ``u``: a daemon begins. Its incarnation, the log's clock, and an object of what else
  there is to say of it.
- ``x``: the daemon stops.
- ``e``: the log is another one from here on: the old epoch, and a salt; ``d``: there is
  a dump of the state, as of a message, of so many bytes. Both where several write.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from broadcast.protocol.dialects import Speaker
from broadcast.protocol.events import Notice
from broadcast.protocol.sanitize import is_safe
from broadcast.store.claims import Decided, Upkeep
from broadcast.store.entries import Entry, Run, Told, decides
from broadcast.store.forms import (
    FormError,
    UnknownFormError,
    form_of,
    is_text,
    read_form,
)

VERSION: Final = 1
"""The version of the form of a body."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode  # without what looks for white space
PLAIN: Final = 5
"""Items of a run's list; ``KEYED`` with a token and its owner."""

KEYED: Final = 7

NO_ENTRY: Final = "an entry has not the form of one"

_HEAD: Final = '{"v":%d,"e":[%s]}\n'


class BodyError(ValueError):
    """The bytes are no body."""


class NewerBodyError(BodyError):
    """The body was written by a newer version of this program."""


@dataclass(frozen=True, slots=True)
class Body:
    """The content of a body.

    Attributes:
        entries: runs, notices and the entries that the state decides on, in order.
    """

    entries: Sequence[Entry]

    @property
    def runs(self) -> list[Run]:
        """The lines."""
        return [entry for entry in self.entries if type(entry) is Run]

    @property
    def decided(self) -> list[Run | Decided]:
        """The entries that the state decides on."""
        return [entry for entry in self.entries if decides(entry)]

    @property
    def count(self) -> int:
        """How many lines there are."""
        return sum(entry.count for entry in self.entries)


class Speakers:
    """The speakers of runs that are read: one for each name."""

    def __init__(self) -> None:
        self._known: dict[str, Speaker] = {}

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._known)

    def called(self, name: str) -> Speaker:
        """Return the speaker of that name, made on first use.

        Raises:
            BodyError: nobody can be called so.
        """
        speaker = self._known.get(name)
        if speaker is None:
            if not is_safe(name):
                raise BodyError("a name has characters that no name can have")
            speaker = self._known[name] = Speaker(name)
        return speaker


def encode(body: Body) -> bytes:
    """Return the bytes of ``body``; a token without an owner is left out."""
    heads: list[str] = []
    texts: list[bytes] = []
    for entry in body.entries:
        if isinstance(entry, Run):
            head = ["r", entry.session_id, entry.speaker.name, entry.count]
            text = entry.text
            said = () if entry.owner is None else (entry.token, entry.owner)
            heads.append(_encode([*head, len(text), *said]))
            texts.append(text)
        elif not isinstance(entry, Told):
            heads.append(_encode(form_of(entry)))
        elif isinstance(entry.event, Notice):
            heads.append(_encode(["n", entry.event.message]))
    whole = _HEAD % (VERSION, ",".join(heads))
    return b"".join([whole.encode(), *texts])


def decode(data: bytes, speakers: Speakers) -> Body:
    """Return the content of ``data``.

    Args:
        data: the result of ``encode``.
        speakers: the speakers of all bodies that are read together.

    Raises:
        NewerBodyError: the version, or the kind of an entry, is unknown.
        BodyError: it is no body.
    """
    head, found, texts = data.partition(b"\n")
    if not found:
        raise BodyError("the head has no end")
    entries: list[Entry] = []
    at = 0
    for entry in _entries(head):
        if type(entry) is list and entry[:1] == ["r"]:
            run = _run(entry, texts, at, speakers)
            at += len(run.text)
            entries.append(run)
        else:
            entries.append(_other(entry))
    if at != len(texts):
        raise BodyError(f"{len(texts) - at} bytes are left over")
    return Body(entries)


def _entries(head: bytes) -> Iterable[object]:
    """Return the entries that a head lists."""
    try:
        text = head.decode()
        record, end = _decode(text)
    except (ValueError, RecursionError):
        raise BodyError("the head is no json") from None
    if end != len(text):
        raise BodyError("the head is more than json")
    if type(record) is not dict or type(record.get("v")) is not int:
        raise BodyError("the head has no version")
    if record["v"] != VERSION:
        raise NewerBodyError("the version of a body is unknown")
    entries = record.get("e")
    if type(entries) is not list:
        raise BodyError("the head has no entries")
    return entries


def _other(entry: object) -> Told | Decided | Upkeep:
    """Return the notice, or what the state decides on, that ``entry`` stands for."""
    match entry:
        case ["n", str(message)] if is_text(message):
            return Told(None, Notice(message))
    try:
        return read_form(entry)
    except UnknownFormError:
        raise NewerBodyError("a kind of entry is unknown") from None
    except FormError:
        raise BodyError(NO_ENTRY) from None


def _run(entry: list[Any], texts: bytes, at: int, speakers: Speakers) -> Run:
    """Return the run that ``entry`` stands for, whose text begins ``at``."""
    token = owner = None
    if len(entry) == PLAIN:
        _, session, name, count, size = entry
    elif len(entry) == KEYED:
        _, session, name, count, size, token, owner = entry
        if not (is_text(token) and is_text(owner)):
            raise BodyError(NO_ENTRY)
    else:
        raise BodyError(NO_ENTRY)
    are_numbers = type(session) is type(count) is type(size) is int
    if not are_numbers or session < 0 or type(name) is not str:
        raise BodyError(NO_ENTRY)
    text = texts[at : at + size] if size > 0 else b""
    speaker = speakers.called(name)
    if len(text) != size or not _is_said_by(speaker, text, count):
        raise BodyError("a text is not what its entry says")
    run = Run(session, speaker, text, count)
    run.token, run.owner = token, owner
    return run


def _is_said_by(speaker: Speaker, text: bytes, count: int) -> bool:
    """Tell whether ``text`` is so many lines with the speaker's prefix.

    A relay's lines have no prefix, and may be any bytes.
    """
    if count < 1 or not text.endswith(b"\n") or text.count(b"\n") != count:
        return False
    prefix = speaker.prefix
    if not prefix:
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    begun = text.startswith(prefix) + text.count(b"\n" + prefix)
    return begun == count
