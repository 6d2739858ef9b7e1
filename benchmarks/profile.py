"""Where the time of a delivery goes: into the kernel, the interpreter, or the rest.

    python -m benchmarks.profile [SECONDS]

Both modes of the daemon beside the C limit, each sampled by perf(1), whose own cost is
in all of them: one line at a time to 100 members, and a thousand at a time to 1000.
From a checkout, as root, on Linux, with perf (Debian: ``linux-perf``) and a C compiler.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.build import build
from benchmarks.cells import BOUNDS, OURS, Cell
from benchmarks.results import values_of
from benchmarks.servers import SERVERS, Server, started

SAMPLES = 4000
"""A second."""

COMING_IN = 1.5
"""Seconds that nothing is sampled in: members are connecting."""

_SHARE = re.compile(r"^ +([\d.]+)% +(\S+)", re.MULTILINE)


def shares(report: str) -> dict[str, float]:
    """Return the parts of 1 that ``perf report --sort dso`` gives to each owner."""
    found = {"kernel": 0.0, "interpreter": 0.0, "rest": 0.0}
    for share, name in _SHARE.findall(report):
        owner = "rest"
        if name.startswith("[kernel"):
            owner = "kernel"
        elif re.match(r"(lib)?python\d", name):
            owner = "interpreter"
        found[owner] += float(share) / 100
    return found


def profile(server: Server, cell: Cell) -> tuple[float, dict[str, float]]:
    """Return the microseconds of CPU that a delivery took, and whose they were.

    Raises:
        RuntimeError: perf can't, or the generator failed.
    """
    with tempfile.TemporaryDirectory() as folder, started(server, core=0) as running:
        data = str(Path(folder) / "perf.data")
        generator = cell.generate(server, running)
        try:
            _perf(
                *("record", "-q", "-o", data, "-F", str(SAMPLES), "-e", "cpu-clock"),
                *("-D", str(int(COMING_IN * 1000)), "-p", str(running.pid)),
                *("--", "sleep", str(cell.seconds)),
            )
            said, why = generator.communicate(timeout=120)
        finally:
            generator.kill()
        if generator.returncode:
            raise RuntimeError(why.decode(errors="replace").strip())
        report = _perf("report", "-i", data, "--sort", "dso", "--stdio")
    found = shares(report)
    if not sum(found.values()):
        raise RuntimeError("perf has sampled nothing: the machine is too busy")
    return values_of(said)["cpu_us"], found


def _perf(*arguments: str) -> str:
    done = subprocess.run(
        ["perf", *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise RuntimeError(f"perf {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def table(seconds: float) -> Iterator[str]:
    """Yield a line for each server in each cell."""
    yield f"{'':26}{'':22}   µs  =  kernel + interpreter + rest"
    for subscribers, window in ((100, 1), (1000, 1000)):
        cell = Cell("profile", "window", subscribers, window=window, seconds=seconds)
        for name in (*OURS, *BOUNDS):
            cpu, whose = profile(SERVERS[name], cell)
            parts = "   ".join(f"{cpu * share:.4f}" for share in whose.values())
            yield f"{cell.title + f', W {window}':26}{name:22} {cpu:.4f}   {parts}"


def main() -> None:
    """Print the table."""
    if shutil.which("perf") is None:
        sys.exit("perf is not here (Debian: apt-get install linux-perf)")
    build()
    try:
        for line in table(float(sys.argv[1]) if sys.argv[1:] else 5.0):
            print(line, flush=True)
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
