"""The container: its files agree with the options, and the daemon lives in one.

No engine is needed: a root is put together out of what is on this machine.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcast import health
from broadcast.options import choose
from broadcast.sources import read_environment
from tests.support.daemon import DEADLINE, Daemon, Output, eventually
from tests.support.image import ACCOUNT
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.signals import restore

ROOT = Path(__file__).parents[2]
CONTAINERFILE = (ROOT / "Containerfile").read_text("utf-8").replace("\\\n", " ")
COMPOSE = (ROOT / "compose.yaml").read_text("utf-8")
PAGE = (ROOT / "docs" / "container.md").read_text("utf-8")


def _said(instruction: str) -> list[str]:
    """Return the arguments of an instruction, each time it stands there."""
    return re.findall(rf"^{instruction} +(.*)$", CONTAINERFILE, re.MULTILINE)


def _variables() -> dict[str, str]:
    pairs = (word.partition("=") for line in _said("ENV") for word in line.split())
    return {name: value for name, _, value in pairs}


def test_the_image_gives_options_that_there_are() -> None:
    """And ports, health and signal go with them."""
    given = read_environment(_variables())
    settings, faults = choose({}, variables=given)
    assert faults == []
    assert settings.listen == ("tcp:8000",)
    assert settings.metrics == "tcp:9464"
    assert _said("EXPOSE") == ["8000 9464"]
    assert _said("STOPSIGNAL") == ["SIGTERM"]
    assert _said("USER") == [f"{ACCOUNT}:{ACCOUNT}"]
    assert json.loads(_said("ENTRYPOINT")[0]) == ["python", "-m", "broadcast"]
    probe = json.loads(_said("HEALTHCHECK")[0].partition("CMD ")[2])
    assert probe == ["python", "-m", "broadcast.health", health.DEFAULT]
    assert "9464/healthz" in health.DEFAULT
    for name, value in _variables().items():
        assert not name.startswith("BCASTD_") or f"`{name}={value}`" in PAGE


def test_what_is_copied_into_the_image_is_there() -> None:
    """Nothing else is sent to the engine."""
    sent = set(re.findall(r"^!(\S+)$", (ROOT / ".containerignore").read_text(), re.M))
    copied = {word for line in _said("COPY") for word in line.split()[:-1]}
    copied = {word for word in copied if word[0] not in "-/"}
    assert copied == sent
    assert all((ROOT / name).exists() for name in copied)


def test_the_composed_room_has_options_that_there_are() -> None:
    """Also the ones that are only shown; its patience is long enough."""
    given = dict(re.findall(r'(BCASTD_\w+): "?([^"\n]+)"?', COMPOSE))
    settings, faults = choose({}, variables=read_environment(_variables() | given))
    assert faults == []
    grace = int(re.findall(r"stop_grace_period: (\d+)s", COMPOSE)[0])
    assert grace >= settings.lame_duck + settings.drain + 5


def test_health_needs_nothing_but_python() -> None:
    """It answers for the daemon, or says in a line why not."""
    with Daemon("--metrics", "0") as daemon:
        found = daemon.out.wait_for(r"metrics are on (http://[^/]+)/")
        command = [sys.executable, "-S", "-m", "broadcast.health"]

        def asked(*words: str) -> tuple[int, str]:
            done = subprocess.run(
                [*command, *words],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=DEADLINE,
                check=False,
            )
            return done.returncode, done.stderr

        assert asked(f"{found[0][1]}/healthz") == (0, "")
        code, told = asked(f"{found[0][1]}/nothing")
        assert code == 1
        assert told.endswith(": the answer is 404; look at the daemon's log\n")
        for words in (["http://127.0.0.1:9/"], ["ftp://x"], ["x"], ["a", "b"]):
            code, told = asked(*words)
            assert code == 1
            assert told.count("\n") == 1
            assert "; " in told


@pytest.fixture
def first(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """What runs the daemon as the first process of a place like the image."""
    unshare = shutil.which("unshare")
    tried = ["unshare", "--mount", "--pid", "--fork", "true"]
    if os.geteuid() != 0 or unshare is None:
        pytest.skip("only root can make a container here")
    if subprocess.run(tried, capture_output=True, check=False).returncode:
        pytest.skip("no namespaces can be made here")
    root, volume = tmp_path / "root", tmp_path / "volume"
    root.mkdir()
    volume.mkdir()
    # The image's variables, but on this machine alone, and on any port.
    variables = _variables() | {
        "BCASTD_LISTEN": "tcp:0:interface=127.0.0.1",
        "BCASTD_METRICS": "tcp:0:interface=127.0.0.1",
        "BCASTD_ADMIN": "unix:/var/lib/broadcast/admin",
        "BCASTD_STORE": "/var/lib/broadcast/room.db",
    }
    inside = [sys.executable, "-m", "tests.support.image", str(root), str(volume)]
    process = subprocess.Popen(
        [
            *(unshare, "--pid", "--mount", "--fork", "--kill-child"),
            *(*inside, sys.executable, "-m", "broadcast"),
        ],
        cwd=ROOT,
        env=variables | {"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=restore,
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.wait(DEADLINE)


def test_the_first_process_of_a_read_only_place(
    first: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """Without a shell, an account's name or a capability: it serves, and stops."""
    assert first.stdout is not None
    assert first.stderr is not None
    out, err = Output(first.stdout), Output(first.stderr)
    try:
        port = int(out.wait_for(r'"address": "127\.0\.0\.1:(\d+)"')[0][1])
        url = out.wait_for(r'"address": "(http://127\.0\.0\.1:\d+/)"')[0][1]
    except AssertionError as error:
        raise AssertionError("\n".join([str(error), *err.lines])) from None
    children = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text()
    inner = int(children.split()[0])
    status = Path(f"/proc/{inner}/status").read_text()
    for pattern in (
        *(rf"NSpid:\s+{inner}\s+1$", rf"Uid:\s+{ACCOUNT}\s", r"NoNewPrivs:\s+1"),
        *(r"CapEff:\s+0+$", r"CapPrm:\s+0+$", r"CapBnd:\s+0+$"),
    ):
        assert re.search(pattern, status, re.MULTILINE), (pattern, status)
    inside = Path(f"/proc/{inner}/root")
    for name in ("bin/sh", "usr/bin/sh", "bin/bash", "usr/bin/env"):
        assert not (inside / name).exists()
    mounts = Path(f"/proc/{inner}/mountinfo").read_text().splitlines()
    writable = {m.split()[4] for m in mounts if m.split()[5].startswith("rw")}
    assert writable <= {"/proc", "/var/lib/broadcast", *_devices()}

    client = LineClient(connect_tcp(port))
    client.since_ping("/name al")
    client.close()
    assert _asked_inside(inner, f"{url}healthz") == 0
    assert _asked_inside(inner, f"{url}nothing") == 1
    assert (tmp_path / "volume" / "admin").is_socket()

    os.kill(inner, signal.SIGTERM)
    assert first.wait(DEADLINE) == 128 + signal.SIGTERM
    out.finish()
    err.finish()
    assert err.lines == []
    assert json.loads(out.lines[-1])["event"] == "stopped"
    eventually(lambda: not (tmp_path / "volume" / "admin").exists())


def _devices() -> set[str]:
    return {f"/dev/{name}" for name in ("null", "random", "urandom")}


def _asked_inside(pid: int, url: str) -> int:
    """Return the exit code of the health check, made in the same place."""
    done = subprocess.run(
        [
            *("nsenter", "--target", str(pid), "--mount", "--pid", "--root"),
            *("--wd=/", "--setuid", str(ACCOUNT), "--setgid", str(ACCOUNT)),
            *(sys.executable, "-m", "broadcast.health", url),
        ],
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    return done.returncode
