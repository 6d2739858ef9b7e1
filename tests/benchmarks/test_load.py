"""The load generator, run against the daemon and against a broken server."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.build import LIMIT, LOAD, build, compiler
from benchmarks.results import FAULTS
from tests.support.daemon import Daemon

pytestmark = [
    pytest.mark.skipif(compiler() is None, reason="no C compiler (cc)"),
    pytest.mark.skipif(sys.platform != "linux", reason="it uses epoll and memfd"),
]


@pytest.fixture(scope="module", autouse=True)
def programs() -> None:
    build()


def load(port: int, *options: str) -> dict[str, float]:
    """Run the generator for half a second; return what it tells."""
    command = [str(LOAD), "--port", str(port), "--seconds", "0.5", *options]
    done = subprocess.run(command, capture_output=True, timeout=40, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, float] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize(
    ("daemon", "options"),
    [
        (["--relay"], ["--protocol", "lines", "--publishers", "3"]),
        (["--rate", "0"], ["--protocol", "chat", "--publishers", "3"]),
        (["--rate", "0"], ["--protocol", "chat", "--json", "5", "--window", "50"]),
        (["--rate", "0"], ["--protocol", "chat", "--mode", "paced", "--rate", "400"]),
    ],
    ids=["relay", "chat", "half on json", "paced"],
)
def test_the_daemon_delivers_everything(daemon: list[str], options: list[str]) -> None:
    """Half a second of load: something was said, nothing is wrong with any delivery."""
    with Daemon(*daemon) as running:
        told = load(running.port, "--subscribers", "10", *options)
    assert told["delivered"] >= 900
    assert {name: told[name] for name in FAULTS} == dict.fromkeys(FAULTS, 0)
    assert told["strayed"] == 0, "not all were sent the same in one order"


BROKEN = """
import selectors, socket, sys
fault, prefix = sys.argv[1], sys.argv[2].encode()
listener = socket.create_server(("127.0.0.1", 0))
print("listening on 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
poll = selectors.DefaultSelector()
poll.register(listener, selectors.EVENT_READ)
members, parts, said = [], {}, 0
while True:
    for key, _ in poll.select():
        if key.fileobj is listener:
            joined = listener.accept()[0]
            poll.register(joined, selectors.EVENT_READ)
            members.append(joined)
            parts[joined] = b""
            continue
        data = key.fileobj.recv(65536)
        if not data:
            poll.unregister(key.fileobj)
            members.remove(key.fileobj)
            continue
        *lines, parts[key.fileobj] = (parts[key.fileobj] + data).split(b"\\n")
        for line in lines:
            if line.startswith(b"/"):
                continue
            said += line.startswith(b"#M")
            for i, member in enumerate(members):
                if member is key.fileobj:
                    continue
                now, wrong = prefix + line + b"\\n", said == 20 and i == 3
                if wrong and fault == "missing":
                    now = b""
                if wrong and fault == "doubled":
                    now *= 2
                if wrong and fault == "corrupt":
                    now = now[:40] + b"X" + now[41:]
                if fault == "disordered" and i == 3 and said in (20, 21):
                    held = now if said == 20 else held
                    now = b"" if said == 20 else now + held
                member.sendall(now)
"""


@contextmanager
def broken(fault: str, prefix: str) -> Iterator[int]:
    """Run a server that wrongs one member once; yield its port."""
    command = [sys.executable, "-c", BROKEN, fault, prefix]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        found = re.search(r":(\d+)", process.stdout.readline())
        assert found
        yield int(found[1])
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("protocol", "prefix"), [("lines", ""), ("chat", "guest-12: ")]
)
@pytest.mark.parametrize(
    "fault", ["none", "missing", "doubled", "corrupt", "disordered"]
)
def test_a_single_wrong_delivery_is_found(
    fault: str, protocol: str, prefix: str
) -> None:
    """One line of one member, wrong once, is counted as what it is."""
    if fault == "missing" and prefix:
        pytest.skip("it takes 3 s of silence, and is the same code")
    with broken(fault, prefix) as port:
        pace = ["--mode", "paced", "--rate", "100", "--protocol", protocol]
        told = load(port, "--subscribers", "5", *pace)
    wanted = dict.fromkeys(FAULTS, 0) | ({fault: 1} if fault != "none" else {})
    assert {name: told[name] for name in FAULTS} == wanted
    assert told["strayed"] == (fault != "none")


def test_the_limit_loses_nothing() -> None:
    """What others are compared with is itself right."""
    process = subprocess.Popen([str(LIMIT)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        told = load(port, "--subscribers", "50", "--publishers", "5")
    finally:
        process.kill()
        process.communicate()
    assert told["delivered"] >= 1000
    assert {name: told[name] for name in FAULTS} == dict.fromkeys(FAULTS, 0)
