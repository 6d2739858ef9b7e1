"""Measure how evenly connections are spread over daemons that share a port.

python -m benchmarks.spread [--members 1000] [--daemons 2] [--rounds 10]

Each daemon greets with its own number; a member is counted where it is greeted.
"""

import argparse
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack

from soak.room import Room, read_until
from soak.servers import free_ports

PATIENCE = 40.0


def start(number: int, port: int) -> subprocess.Popen[bytes]:
    """Start a daemon, and return when it listens."""
    listen = f"tcp:{port}:interface=127.0.0.1:reuseport=yes"
    command = [sys.executable, "-m", "broadcast", "--listen", listen]
    command += ["--welcome", f"daemon {number}.", "--max-per-host", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    for line in process.stdout:
        if b"listening on" in line:
            return process
    raise SystemExit("a daemon did not start")


def spread(here: Room, members: int) -> Counter[str]:
    """Return how many members each daemon has, of some who come one by one."""
    joined = [here.connect() for _ in range(members)]
    found: Counter[str] = Counter()
    for member in joined:
        greeting = read_until(member, b".\n")
        found[greeting.partition(b"daemon ")[2].partition(b".")[0].decode()] += 1
        member.close()
    return found


def main() -> None:
    """Print a row for each round."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--daemons", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=10)
    chosen = parser.parse_args()
    [port] = free_ports(1)
    with ExitStack() as stack:
        for number in range(chosen.daemons):
            process = stack.enter_context(start(number, port))
            stack.callback(process.terminate)
        here = Room(process, port)
        least, most = chosen.members, 0
        for _ in range(chosen.rounds):
            counts = spread(here, chosen.members)
            each = [counts[str(number)] for number in range(chosen.daemons)]
            least, most = min(least, *each), max(most, *each)
            print(*each, flush=True)
            time.sleep(1)  # they are gone again
    print(f"each had {least} to {most}")


if __name__ == "__main__":
    main()
