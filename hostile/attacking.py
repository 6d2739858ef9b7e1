"""``python -m hostile.attacking PLAN``: the attackers of ``hostile.waits``.

A process of their own, which stands back behind others (``nice``): what their own work
costs should not be what the members wait for. It says ``ready`` when all of them are
connected; each line on standard input is a go, and is answered with how much has been
done so far: bytes sent, or connections where those are the attack.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from hostile.crowds import CROWDS, Crowd
from hostile.floods import chosen_flood
from hostile.pump import Pump
from hostile.wires import Attacker

NICE = 10

SETTLING = 0.5
"""Seconds in which all that have connected have joined: a newcomer is given 0.25 to
introduce itself."""

PATIENCE = 60.0
"""Seconds that attackers may take to connect and to end."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the attackers are to do.

    Attributes:
        row: a flood's or a crowd's name.
        kind: ``burst``, ``flood`` or ``crowd``.
        count: connections.
        ports: the daemon's: ``tcp``, ``tls``, ``http``.
        epoch: the room's.
    """

    row: str
    kind: str
    count: int
    ports: dict[str, int]
    epoch: str


class Attackers:
    """They in their own process, seen from the one that measures."""

    def __init__(self, plan: Plan) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hostile.attacking", json.dumps(asdict(plan))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            self.kill()
            raise RuntimeError(f"{plan.row}: the attackers could not connect")

    def go(self) -> None:
        """Have them attack, or do so once more."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """End them; return how much they had done at the second go."""
        out, _ = self._process.communicate(timeout=PATIENCE)
        return int(out.split()[1])

    def kill(self) -> None:
        """End them at once."""
        self._process.kill()
        self._process.communicate()


def main() -> None:
    """Run the command."""
    os.nice(NICE)
    plan = Plan(**json.loads(sys.argv[1]))
    pump = Pump(is_endless=plan.kind != "burst")
    crowd = Crowd(plan.ports, plan.count, pump)
    if plan.kind == "crowd":
        go = CROWDS[plan.row](crowd)
    else:
        for number in range(plan.count):
            flood = chosen_flood(plan.row, number)
            pump.add(Attacker(flood, number, plan.ports, plan.epoch))
        go = pump.attack
    time.sleep(SETTLING)
    print("ready", flush=True)

    def answer() -> None:
        print(crowd.done or pump.heard or pump.sent, flush=True)
        go()

    pump.run(answer)


if __name__ == "__main__":
    main()
