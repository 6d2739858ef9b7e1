"""The units in systemd/: well formed, strict, and a daemon that lives under them."""

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.daemon import DEADLINE, Output
from tests.support.faces import make_certificate
from tests.support.lineclient import LineClient, SocketWire, connect_tcp
from tests.support.manager import NotifySocket

UNITS = Path(__file__).parents[2] / "systemd"
SERVICES = ["broadcast.service", "broadcast@.service"]
BOUND = 1.5

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here"
)


def can_confine() -> bool:
    """Tell whether this machine lets us make a sandbox."""
    tried = ["unshare", "--mount", "--ipc", "mount", "--make-rprivate", "/"]
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_the_exposure_is_small(name: str) -> None:
    """systemd-analyze security gives each service 1.5 or better."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(UNITS / name)],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= BOUND


@needs_systemd
def test_the_units_are_well_formed(tmp_path: Path) -> None:
    """systemd-analyze verify has nothing to say of them."""
    for unit in UNITS.glob("broadcast*.s*"):
        text = unit.read_text().replace("/opt/broadcast/bin/twist", "/bin/true")
        name = unit.name.replace("@.", "@8001.")
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", *sorted(map(str, tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_template_differs_in_its_instance_alone() -> None:
    """What is forbidden to one room is forbidden to each of several."""
    one, many = ((UNITS / name).read_text() for name in SERVICES)
    many = re.sub(r"(?<==)(broadcast)/%i", r"\1", many)
    many = many.replace("broadcast@%i.", "broadcast.").replace("%i.ini", "room.ini")
    many = many.replace(", room %i", "")
    assert many.partition("[Unit]")[2] == one.partition("[Unit]")[2]


def _unmeasured() -> dict[str, str]:
    """Return the environment without coverage, which could save nothing there."""
    return {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}


@needs_systemd
@pytest.mark.skipif(not can_confine(), reason="no root, or no namespaces here")
def test_the_daemon_lives_under_the_restrictions(tmp_path: Path) -> None:
    """Plain and TLS, a reload and an end, with all that tests/support/sandbox can."""
    key, certificate = make_certificate(tmp_path)
    where = "tcp:0:interface=127.0.0.1"
    read_only = "mount --make-rprivate / && mount -o remount,bind,ro / && "
    command = [
        *("unshare", "--mount", "--ipc", "sh", "-c", read_only + 'exec "$@"', "sh"),
        *(sys.executable, "-m", "tests.support.sandbox"),
        *(str(UNITS / SERVICES[0]), sys.executable, "-m", "twisted", "broadcast"),
        *("--listen", where, "--listen", f"tls:{where}"),
        *("--tls-key", str(key), "--tls-cert", str(certificate)),
    ]
    with NotifySocket() as manager:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | manager.env,
        )
        try:
            assert process.stdout is not None
            out = Output(process.stdout)
            found = out.wait_for(r"listening on 127\.0\.0\.1:(\d+)", 2)
            assert "READY" in manager.next()
            status = Path(f"/proc/{process.pid}/status").read_text()
            assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)
            assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
            plain = LineClient(connect_tcp(int(found[0][1])))
            plain.until("You are")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(certificate)
            wire = connect_tcp(int(found[1][1])).socket
            with context.wrap_socket(wire, server_hostname="localhost") as sock:
                secret = LineClient(SocketWire(sock))
                secret.until("You are")
                secret.send("hello")
                plain.until("guest-2: hello")
            process.send_signal(signal.SIGHUP)
            out.wait_for("certificates read again")
            manager.until(RELOADING="1")
            plain.close()
            out.wait_for("guest-1 left")
        finally:
            process.terminate()
            process.wait(DEADLINE)
            out.finish()
    assert process.returncode == -signal.SIGTERM
    assert "stopped" in out.lines[-1]
