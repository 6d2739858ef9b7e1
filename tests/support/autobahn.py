"""An echo server over our real WebSocket code, for Autobahn|Testsuite.

``python -m tests.support.autobahn WSTEST FOLDER`` runs the groups 1 to 7 and 10 of
the fuzzing client ``WSTEST`` against it, writes its reports to FOLDER, prints
every case that is not OK, and fails if one FAILED.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet import threads
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from broadcast.base.work import Work
from broadcast.web import upgrade
from broadcast.web.channel import Channel
from broadcast.web.frames import Code
from broadcast.web.http import headers
from broadcast.web.messages import MessageParser
from broadcast.web.notices import Notices
from broadcast.web.places import Places

CASES = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"]
MAX_MESSAGE = 1 << 20


class Echo:
    """Sends every message back, as it came."""

    def __init__(self, transport: Any, head: bytes) -> None:
        self._transport = transport
        self._parser_ = MessageParser(self, MAX_MESSAGE)
        transport.write(head)

    def data_received(self, data: bytes) -> None:
        self._parser_.keep(data)
        while self._parser_.step(0.0, time.monotonic):
            pass

    def connection_lost(self, reason: Failure) -> None:
        pass

    def message_received(self, data: bytes, is_text: bool) -> None:
        size = len(data)
        head = bytes([0x81 if is_text else 0x82])
        if size < 126:
            head += bytes([size])
        elif size < 1 << 16:
            head += bytes([126]) + size.to_bytes(2, "big")
        else:
            head += bytes([127]) + size.to_bytes(8, "big")
        self._transport.write(head + data)

    def write_control(self, frame: bytes) -> None:
        self._transport.write(frame)

    def closed_by_peer(self, code: int) -> None:
        self._parser_.close(Code.NORMAL, "")
        self._transport.loseConnection()

    def failed(self, code: Code, reason: str) -> None:
        self._parser_.close(code, reason)
        self._transport.loseWriteConnection()


class EchoSocket(Resource):
    """Where the fuzzing client's WebSockets begin."""

    isLeaf = True

    def render_GET(self, request: Request) -> int:
        names = ("Upgrade", "Connection", "Sec-WebSocket-Version", "Sec-WebSocket-Key")
        head = upgrade.handshake_answer(*(headers(request, name) for name in names))
        channel: Any = request.channel
        channel.upgrade(lambda transport: Echo(transport, head))
        return NOT_DONE_YET


def fuzz(wstest: str, folder: Path, port: int) -> list[str]:
    """Run the fuzzing client; return what to print."""
    spec = {
        "outdir": str(folder),
        "servers": [{"agent": "broadcast", "url": f"ws://127.0.0.1:{port}"}],
        "cases": CASES,
        "exclude-cases": [],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "spec.json"
    path.write_text(json.dumps(spec))
    command = [wstest, "--mode", "fuzzingclient", "--spec", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    results = json.loads((folder / "index.json").read_text())["broadcast"]
    counts = Counter(result["behavior"] for result in results.values())
    closes = Counter(result["behaviorClose"] for result in results.values())
    lines = [
        f"{case}: {result['behavior']}, close {result['behaviorClose']}"
        for case, result in results.items()
        if result["behavior"] != "OK" or result["behaviorClose"] != "OK"
    ]
    return [*lines, f"{dict(counts)}, closes {dict(closes)}"]


def main() -> None:
    """Serve, fuzz, report."""
    reactor: Any = installed
    site: Any = Site(EchoSocket(), reactor=reactor)  # type: ignore[no-untyped-call]  # Twisted's
    site.protocol = Channel
    site.places = Places(1000, 0, Notices(reactor))
    site.is_stopping = False
    site.work = Work(reactor)
    port = reactor.listenTCP(0, site, interface="127.0.0.1").getHost().port
    report: list[str] = []
    run = threads.deferToThread(fuzz, sys.argv[1], Path(sys.argv[2]), port)
    run.addCallback(report.extend)
    run.addErrback(lambda failure: report.append(f"FAILED: {failure.value}"))
    run.addBoth(lambda _: reactor.stop())
    reactor.run()
    print("\n".join(report))
    sys.exit(any("FAILED" in line for line in report))


if __name__ == "__main__":
    main()
