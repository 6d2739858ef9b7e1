"""Compares the daemon with a C limit, the textbook loop and its peers, on this machine.

    python -m benchmarks --quick     # about six minutes
    python -m benchmarks             # all of it: half an hour
    python -m benchmarks --publish   # ... and writes tables and charts into docs/
    python -m benchmarks --report --publish     # the last full run's, once more

From a checkout; a C compiler is needed. Server on core 0, generator on core 1, each
cell afresh, the servers by turns. Peers that aren't installed are left out.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import cells, machine, publish, tables
from benchmarks.build import build
from benchmarks.cells import Cell
from benchmarks.results import Medians, Result, read, values_of
from benchmarks.servers import SERVERS, Running, Server, started
from benchmarks.targets import Targets

RESULTS = Path(__file__).parent / "results"
LONGEST = 35 * 60
"""Seconds after which no further round is begun."""


def _watch(
    running: Running, generator: "subprocess.Popen[bytes]"
) -> tuple[tuple[float, int], ...]:
    """Return the server's memory, in KiB, by the second, until the generator ends."""
    memory, start = [], time.monotonic()
    while generator.poll() is None and (since := time.monotonic() - start) < 120:
        memory.append((round(since, 2), running.resident))
        time.sleep(0.1)
    return tuple(memory)


def measure(server: Server, cell: Cell) -> Result:
    """Run one cell against a fresh server."""
    try:
        with started(server, core=0) as running:
            generator = cell.generate(server, running)
            try:
                memory = _watch(running, generator) if cell.suite == "stalled" else ()
                said, why = generator.communicate(timeout=120)
            finally:
                generator.kill()
    except RuntimeError as error:
        return Result(server.name, cell, failed=str(error))
    except subprocess.TimeoutExpired:
        return Result(server.name, cell, failed="it took too long")
    if generator.returncode:
        return Result(
            server.name,
            cell,
            failed=why.decode(errors="replace").strip() or "the generator ended",
        )
    return Result(server.name, cell, values_of(said), memory)


def show(result: Result) -> None:
    """Print one run on one line."""
    values, cell = result.values, result.cell
    words = f"{cell.suite:13} {cell.title:24} {result.server:22}"
    if result.failed:
        words += f" FAILED {result.failed}"
    elif "storm_0_s" in values:
        words += f" {values['storm_0_s']:.2f} s, again {values['storm_1_s']:.2f} s"
    elif "per_second" in values:
        words += f" {values['per_second'] / 1000:9,.0f} k/s {values['cpu_us']:8.4f} µs"
        words += f" p99 {values['p99_ms']:8.2f} ms {result.faults or ''}"
    else:
        words += f" {values['member_kib']:.2f} KiB each"
    print(words, flush=True)


def estimate(chosen: list[Cell], servers: list[Server], runs: int) -> float:
    """Return about how many seconds ``run`` takes."""
    return sum(
        cell.estimate * (1 if cell.once else runs)
        for cell in chosen
        for server in servers
        if cell.takes(server)
    )


def run(chosen: list[Cell], servers: list[Server], runs: int, path: Path) -> None:
    """Measure every cell ``runs`` times, the servers by turns; keep the results.

    A round that would end after ``LONGEST`` isn't begun.
    """
    start = time.monotonic()
    with path.open("w") as file:
        for done in range(runs):
            took = time.monotonic() - start
            if done and took / done * (done + 1) > LONGEST:
                print(f"{runs - done} rounds are left out, for time")
                break
            for cell in chosen:
                for server in servers:
                    if cell.takes(server) and not (done and cell.once):
                        result = measure(server, cell)
                        show(result)
                        file.write(result.dumps() + "\n")
                        file.flush()
    print(f"it took {(time.monotonic() - start) / 60:.1f} minutes")


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="about three minutes")
    parser.add_argument("--runs", type=int, help="of each cell; 3, or 1 if quick")
    parser.add_argument("--servers", help="which, separated by commas")
    parser.add_argument("--suites", help="which, separated by commas")
    parser.add_argument("--report", action="store_true", help="of the last run again")
    parser.add_argument("--publish", action="store_true", help="write into docs/")
    return parser.parse_args(arguments)


def _named(given: str | None, known: list[str]) -> list[str]:
    """Return the names that were given, or all.

    Raises:
        SystemExit: one isn't known.
    """
    names = given.split(",") if given else known
    for name in names:
        if name not in known:
            raise SystemExit(f"{name!r} is none of: {', '.join(known)}")
    return names


def _run_all(options: argparse.Namespace, path: Path) -> None:
    """Measure what the options ask for."""
    cells_ = cells.quick() if options.quick else cells.full()
    suites = _named(options.suites, list(dict.fromkeys(c.suite for c in cells_)))
    chosen = [cell for cell in cells_ if cell.suite in suites]
    build()
    wanted = [SERVERS[name] for name in _named(options.servers, list(SERVERS))]
    servers = [server for server in wanted if server.is_installed]
    if left_out := ", ".join(s.name for s in wanted if s not in servers):
        print(f"not installed: {left_out}")
    runs = options.runs or (1 if options.quick else 3)
    path.parent.mkdir(exist_ok=True)
    about = {"size": path.stem} | machine.describe(servers)
    path.with_suffix(".machine.json").write_text(json.dumps(about))
    seconds = min(estimate(chosen, servers, runs), LONGEST)
    print(f"about {seconds / 60:.0f} minutes", flush=True)
    run(chosen, servers, runs, path)


def main() -> None:
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends what it started
    path = RESULTS / f"{'quick' if options.quick else 'full'}.jsonl"
    if not options.report:
        _run_all(options, path)
    results = read(path)
    if not results:
        raise SystemExit("nothing was measured yet")
    print("\n" + tables.report(results) + "\n" + Targets(Medians(results)).table())
    if options.publish:
        about = json.loads(path.with_suffix(".machine.json").read_text())
        publish.publish(results, about)


if __name__ == "__main__":
    main()
