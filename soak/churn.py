"""Join, talk, vanish: the daemon ends with what it began with.

python -m soak.churn [--minutes 20] [--at-once 50]
"""

import argparse
import random
import socket
import struct
import sys
import time

from soak.room import Room, room

_RESET = struct.pack("ii", 1, 0)


def run(here: Room, seconds: float, at_once: int, seed: int = 1) -> list[str]:
    """Let members come and go; return the report's lines, problems first."""
    chance = random.Random(seed)
    watcher = here.connect("/format json\n/name watcher")
    watcher.setblocking(False)
    _some(here, at_once, 20_000, chance, watcher)  # what grows once has grown
    before = _settled(here)
    end = time.monotonic() + seconds
    came = 0
    samples: list[int] = []
    while time.monotonic() < end:
        came += _some(here, at_once, 500, chance, watcher)
        watcher.sendall(b"/ping\n")  # who has pinged and falls silent is closed
        samples.append(here.memory)
    after = _settled(here)
    problems = []
    if after != before:
        problems.append(f"FAILED: {before} descriptors became {after}")
    if (left := _count(here)) != 2:
        problems.append(f"FAILED: {left} members at the end, not the two of ours")
    quarter = max(1, len(samples) // 4)
    early, late = max(samples[:quarter]), max(samples[-quarter:])
    if late > early + (8 << 20):
        problems.append(f"FAILED: memory {early >> 20} MiB became {late >> 20} MiB")
    return [
        *problems,
        f"{came} came and went in {seconds:.0f} s; descriptors {before} before,"
        f" {after} after; memory at most {early >> 20} MiB in the first quarter,"
        f" {late >> 20} MiB in the last; members at the end: {left}",
    ]


def _some(
    here: Room, at_once: int, total: int, chance: random.Random, watcher: socket.socket
) -> int:
    came = 0
    while came < total:
        crowd = [
            socket.create_connection(("127.0.0.1", here.port)) for _ in range(at_once)
        ]
        for number, joined in enumerate(crowd):
            if chance.random() < 0.8:
                joined.sendall(b"/name n%d\nhello\n" % (came + number))
        for joined in crowd:
            if chance.random() < 0.3:  # a reset, not an end
                joined.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            joined.close()
        came += at_once
        try:
            while watcher.recv(1 << 18):
                pass
        except BlockingIOError:
            pass
    return came


def _settled(here: Room) -> int:
    """Return the descriptors when those who left are gone: no change in 3 seconds."""
    count, since = here.descriptors, time.monotonic()
    while time.monotonic() < since + 3:
        time.sleep(0.1)
        if (now := here.descriptors) != count:
            count, since = now, time.monotonic()
    return count


def _count(here: Room) -> int:
    asking = here.connect("/format json\n/name asking")
    asking.sendall(b"/who\n")
    data = b""
    while b'"event":"who"' not in data or not data.endswith(b"\n"):
        data += asking.recv(1 << 16)
    asking.close()
    return int(data.rpartition(b'"count":')[2].partition(b",")[0])


def main() -> None:
    """Run it and print the report; exit 1 if there is a problem."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--at-once", type=int, default=50)
    chosen = parser.parse_args()
    with room() as here:
        lines = run(here, chosen.minutes * 60, chosen.at_once)
    print("\n".join(lines))
    sys.exit(any(line.startswith("FAILED") for line in lines))


if __name__ == "__main__":
    main()
