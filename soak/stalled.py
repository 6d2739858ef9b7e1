"""Half of the members read nothing: the others, and the memory, don't notice.

A publisher paces lines to healthy members, first alone, then with as many that
never read. Reported: the healthy ones' latency with and without, the memory,
and what became of each stalled one.

    python -m soak.stalled [--healthy 100] [--stalled 100] [--megabytes 40]
"""

import argparse
import re
import selectors
import socket
import sys
import tempfile
import time
from pathlib import Path

from soak.room import CHUNK, Pump, Room, percentile, room

LOG_SIZE = 16 << 20
SLACK = 20 << 20
BLOCK = 500
"""Lines said at once; the first carries the time."""


_SAID = re.compile(rb": at ([\d.]+)\n")


class Listeners:
    """Members who read, and the latency of what they hear, in milliseconds."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self.latencies: list[float] = []
        self.bytes = dict.fromkeys(sockets, 0)
        self._rest = dict.fromkeys(sockets, b"")
        self._pump = Pump()
        for joined in sockets:
            self._pump.add(joined, selectors.EVENT_READ, None)

    def hear(self, seconds: float) -> bool:
        """Read what comes; tell whether something came."""
        ready = self._pump.ready(seconds)
        for key, _ in ready:
            joined = key.fileobj
            assert isinstance(joined, socket.socket)
            data = joined.recv(CHUNK)
            if not data:
                raise SystemExit("FAILED: a healthy member was closed")
            now = time.monotonic()
            self.bytes[joined] += len(data)
            data = self._rest[joined] + data
            end = data.rfind(b"\n") + 1
            self._rest[joined] = data[end:]
            said = _SAID.findall(data, 0, end)
            self.latencies += [(now - float(at)) * 1000 for at in said]
        return bool(ready)


def publish(
    here: Room, speaker: socket.socket, ears: Listeners, size: int, rate: float
) -> int:
    """Say ``size`` bytes at ``rate`` bytes a second, and hear them all.

    Returns:
        the most memory that the daemon had meanwhile, in bytes.
    """
    speaker.setblocking(True)
    filler = b"x" * 63 + b"\n"
    said = peak = 0
    begin = time.monotonic()
    while said < size:
        peak = max(peak, here.memory)
        block = b"at %.6f\n" % time.monotonic() + filler * (BLOCK - 1)
        speaker.sendall(block)
        said += len(block)
        while time.monotonic() < begin + said / rate:
            ears.hear(max(0.0, begin + said / rate - time.monotonic()))
    while ears.hear(1.0):
        pass
    return peak


def run(here: Room, healthy: int, stalled: int, size: int, rate: float) -> list[str]:
    """Do it; return the report's lines, problems first."""
    ears = Listeners([here.connect(f"/name ear-{n}") for n in range(healthy)])
    speaker = here.connect("/name speaker")
    publish(here, speaker, ears, LOG_SIZE + (4 << 20), rate)  # the log is full now
    base_memory, ears.latencies = here.memory, []
    publish(here, speaker, ears, size, rate)
    alone, ears.latencies = ears.latencies, []
    silent = [here.connect(f"/name stuck-{n}", 4096) for n in range(stalled)]
    peak = publish(here, speaker, ears, size, rate)
    crowd = ears.latencies
    told = sum(_last_line(joined) for joined in silent)
    p99 = percentile(alone, 0.99), percentile(crowd, 0.99)
    bound = base_memory + LOG_SIZE + SLACK
    problems = []
    if peak > bound:
        problems.append(f"FAILED: memory {peak >> 20} MiB, bound {bound >> 20} MiB")
    if told != stalled:
        problems.append(f"FAILED: {stalled - told} were not told why they were closed")
    if p99[1] > 2 * p99[0]:
        problems.append(f"FAILED: p99 {p99[1]:.1f} ms, alone {p99[0]:.1f} ms")
    return [
        *problems,
        f"{healthy} healthy members alone: p50 {percentile(alone, 0.5):.1f} ms,"
        f" p99 {p99[0]:.1f} ms",
        f"with {stalled} stalled: p50 {percentile(crowd, 0.5):.1f} ms,"
        f" p99 {p99[1]:.1f} ms ({p99[1] / p99[0]:.2f} x)",
        f"memory: {base_memory >> 20} MiB before, {peak >> 20} MiB at most",
        f"{told} of {stalled} stalled members found 'too slow' on a line of its own"
        " once they read",
    ]


def _last_line(joined: socket.socket) -> bool:
    """Read to the end; tell whether the last line is the reason."""
    joined.settimeout(10)
    data = b""
    try:
        while more := joined.recv(CHUNK):
            data = data[-1000:] + more
    except OSError:
        return False
    return data.split(b"\n")[-2:][0].startswith(b"* too slow: you missed ")


def main() -> None:
    """Run it and print the report; exit 1 if there is a problem."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--healthy", type=int, default=100)
    parser.add_argument("--stalled", type=int, default=100)
    parser.add_argument("--megabytes", type=int, default=40)
    parser.add_argument("--rate", type=float, default=2.0, help="megabytes a second")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with room("--rate", "0", "--log-size", str(LOG_SIZE), log=log) as here:
            size, rate = chosen.megabytes << 20, chosen.rate * (1 << 20)
            lines = run(here, chosen.healthy, chosen.stalled, size, rate)
        closed = log.read_text().count("(too-slow, missed ")
    lines.append(f"the log tells of {closed} closed for being too slow")
    if closed != chosen.stalled:
        lines.insert(0, f"FAILED: {closed} of {chosen.stalled} were closed")
    print("\n".join(lines))
    sys.exit(any(line.startswith("FAILED") for line in lines))


if __name__ == "__main__":
    main()
