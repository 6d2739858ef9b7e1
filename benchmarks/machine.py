"""What the measurements were made on."""

import os
import platform
import re
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from benchmarks.servers import Server


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    found = re.search(r"model name\s*: (.*)", text)
    return found[1] if found else platform.machine()


def describe(servers: Iterable[Server]) -> dict[str, str]:
    """Return the machine's and the programs' particulars, by name."""
    about = {
        "measured": time.strftime("%Y-%m-%d"),
        "processor": f"{_processor()}, {cores()} cores",
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "Twisted": version("twisted"),
        "broadcast": version("twisted-broadcast"),
    }
    peers = (server for server in servers if server.is_peer)
    return about | {server.name: server.tell_version() for server in peers}
