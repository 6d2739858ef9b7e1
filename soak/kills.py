"""Kill a daemon with --store again and again, while keyed members talk and hear.

python -m soak.kills [--kills 100] [--seed 1]

Four senders say numbered lines by /say, and send again what was not acknowledged. A
hearer comes back with /since. In the end the whole log is read: each acknowledged line
is in it once, under the id that was acknowledged; no id has changed its meaning; each
sender's lines are in their order.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from soak.room import percentile, room
from soak.senders import PATIENCE, Found, Senders, Visit, visits, whole_log


class Hearer:
    """A member that comes back with /since, in a thread.

    Args:
        port: where the daemon is, each time.
        senders: those that it hears.
    """

    def __init__(self, port: int, senders: Senders) -> None:
        self._port = port
        self._heard = senders.found.heard
        self._is_over = senders.is_over
        self._expect = senders.expect
        threading.Thread(target=self._hear, daemon=True).start()

    def judge(self, log: dict[int, str]) -> None:
        """Compare what it has heard with a whole log."""
        for id, text in self._heard.items():
            was = f"{id} was {text!r}, and is {log.get(id)!r}"
            self._expect(log.get(id) == text, was)

    def _hear(self) -> None:
        epoch, last = "", 0
        for visit in visits([self._port], "hearer"):
            if self._is_over.is_set():
                return
            try:
                epoch = epoch or visit.welcome["epoch"]
                self._expect(visit.welcome["epoch"] == epoch, "the epoch changed")
                self._expect(
                    visit.welcome["id"] >= last, f"{last} was heard and is gone"
                )
                visit.send(f"/since {epoch}:{last}")
                while True:
                    last = max(last, self._take(visit, visit.event()))
            except OSError:
                continue

    def _take(self, visit: Visit, event: dict[str, Any]) -> int:
        """Take what the hearer is told; return a line's id, or 0."""
        match event["event"]:
            case "replay":
                self._expect(event["missing"] == 0, f"missing {event['missing']}")
            case "replayed" if event["more"]:
                visit.send(f"/since {event['position']}")
            case "message":
                id, text = event["id"], event["text"]
                known = self._heard.setdefault(id, text)
                self._expect(known == text, f"{id} was {known!r}, and is {text!r}")
                return int(id)
        return 0


def run(path: Path, kills: int, luck: random.Random) -> tuple[Found, list[float]]:
    """Return what was found, and for how long nothing was acknowledged each time."""
    options = ("--store", str(path), "--rate", "0", "--history", "all")
    silences: list[float] = []
    senders: Senders | None = None
    port, killed = "0", time.monotonic()
    for _ in range(kills):
        with room(*options, "--port", port) as here:
            port = str(here.port)
            if senders is None:
                senders = Senders([here.port], PATIENCE)
                hearer = Hearer(here.port, senders)
            senders.wait_for_more()
            silences.append(time.monotonic() - killed)
            time.sleep(luck.uniform(0.02, 0.4))
            here.process.kill()
            here.process.wait()
            killed = time.monotonic()
    assert senders is not None
    with room(*options, "--port", port) as here:
        senders.wait_for_more()
        silences.append(time.monotonic() - killed)
        senders.finish()
        log = dict(whole_log(here.port, PATIENCE))
    for each in (senders, hearer):
        each.judge(log)
    return senders.found, silences[1:]


def main() -> None:
    """Run it and print the report; exit 1 if there is a problem."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "room.db"
        found, silences = run(path, chosen.kills, random.Random(chosen.seed))
    for problem in found.problems[:20]:
        print(f"FAILED: {problem}")
    print(
        f"{chosen.kills} kills: {found.acknowledged} of {sum(found.said)} lines"
        f" acknowledged, {found.doubles} of them when sent again, {len(found.heard)}"
        f" heard, {len(found.problems)} problems; silence p50"
        f" {percentile(silences, 0.5):.2f} s, most {max(silences):.2f} s"
    )
    sys.exit(bool(found.problems))


if __name__ == "__main__":
    main()
