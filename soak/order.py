"""Watch a daemon with --store through strace(1): is a line on disk when it is acked?

python -m soak.order [--lines 400] [--cuts 200] [--seed 1]

First the order: as each acknowledgement is sent, the files are put together from what
was synced by then and nothing else, and must have its line. Then power cuts: at random
moments of the trace they are put together from what was synced by then, and any subset
of what was written since, whole or a part of it, and must have every line acknowledged
by then.
"""

import argparse
import codecs
import contextlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from broadcast.protocol.dialects import Speaker
from broadcast.store.codec import Speakers
from broadcast.store.database import Database
from broadcast.store.entries import is_run
from soak.room import Room, room
from soak.senders import Visit

SENDERS = 4
SECTOR = 512
CALLS = "trace=pwrite64,ftruncate,fdatasync,fsync,sendto"

_BEGIN = re.compile(r"^(\d+) +(\w+)\((\d+)<([^>]*)>(.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>")
_DATA = re.compile(r'^, "((?:[^"\\]|\\.)*)"(?:, \d+, (\d+))?')
_SIZE = re.compile(r"^, (\d+)")
_ACK = re.compile(rb'"event":"ack","token":"(\w+)","id":(\d+)')


@dataclass(slots=True)
class Call:
    """A system call.

    Attributes:
        name: which.
        path: of its file.
        data: what it writes or sends.
        at: where in the file; of ``ftruncate`` the size.
        began: its place among all beginnings and ends.
        ended: the same.
    """

    name: str
    path: str
    data: bytes
    at: int
    began: int
    ended: int = sys.maxsize


def calls_in(trace: Path) -> list[Call]:
    """Return the calls of a trace, in the order in which they began."""
    found: list[Call] = []
    open_calls: dict[str, Call] = {}
    for now, line in enumerate(trace.read_text("utf-8", "replace").splitlines()):
        if resumed := _RESUMED.match(line):
            if call := open_calls.pop(resumed[1], None):
                call.ended = now
        elif begun := _BEGIN.match(line):
            pid, name, _, path, rest = begun.groups()
            data, at = b"", 0
            if held := _DATA.match(rest):
                data = codecs.escape_decode(held[1].encode())[0]
                at = int(held[2] or 0)
            elif size := _SIZE.match(rest):
                at = int(size[1])
            call = Call(name, path, data, at, now)
            found.append(call)
            if line.endswith("<unfinished ...>"):
                open_calls[pid] = call
            else:
                call.ended = now
    return found


def acks_in(calls: list[Call]) -> Iterator[tuple[str, int, int]]:
    """Yield token and id of each acknowledgement, and when it was sent."""
    for call in calls:
        if call.name == "sendto":
            for token, id in _ACK.findall(call.data):
                yield token.decode(), int(id), call.began


class Disk:
    """The files as a power cut may leave them.

    Args:
        base: a copy of them from before the trace.
        name: the store's.
        calls: what was done to them.
    """

    def __init__(self, base: Path, name: str, calls: list[Call]) -> None:
        self._base = base
        self._name = name
        self._calls = [c for c in calls if Path(c.path).name.startswith(name)]

    def cut(self, now: int, luck: random.Random | None, folder: Path) -> Path:
        """Return the store as it may be after a power cut at a moment.

        Args:
            luck: which of the writes that were not synced are there; none without it.
        """
        for end in ("", "-wal"):
            name = f"{self._name}{end}"
            self._put(name, now, luck, folder / name)
        return folder / self._name

    def last_sync(self, now: int) -> int:
        """Return the end of the last sync of either file by a moment; -1 if none."""
        syncs = (call.ended for call in self._calls if call.name.endswith("sync"))
        return max((ended for ended in syncs if ended < now), default=-1)

    def _put(self, name: str, now: int, luck: random.Random | None, to: Path) -> None:
        done = [c for c in self._calls if Path(c.path).name == name and c.began < now]
        syncs = [c for c in done if c.name.endswith("sync") and c.ended < now]
        synced = max((sync.began for sync in syncs), default=-1)
        source = self._base / name
        content = bytearray(source.read_bytes() if source.exists() else b"")
        share = luck.choice((0.0, 0.1, 0.5, 0.9, 1.0)) if luck else 0.0
        for call in done:
            if call.ended < synced:
                _apply(call, content, None)
            elif luck and luck.random() < share:
                _apply(call, content, None if luck.random() < 0.7 else luck)
        to.write_bytes(content)


