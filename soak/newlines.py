"""A megabyte of tiny lines from one member: another's round trip meanwhile.

python -m soak.newlines [--listeners 50] [--line "a"]
"""

import argparse
import selectors
import socket
import sys
import threading
import time

from soak.room import CHUNK, Pump, Room, percentile, read_until, room

LIMIT = 30.0
"""Milliseconds that another's round trip may take at p99."""


def run(here: Room, listeners: int, line: bytes, size: int) -> list[float]:
    """Return the round trips, in milliseconds, while ``size`` bytes are said."""
    ears = [
        here.connect(f"/name ear-{n}" + ("\n/format json" if n % 2 else ""))
        for n in range(listeners)
    ]
    other = here.connect("/format json\n/name other")
    loud = here.connect("/name loud")
    stop = threading.Event()
    hearing = threading.Thread(target=_hear, args=(ears, stop), daemon=True)
    hearing.start()
    said = threading.Thread(target=_say, args=(loud, line * (size // len(line))))
    trips: list[float] = []
    try:
        said.start()
        while said.is_alive() or len(trips) < 50:
            trips.append(_round_trip(other, len(trips)))
            time.sleep(0.002)
    finally:
        said.join()
        stop.set()
        hearing.join()
    return trips


def _say(loud: socket.socket, data: bytes) -> None:
    loud.sendall(data + b"/ping done\n")
    read_until(loud, b"pong done\n")


def _round_trip(other: socket.socket, number: int) -> float:
    begin = time.monotonic()
    other.sendall(b"/ping %d\n" % number)
    wanted = b'"token":"%d"' % number
    data = b""
    while wanted not in data:
        data = data[-100:] + other.recv(CHUNK)
    return (time.monotonic() - begin) * 1000


def _hear(ears: list[socket.socket], stop: threading.Event) -> None:
    pump = Pump()
    for ear in ears:
        pump.add(ear, selectors.EVENT_READ, ear)
    while not stop.is_set():
        for key, _ in pump.ready(0.2):
            key.data.recv(CHUNK)


def main() -> None:
    """Run it and print the report; exit 1 if there is a problem."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--listeners", type=int, default=50)
    parser.add_argument("--bytes", type=int, default=1 << 20)
    chosen = parser.parse_args()
    failed = False
    for name, line in (("bare newlines", b"\n"), ("2-byte lines", b"a\n")):
        with room("--rate", "0") as here:
            trips = run(here, chosen.listeners, line, chosen.bytes)
        p99 = percentile(trips, 0.99)
        failed |= p99 > LIMIT
        print(
            f"{'FAILED: ' if p99 > LIMIT else ''}{name}: {len(trips)} round trips,"
            f" p50 {percentile(trips, 0.5):.1f} ms, p99 {p99:.1f} ms,"
            f" most {max(trips):.1f} ms"
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
