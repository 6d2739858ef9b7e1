"""``python -m hostile.waits``: what one member waits for while others attack.

A bystander pings a real daemon every 20 ms, first by itself (the control), then while
attackers do one thing after another to the same daemon (``--rows``). Another pings a
daemon that nobody attacks: what it waits for is the machine's doing. Then the daemon
is told to stop, in the middle of it.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from hostile.crowds import CROWDS
from hostile.floods import MIXTURE, floods, usual_floods
from hostile.measuring import (
    HEAD,
    HEALTHY_HEAD,
    Attack,
    Healthy,
    Row,
    Target,
    measure,
    measure_healthy,
)

QUICK = ("who:tcp", "frame-ping:ws", "healthz:http", "connect:tcp")
KINDS = ("burst", "flood", "crowd")


def attacks(given: argparse.Namespace) -> Iterator[Attack]:
    """Return what the options ask for, one after the other."""
    for row in given.rows:
        is_crowd = row in CROWDS
        for kind in given.kinds:
            if is_crowd == (kind == "crowd"):
                for count in given.crowds if is_crowd else given.connections:
                    yield Attack(row, kind, count, given.seconds)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    every = [*floods(), MIXTURE, *CROWDS]
    usual = [*usual_floods(), *CROWDS]
    parser = argparse.ArgumentParser("hostile.waits", description=__doc__)
    add = parser.add_argument
    add("--rows", nargs="+", choices=every, default=usual, metavar="ROW")
    add("--list", action="store_true", help="print the names of the rows")
    add("--quick", action="store_true", help=f"only {', '.join(QUICK)}")
    add("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    add("--connections", nargs="+", type=int, default=[1, 20])
    add("--crowds", nargs="+", type=int, default=[2000, 4000])
    add("--seconds", type=float, default=5.0, help="of an attack, and of its control")
    add("--healthy", type=int, metavar="MEMBERS", help="measure what these hear")
    add("--rate", type=float, default=100.0, help="lines a second that they hear")
    add("--json", type=Path, help="write the figures to this file as well")
    given = parser.parse_args(arguments)
    if given.quick:
        given.rows = list(QUICK)
    if given.list:
        print("\n".join(f"{row}{'' if row in usual else ' *'}" for row in every))
        parser.exit()
    return given


def _measure(given: argparse.Namespace, folder: Path) -> Iterator[Row | Healthy]:
    if given.healthy:
        for attack in attacks(given):
            yield measure_healthy(attack, given.healthy, given.rate, folder)
        return
    idle = Target(folder)
    try:
        for attack in attacks(given):
            yield measure(attack, folder, idle)
    finally:
        idle.daemon.kill()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 1 if anything was too slow."""
    given = _parse(arguments)
    rows: list[Row | Healthy] = []
    print(HEALTHY_HEAD if given.healthy else HEAD, flush=True)
    with tempfile.TemporaryDirectory() as name:
        for row in _measure(given, Path(name)):
            rows.append(row)
            print(row, flush=True)
    if given.json:
        found = [asdict(row) | {"faults": row.faults()} for row in rows]
        given.json.write_text(json.dumps(found, indent=1))
    slow = sum(bool(row.faults()) for row in rows)
    print(f"{len(rows)} rows, {slow} slow")
    return 1 if slow or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
