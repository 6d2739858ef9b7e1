"""Dumps of a shared log's state, in a stream of their own, for daemons that come later.

A dump is some messages under one subject, which says what it is of. Half a dump is
none. Which one a daemon begins with: the newest after which there are as many bytes of
the log as its ring takes, so that it has old lines, too.
"""

import base64
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from broadcast.store.nats import ApiError, Link
from broadcast.store.replica import Replica
from broadcast.store.state import StateError

PART: Final = 256 * 1024
"""Bytes of a message: JetStream returns them as base64, within its own 1 MiB."""

KEPT: Final = 8
"""Dumps that are kept."""

_SUBJECT: Final = re.compile(r"\.(\d+)\.(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a dump is.

    Attributes:
        seq: the last message that it knows of.
        total: the bytes of all messages until then.
        parts: in how many it is.
    """

    seq: int
    total: int
    parts: int


class Dumps:
    """The dumps of a log.

    Args:
        link: the connection.
        room: the log's name.
    """

    def __init__(self, link: Link, room: str) -> None:
        self._link = link
        self.stream = f"{room}_dump"
        self.subjects = f"{room}.dump.>"
        self._prefix = f"{room}.dump"

    async def save(self, seq: int, total: int, data: bytes) -> None:
        """Keep a dump, and no more than the newest few.

        Raises:
            LinkError: it can't be kept.
        """
        pieces = [data[at : at + PART] for at in range(0, len(data), PART)]
        place = Place(seq, total, len(pieces))
        for at, piece in enumerate(pieces):
            await self._link.put(self._subject(place, at), piece)
        for old in (await self.places())[KEPT:]:
            subject = f"{self._prefix}.{old.seq}.{old.total}.{old.parts}.>"
            await self._link.ask(f"STREAM.PURGE.{self.stream}", {"filter": subject})

    async def places(self) -> list[Place]:
        """Return where complete dumps are, the newest first.

        Raises:
            LinkError: there is no answer.
        """
        answer = await self._link.ask(
            f"STREAM.INFO.{self.stream}", {"subjects_filter": self.subjects}
        )
        found: dict[Place, set[int]] = defaultdict(set)
        for subject in answer["state"].get("subjects") or ():
            match = _SUBJECT.fullmatch(subject.removeprefix(self._prefix))
            if match is not None:
                *numbers, part = map(int, match.groups())
                found[Place(*numbers)].add(part)
        whole = (p for p, parts in found.items() if parts == set(range(p.parts)))
        return sorted(whole, reverse=True)

    async def load(self, place: Place) -> Replica | None:
        """Return what a dump says; None if it is no more there, or not one of ours.

        Raises:
            LinkError: there is no answer.
        """
        pieces: list[bytes] = []
        for part in range(place.parts):
            question = {"last_by_subj": self._subject(place, part)}
            try:
                answer = await self._link.ask(f"STREAM.MSG.GET.{self.stream}", question)
            except ApiError:
                return None
            message: dict[str, Any] = answer["message"]
            pieces.append(base64.b64decode(message.get("data", "")))
        try:
            replica = Replica.load(b"".join(pieces))
        except StateError:
            return None
        return replica if replica.seq == place.seq else None

    def _subject(self, place: Place, part: int) -> str:
        return f"{self._prefix}.{place.seq}.{place.total}.{place.parts}.{part}"


def covers(places: list[Place], wanted: int) -> bool:
    """Tell whether there are so many bytes of the log after the oldest dump."""
    return bool(places) and places[0].total - places[-1].total >= wanted


def choose(places: list[Place], first: int, last: int, wanted: int) -> Iterator[Place]:
    """Yield the dumps that a daemon may begin with, the best one first.

    Args:
        places: where they are, the newest first.
        first: the oldest message of the log.
        last: the newest one.
        wanted: bytes of the log that should follow.
    """
    useful = [place for place in places if first <= place.seq <= last]
    best = 0
    while best + 1 < len(useful) and useful[0].total - useful[best].total < wanted:
        best += 1
    yield from useful[best::-1]
    yield from useful[best + 1 :]
