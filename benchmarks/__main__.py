"""Compares the daemon with a C limit, the textbook loop and its peers, on this machine.

    python -m benchmarks --quick     # about a minute
    python -m benchmarks             # all of docs/performance.md's tables
    python -m benchmarks --publish   # ... and writes them, and the charts, into docs/

From a checkout; a C compiler is needed. Server on core 0, generator on core 1, each
cell afresh, the servers by turns. Peers that aren't installed are left out.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import cells, machine, publish, tables
from benchmarks.build import LOAD, build
from benchmarks.cells import Cell
from benchmarks.results import Result, read, values_of
from benchmarks.servers import SERVERS, Server, pinned, started

RESULTS = Path(__file__).parent / "results"


def measure(server: Server, cell: Cell) -> Result:
    """Run one cell against a fresh server."""
    try:
        with started(server, core=0) as running:
            command = [str(LOAD), *cell.arguments(server)]
            command += ["--port", str(running.port), "--pid", str(running.pid)]
            generator = subprocess.Popen(
                pinned(command, core=1 if machine.cores() > 1 else 0),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            memory, start = [], time.monotonic()
            while generator.poll() is None:
                since = time.monotonic() - start
                if since > 120:
                    generator.kill()
                memory.append((round(since, 2), running.resident))
                time.sleep(0.1)
            said, why = generator.communicate()
    except RuntimeError as error:
        return Result(server.name, cell, failed=str(error))
    if generator.returncode:
        return Result(server.name, cell, failed=why.strip() or "it took too long")
    kept = tuple(memory) if cell.suite == "stalled" else ()
    return Result(server.name, cell, values_of(said), kept)


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


def run(chosen: list[Cell], servers: list[Server], runs: int, path: Path) -> None:
    """Measure every cell ``runs`` times, the servers by turns; keep the results."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        for _ in range(runs):
            for cell in chosen:
                for server in servers:
                    if cell.takes(server):
                        result = measure(server, cell)
                        show(result)
                        file.write(result.dumps() + "\n")
                        file.flush()


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="about a minute")
    parser.add_argument("--runs", type=int, help="of each cell; 3, or 1 if quick")
    parser.add_argument("--servers", help="which, separated by commas")
    parser.add_argument("--suites", help="which, separated by commas")
    parser.add_argument("--report", action="store_true", help="of the last run again")
    parser.add_argument("--publish", action="store_true", help="write into docs/")
    return parser.parse_args(arguments)


def main() -> None:
    options = parse(sys.argv[1:])
    name = "quick" if options.quick else "full"
    path = RESULTS / f"{name}.jsonl"
    if not options.report:
        build()
        wanted = options.servers.split(",") if options.servers else list(SERVERS)
        servers = [SERVERS[name] for name in wanted if SERVERS[name].is_installed]
        chosen = cells.quick() if options.quick else cells.full()
        if options.suites:
            suites = options.suites.split(",")
            chosen = [cell for cell in chosen if cell.suite in suites]
        about = machine.describe(servers)
        run(chosen, servers, options.runs or (1 if options.quick else 3), path)
        path.with_suffix(".machine.json").write_text(json.dumps(about))
    results = read(path)
    if not results:
        raise SystemExit("nothing was measured yet")
    print("\n" + tables.report(results))
    if options.publish:
        publish.publish(
            results, json.loads(path.with_suffix(".machine.json").read_text())
        )


if __name__ == "__main__":
    main()
