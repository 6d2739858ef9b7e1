"""A batch's body: how what was said together is kept as bytes.

One line of json, LF, then the texts one after another as members of the text dialect
see them, prefix included::

    {"v":1,"e":[["r","alice",2,22],["r","Zoë",1,9,"t1","5e88…"]]}
    alice: one
    alice: two
    Zoë: hi

An entry is a run: its name, how many lines and how many bytes it has; where it was said
with a token by somebody with a key, the token and the owner. Sessions are not kept, and
neither is presence: a body may have no entry.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from broadcast.protocol.dialects import Speaker
from broadcast.protocol.sanitize import is_safe
from broadcast.store.base import Said
from broadcast.store.entries import Entry, Run

VERSION: Final = 1
"""The version of the form of a body."""

NO_SESSION: Final = 0
"""The session of a run that was kept: nobody's who is here."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_HEAD: Final = '{"v":%d,"e":[%s]}\n'


class BodyError(ValueError):
    """The bytes are no body."""


class NewerBodyError(BodyError):
    """The body was written by a newer version of this program."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a body says.

    Attributes:
        runs: what was said, in order.
        said: which of them have a token and an owner.
    """

    runs: list[Run]
    said: list[Said]

    @property
    def entries(self) -> list[Entry]:
        """The runs, as a batch takes them."""
        return list(self.runs)

    @property
    def count(self) -> int:
        """How many lines there are."""
        return sum(run.count for run in self.runs)


class Speakers:
    """The speakers of runs that are read: one for each name."""

    def __init__(self) -> None:
        self._known: dict[str, Speaker] = {}

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
    owners = {said.run: (said.token, said.owner) for said in body.said}
    entries = ",".join(
        _encode(["r", run.speaker.name, run.count, len(run.text), *owners.get(run, ())])
        for run in body.runs
    )
    head = _HEAD % (VERSION, entries)
    return b"".join([head.encode(), *(run.text for run in body.runs)])


def decode(data: bytes, speakers: Speakers) -> Body:
    """Return what ``data`` says.

    Args:
        data: what ``encode`` has returned.
        speakers: those of all that is read together.

    Raises:
        NewerBodyError: the version, or the kind of an entry, is unknown.
        BodyError: it is no body.
    """
    head, found, texts = data.partition(b"\n")
    if not found:
        raise BodyError("the head has no end")
    body = Body([], [])
    at = 0
    for entry in _entries(head):
        run, said = _run(entry, texts, at, speakers)
        at += len(run.text)
        body.runs.append(run)
        body.said.extend(said)
    if at != len(texts):
        raise BodyError(f"{len(texts) - at} bytes are left over")
    return body


def _entries(head: bytes) -> Iterable[object]:
    """Return the entries that a head lists."""
    try:
        record = json.loads(head.decode())
    except (ValueError, RecursionError):
        raise BodyError("the head is no json") from None
    if type(record) is not dict or type(record.get("v")) is not int:
        raise BodyError("the head has no version")
    if record["v"] != VERSION:
        raise NewerBodyError("the version of a body is unknown")
    entries = record.get("e")
    if type(entries) is not list:
        raise BodyError("the head has no entries")
    return entries


def _run(
    entry: object, texts: bytes, at: int, speakers: Speakers
) -> tuple[Run, list[Said]]:
    """Return the run that ``entry`` stands for, whose text begins ``at``."""
    token: str | None = None
    owner: str | None = None
    match entry:
        case ["r", str(name), int(count), int(size)]:
            pass
        case ["r", str(name), int(count), int(size), str(token), str(owner)]:
            pass
        case [str(kind), *_] if kind != "r":
            raise NewerBodyError("a kind of entry is unknown")
        case _:
            raise BodyError("an entry has not the form of one")
    if bool in (type(count), type(size)):
        raise BodyError("an entry has not the form of one")
    text = texts[at : at + size] if size > 0 else b""
    speaker = speakers.called(name)
    if len(text) != size or not _is_said_by(speaker, text, count):
        raise BodyError("a text is not what its entry says")
    run = Run(NO_SESSION, speaker, text, count)
    if token is None or owner is None:
        return run, []
    run.token = token
    return run, [Said(owner, token, run)]


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
