"""The units in systemd/: well formed, strict, and a daemon that lives under them."""

import errno
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from soak.servers import Servers, free_ports, program
from tests.support.daemon import DEADLINE, Output
from tests.support.faces import make_certificate
from tests.support.lineclient import LineClient, SocketWire, connect_tcp
from tests.support.manager import NotifySocket
from tests.support.seclusion import NOBODY

UNITS = Path(__file__).parents[2] / "systemd"
SERVICES = ["broadcast.service", "broadcast@.service", "broadcast-worker@.service"]
BOUND = 1.5

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here"
)


def can_confine() -> bool:
    """Tell whether this machine lets us make a sandbox."""
    tried = ["unshare", "--mount", "--ipc", "--uts", "--user", "--fork", "true"]
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
        text = unit.read_text().replace("/opt/broadcast/bin/python", "/bin/true")
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
    one, many = ((UNITS / name).read_text() for name in SERVICES[:2])
    many = re.sub(r"(?<==)(broadcast)/%i", r"\1", many)
    many = many.replace("broadcast@%i.", "broadcast.").replace("%i.ini", "room.ini")
    many = many.replace(", room %i", "")
    assert many.partition("[Unit]")[2] == one.partition("[Unit]")[2]


def _unmeasured() -> dict[str, str]:
    """Return the environment without coverage, which could save nothing there."""
    return {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}


def confined(
    folders: list[Path | str], *command: str, unit: str = SERVICES[0]
) -> list[str]:
    """Return what runs ``command`` in Python, under a unit's restrictions."""
    return [
        *(sys.executable, "-m", "tests.support.sandbox", str(UNITS / unit)),
        *(":".join(map(str, folders)), sys.executable, *command),
    ]


PROBE = """
import json, os, socket
from pathlib import Path

def fails(call, *given):
    try:
        call(*given)
    except OSError as error:
        return error.errno
    return 0

print(json.dumps({
    "user": os.getresuid() + os.getresgid() + tuple(os.getgroups()),
    "write": [fails(Path(p, "x").write_text, "") for p in ("/", "/etc", FOLDER)],
    "own": [fails(Path("/", p, "broadcast/x").write_text, "x")
            for p in ("var/lib", "var/log", "run")],
    "tmp": fails(Path("/tmp/x").write_text, "x"),
    "home": [p for p in os.listdir("/home")],
    "devices": sorted(os.listdir("/dev")),
    "init": Path("/proc/1").exists(),
    "sys": Path("/proc/sys").exists(),
    "netlink": fails(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW),
    "mount": fails(os.chroot, "/"),
}))
"""


@needs_systemd
@pytest.mark.skipif(not can_confine(), reason="no root, or no namespaces here")
def test_the_sandbox_is_one(tmp_path: Path) -> None:
    """What the next test runs the daemon in does hide and forbid what it says."""
    tmp_path.chmod(0o755)
    probe = PROBE.replace("FOLDER", repr(str(tmp_path)))
    done = subprocess.run(
        confined([tmp_path], "-c", probe),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
        env=_unmeasured(),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "user": [NOBODY] * 6,
        "write": [errno.EROFS] * 3,
        "own": [0, 0, 0],
        "tmp": 0,
        "home": [],
        "devices": ["full", "null", "random", "tty", "urandom", "zero"],
        "init": False,
        "sys": False,
        "netlink": errno.EPERM,
        "mount": errno.EPERM,
    }


@needs_systemd
@pytest.mark.skipif(not can_confine(), reason="no root, or no namespaces here")
def test_the_daemon_lives_under_the_restrictions(tmp_path: Path) -> None:
    """Plain and TLS, a reload and an end, with all that tests/support/sandbox can."""
    key, certificate = make_certificate(tmp_path)
    tmp_path.chmod(0o755)
    where = "tcp:0:interface=127.0.0.1"
    options = [
        *("-m", "broadcast", "--listen", where, "--listen", f"tls:{where}"),
        *("--tls-key", str(key), "--tls-cert", str(certificate)),
        *("--ban-file", "/var/lib/broadcast/bans"),
        *("--log-file", "/var/log/broadcast/room.log"),
        *("--admin", "unix:/run/broadcast/admin"),
    ]
    with NotifySocket() as manager:
        manager.open_to_all()
        process = subprocess.Popen(
            confined([tmp_path, manager.folder], *options),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_unmeasured() | manager.env,
        )
        try:
            assert process.stdout is not None
            out = Output(process.stdout)
            found = out.wait_for(r"listening on 127\.0\.0\.1:(\d+)", 2)
            assert "READY" in manager.next()
            status = Path(f"/proc/{process.pid}/status").read_text()
            assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)
            assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
            assert re.search(rf"^Uid:(\s+{NOBODY}){{4}}$", status, re.MULTILINE)
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


@needs_systemd
@pytest.mark.skipif(not can_confine(), reason="no root, or no namespaces here")
@pytest.mark.skipif(program() is None, reason="there is no nats-server")
def test_workers_are_one_room_under_the_restrictions(tmp_path: Path) -> None:
    """The unit's own command, twice: on one port, configured as docs/scale.md says.

    Both say that they are ready; a member of either hears one of the other.
    """
    tmp_path.chmod(0o755)
    [port] = free_ports(1)
    config = tmp_path / "room.ini"
    with Servers(tmp_path / "nats") as servers, ExitStack() as stack:
        listen = f"tcp:{port}:interface=127.0.0.1:reuseport=yes"
        config.write_text(f"[server]\nlisten = {listen}\nnats = {servers.urls}\n")
        workers = [stack.enter_context(_worker(number, config)) for number in "12"]
        ear = LineClient(connect_tcp(port))
        ear.since_ping("/name ear")
        for n in range(20):
            mouth = LineClient(connect_tcp(port))
            mouth.since_ping(f"/name mouth{n}", f"line {n}")
            mouth.close()
            ear.until(f"mouth{n}: line {n}$")
        ear.close()
        for out in workers:  # all at one of them: once in 2**19
            out.wait_for(r"mouth\d+ joined")


@contextmanager
def _worker(number: str, config: Path) -> Iterator[Output]:
    """Run the command of a worker's unit until the end; what it logs is given."""
    [line] = re.findall(r"^ExecStart=(.*)$", (UNITS / SERVICES[2]).read_text(), re.M)
    words = line.replace("%i", number).split()[1:]
    places = {
        "/etc/broadcast/room.ini": str(config),
        f"broadcast/w{number}/": "broadcast/",
    }
    for place, here in places.items():
        words = [word.replace(place, here) for word in words]
    with NotifySocket() as manager:
        manager.open_to_all()
        process = subprocess.Popen(
            confined([config.parent, manager.folder], *words, unit=SERVICES[2]),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_unmeasured() | manager.env,
        )
        try:
            assert process.stdout is not None
            out = Output(process.stdout)
            out.wait_for(r"listening on 127\.0\.0\.1:\d+")
            assert "READY" in manager.next()
            yield out
        finally:
            process.terminate()
            process.wait(DEADLINE)
            out.finish()
        assert process.returncode == -signal.SIGTERM, out.lines