def _apply(call: Call, content: bytearray, luck: random.Random | None) -> None:
    """Do what a call did; with ``luck`` some sectors of it alone."""
    if call.name == "ftruncate":
        del content[call.at :]
    elif call.name == "pwrite64":
        if len(content) < call.at + len(call.data):
            content.extend(bytes(call.at + len(call.data) - len(content)))
        for at in range(0, len(call.data), SECTOR):
            if luck is None or luck.random() < 0.5:
                piece = call.data[at : at + SECTOR]
                content[call.at + at : call.at + at + len(piece)] = piece


def lines_in(path: Path) -> dict[int, bytes]:
    """Return what a store has, by id."""
    with contextlib.closing(Database(str(path))) as database:
        return {
            run.first: run.text
            for row in database.after(0)
            for run in database.batch(row, Speakers()).entries
            if is_run(run) and run.text is not None
        }


def too_early(disk: Disk, calls: list[Call]) -> list[str]:
    """Return the acknowledgements sent before their line was synced, a line each.

    What is looked at is what the files hold if nothing that was not synced is there.
    """
    found = []
    for _, acks in groupby(acks_in(calls), lambda ack: disk.last_sync(ack[2])):
        some = list(acks)
        kept = kept_after(disk, some[0][2], None)
        for token, id, _ in some:
            if kept.get(id) != said_with(token):
                found.append(f"{token} ({id}) was acknowledged before it was synced")
    return found


def lost_in(disk: Disk, calls: list[Call], cuts: int, luck: random.Random) -> list[str]:
    """Return what power cuts have lost, a line each."""
    found = []
    acks = list(acks_in(calls))
    for _ in range(cuts):
        now = luck.choice(calls).began + luck.choice((0, 1))
        kept = kept_after(disk, now, luck)
        for token, id, sent in acks:
            if sent < now and kept.get(id) != said_with(token):
                found.append(f"a cut at {now} has lost {token} ({id})")
    return found


def kept_after(disk: Disk, now: int, luck: random.Random | None) -> dict[int, bytes]:
    """Return the lines that a store has after a power cut, by id."""
    with tempfile.TemporaryDirectory() as folder:
        return lines_in(disk.cut(now, luck, Path(folder)))


def said_with(token: str) -> bytes:
    """Return what was said with a token, as the store has it."""
    name, _, number = token.partition("x")
    return Speaker(name).text(text_of(int(number)).encode() + b"\n")[0]


def text_of(number: int) -> str:
    """Return a line; some are longer than a page of the file."""
    return f"{number} " + "x" * (number * 37 % 6000)


def talk(here: Room, lines: int) -> None:
    """Have some members say lines with tokens, each when others were acknowledged."""
    visits = [Visit(here.port, f"s{n}") for n in range(SENDERS)]
    for number in range(0, lines // SENDERS, 5):
        for n, visit in enumerate(visits):
            some = range(number, number + 5)
            visit.send(*(f"/say s{n}x{each} {text_of(each)}" for each in some))
        for visit in visits:
            owed = 5
            while owed:
                owed -= visit.event()["event"] == "ack"
    for visit in visits:
        visit.close()


def record(folder: Path, lines: int) -> tuple[Path, Path]:
    """Return a trace, and a copy of the files from before it."""
    store, base, trace = folder / "room.db", folder / "base", folder / "trace"
    base.mkdir()
    with room("--store", str(store), "--rate", "0") as here:
        for end in ("", "-wal"):
            if (file := Path(f"{store}{end}")).exists():
                shutil.copy(file, base)
        watch = ["strace", "-f", "-y", "-x", "-s", "1000000", "-e", CALLS]
        watch += ["-p", str(here.process.pid), "-o", str(trace)]
        with subprocess.Popen(watch, stderr=subprocess.PIPE, text=True) as watching:
            assert watching.stderr is not None
            for line in watching.stderr:
                if "attached" in line:
                    break
            try:
                talk(here, lines)
            finally:
                watching.send_signal(signal.SIGINT)
                watching.stderr.read()
    return trace, base


def main() -> None:
    """Run it and print the report; exit 1 if there is a problem."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--lines", type=int, default=400)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trace, base = record(Path(folder), chosen.lines)
        calls = calls_in(trace)
        disk = Disk(base, "room.db", calls)
        early = too_early(disk, calls)
        lost = lost_in(disk, calls, chosen.cuts, random.Random(chosen.seed))
    acks = sum(1 for _ in acks_in(calls))
    syncs = sum(call.name.endswith("sync") for call in calls)
    for problem in [*early, *lost][:20]:
        print(f"FAILED: {problem}")
    print(
        f"{acks} acknowledgements, {syncs} syncs, {len(early)} acknowledgements before"
        f" their sync; {chosen.cuts} power cuts, {len(lost)} acknowledged lines lost"
    )
    sys.exit(bool(early or lost) or acks < chosen.lines)


if __name__ == "__main__":
    main()
