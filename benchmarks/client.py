"""What bcast-client costs: start-up to prompt, CPU under load, lines sent.

    python -m benchmarks.client

Starts the daemon itself. Prints one line a figure; exits 1 where one misses its goal
(0.5 s to the prompt, 15 % of a core at 5000 lines/s, every one of 1,000,000 piped lines
in order with bounded memory).
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pexpect

from benchmarks.client_soak import PUBLISH
from tests.support.client.command import environment
from tests.support.client.daemon import Daemon
from tests.support.client.terminal import Terminal


def cpu_seconds(pid: int) -> float:
    """User and system time of a running process (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start_up(daemon: Daemon, home: str) -> float:
    """Seconds from exec to a connected prompt."""
    start = time.monotonic()
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as terminal:
        terminal.wait_for("connected · bob")
        return time.monotonic() - start


def cpu_at(daemon: Daemon, home: str, rate: int, seconds: float) -> tuple[float, float]:
    """Share of a core while `rate` lines/s arrive, and the lines/s that were shown."""
    publish = [sys.executable, "-c", PUBLISH, str(daemon.port), str(rate)]
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as terminal:
        terminal.wait_for("connected · bob")
        with subprocess.Popen(publish) as publisher:
            shown, began, used = 0, 0.0, 0.0
            start = time.monotonic()
            while (now := time.monotonic()) < start + 2 + seconds:
                if not began and now > start + 2:
                    began, used = now, cpu_seconds(terminal.child.pid)
                try:
                    data = terminal.child.read_nonblocking(1 << 20, 0.1)
                except pexpect.TIMEOUT:
                    continue
                shown += data.count(b"pub\x1b[0m: ") if began else 0
            used = cpu_seconds(terminal.child.pid) - used
            publisher.kill()
    return used / (now - began), shown / (now - began)


def send(daemon: Daemon, home: str, lines: int) -> tuple[float, float, bool]:
    """Seconds and MiB that `send` took for so many lines; whether all came in order."""
    client = [sys.executable, "-m", "broadcast.client.cli.main"]
    tail = [*client, "tail", daemon.url, "--json", "--quiet", "-n", "0"]
    with subprocess.Popen(
        tail, stdout=subprocess.PIPE, env=environment(home)
    ) as follower:
        assert follower.stdout is not None
        follower.stdout.readline()
        start = time.monotonic()
        feed = f"for n in range({lines}): print('line', n)"
        with subprocess.Popen(
            [sys.executable, "-c", feed], stdout=subprocess.PIPE
        ) as source:
            sender = subprocess.Popen(
                [*client, "send", "-s", daemon.url],
                stdin=source.stdout,
                env=environment(home),
            )
            in_order = True
            wanted = 0
            for line in follower.stdout:
                event = json.loads(line)
                if event["event"] == "replay" and event["missing"] != 0:
                    in_order = False
                if event["event"] == "message":
                    in_order = in_order and event["text"] == f"line {wanted}"
                    wanted += 1
                    if wanted == lines:
                        break
            code = sender.wait()
        seconds = time.monotonic() - start
        follower.kill()
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return seconds, memory, in_order and code == 0


def main() -> int:
    """The command; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Measure bcast-client.")
    parser.add_argument("--lines", type=int, default=1_000_000, help="piped lines")
    parser.add_argument("--rate", type=int, default=5000, help="lines/s arriving")
    options = parser.parse_args()
    with Daemon() as daemon, tempfile.TemporaryDirectory() as home:
        times = [start_up(daemon, home) for _ in range(11)]
        median = statistics.median(times)
        print(f"start-up to prompt: median {median:.3f} s, worst {max(times):.3f} s")
        share, shown = cpu_at(daemon, home, options.rate, 10)
        print(f"CPU at {shown:.0f} lines/s: {share:.1%} of a core")
        seconds, memory, whole = send(daemon, home, options.lines)
        verdict = "complete and in order" if whole else "NOT complete and in order"
        print(
            f"{options.lines} piped lines: {verdict}, {seconds:.1f} s "
            f"({options.lines / seconds:.0f} lines/s), at most {memory:.0f} MiB"
        )
    good = median < 0.5 and share < 0.15 and whole and memory < 100
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
