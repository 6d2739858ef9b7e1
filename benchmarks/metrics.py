"""What being measured costs: throughput with metrics read each second, and without.

``python -m benchmarks.metrics [MEMBERS] [LINES] [ROUNDS]``. The daemon of
``benchmarks.sizing``, with ``--web-metrics on`` and a reader in a process of its own,
and with ``--web-metrics off``, in turn; the medians of the rounds are compared.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.sizing import WINDOW, Audience, Daemon, fan_out

PAUSE = 1.0
"""Seconds between two readings: Prometheus' own default is 15."""

_READER = f"""
import sys, time, urllib.request
while True:
    urllib.request.urlopen(sys.argv[1]).read()
    time.sleep({PAUSE})
"""


def measure(is_on: bool, members: int, lines: int, folder: Path) -> tuple[float, float]:
    """Return lines delivered a second, and the daemon's CPU seconds for each."""
    state = "on" if is_on else "off"
    where = ("--listen", "tcp:0:interface=127.0.0.1", "--web", "0")
    log = folder / "log"
    daemon = Daemon(log, *where, "--web-metrics", state, "--rate", "0")
    reader = None
    try:
        url = daemon.find(r"the page is on (http://\S+/)") + "metrics"
        if is_on:
            reader = subprocess.Popen([sys.executable, "-c", _READER, url])
        audience = Audience(daemon.port, None, members)
        took, cpu = fan_out(daemon, audience, None, lines)
        audience.close()
    finally:
        if reader is not None:
            reader.kill()
            reader.wait()
        daemon.stop()
    deliveries = members * (lines // WINDOW * WINDOW)
    return deliveries / took, cpu / deliveries


def main() -> None:
    given = [int(word) for word in sys.argv[1:]]
    members, lines, rounds = given + [300, 200_000, 5][len(given) :]
    found: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for is_on, costs in found.items():
                costs.append(measure(is_on, members, lines, Path(folder)))
    print(f"{members} members, {lines} lines, {rounds} rounds, read every {PAUSE:g} s")
    rates, cpus = {}, {}
    for is_on, costs in found.items():
        rates[is_on] = statistics.median(rate for rate, _ in costs)
        cpus[is_on] = statistics.median(cpu for _, cpu in costs)
        all_rates = " ".join(f"{rate / 1e6:.2f}" for rate, _ in costs)
        print(
            f"metrics {'on ' if is_on else 'off'}  {rates[is_on]:12,.0f} lines/s"
            f"  {cpus[is_on] * 1e9:5.1f} ns of CPU  ({all_rates} M)"
        )
    if not all(cpus.values()):
        sys.exit("too short to be measured: give it more lines")
    print(
        f"on against off: throughput {rates[True] / rates[False] - 1:+.1%},"
        f" CPU {cpus[True] / cpus[False] - 1:+.1%}"
    )


if __name__ == "__main__":
    main()
