"""The daemon, as a relay that echoes, under Autobahn|Testsuite's fuzzing client.

``python -m tests.support.autobahn WSTEST FOLDER`` runs the groups 1 to 7 and 10 of
``WSTEST`` against it, writes its reports to FOLDER, prints every case that is not OK,
and fails if another one FAILED than is known.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.support.daemon import Daemon
from tests.support.websocket import web_port

CASES = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"]
OPTIONS = ("--relay", "--echo", "--web", "0", "--rate", "0", "--max-line", "65536")
KNOWN = {"1.2.1"}
"""An empty binary message comes back as text: a relay's lines that are UTF-8 do."""


def fuzz(wstest: str, folder: Path, port: int) -> dict[str, dict[str, str]]:
    """Run the fuzzing client; return what became of each case."""
    url = f"ws://127.0.0.1:{port}/ws"
    spec = {
        "outdir": str(folder),
        "servers": [{"agent": "broadcast", "url": url}],
        "cases": CASES,
        "exclude-cases": [],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "spec.json"
    path.write_text(json.dumps(spec))
    command = [wstest, "--mode", "fuzzingclient", "--spec", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    results: dict[str, dict[str, dict[str, str]]]
    results = json.loads((folder / "index.json").read_text())
    return results["broadcast"]


def main() -> None:
    """Start the daemon, fuzz it, report."""
    with Daemon(*OPTIONS) as daemon:
        results = fuzz(sys.argv[1], Path(sys.argv[2]), web_port(daemon))
    failed: set[str] = set()
    for case, result in results.items():
        how, close = result["behavior"], result["behaviorClose"]
        if (how, close) != ("OK", "OK"):
            print(f"{case}: {how}, close {close}{', known' * (case in KNOWN)}")
        if how == "FAILED":
            failed.add(case)
    print(dict(Counter(result["behavior"] for result in results.values())))
    sys.exit(failed != KNOWN)


if __name__ == "__main__":
    main()
