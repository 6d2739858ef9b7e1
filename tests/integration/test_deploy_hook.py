"""The deploy hook of docs/admin.md, called as certbot calls it."""

import grp
import os
import pwd
import ssl
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.support.daemon import DEADLINE, Daemon
from tests.support.examples import example, replaced
from tests.support.faces import make_certificate
from tests.support.lineclient import LineClient, SocketWire, connect_tcp

DOMAIN = "chat.example.org"


class Hook:
    """The hook, with folders of its own, and a ``systemctl`` that signals a process.

    Attributes:
        to: where it puts the files.
    """

    def __init__(self, folder: Path) -> None:
        self.to = folder / "tls"
        self._lineage = folder / "live" / DOMAIN
        self._lineage.mkdir(parents=True)
        self._programs = folder / "bin"
        self._programs.mkdir()
        user = pwd.getpwuid(os.geteuid()).pw_name
        group = grp.getgrgid(os.getegid()).gr_name
        text = replaced(
            example("admin.md", "#!/bin/sh -e"),
            **{"/etc/broadcast/tls": str(self.to)},
            **{"-o root -g broadcast": f"-o {user} -g {group}"},
        )
        self.path = _program(folder / "broadcast", text)
        self.reload("true")

    def reload(self, command: str) -> None:
        """Have ``systemctl reload broadcast`` do ``command``."""
        words = f'#!/bin/sh\n[ "$*" = "reload broadcast" ] || exit 9\n{command}\n'
        _program(self._programs / "systemctl", words)

    def renew(self) -> bytes:
        """Write a new certificate as certbot does; return it (DER)."""
        key, certificate = make_certificate(self._lineage)
        key.rename(self._lineage / "privkey.pem")
        pem = certificate.rename(self._lineage / "fullchain.pem").read_text()
        return ssl.PEM_cert_to_DER_cert(pem)

    def run(self, domains: str = DOMAIN) -> None:
        """Call it; it must end well."""
        told = {"RENEWED_DOMAINS": domains, "RENEWED_LINEAGE": str(self._lineage)}
        path = {"PATH": f"{self._programs}:{os.environ['PATH']}"}
        done = subprocess.run(
            str(self.path),
            shell=True,  # as certbot does
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
            env=os.environ | told | path,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def _shown(room: Daemon) -> tuple[SocketWire, bytes | None]:
    """Connect over TLS; return the connection and the certificate shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it is compared as a whole
    sock = context.wrap_socket(connect_tcp(room.port).socket)
    return SocketWire(sock), sock.getpeercert(binary_form=True)


def test_a_renewed_certificate_is_taken(
    daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    """The files are there for the daemon alone; newcomers see it, nobody is dropped."""
    hook = Hook(tmp_path)
    first = hook.renew()
    hook.run(f"example.org {DOMAIN} www.example.org")
    assert stat.S_IMODE(hook.to.stat().st_mode) == 0o750
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in hook.to.iterdir()}
    assert files == {"fullchain.pem": 0o640, "privkey.pem": 0o640}
    room = daemon(
        "--listen=tls:0:interface=127.0.0.1",
        f"--tls-cert={hook.to / 'fullchain.pem'}",
        f"--tls-key={hook.to / 'privkey.pem'}",
        "--tls-recheck=0",
    )
    wire, shown = _shown(room)
    assert shown == first
    member = LineClient(wire)
    member.until("You are")
    hook.reload(f"kill -HUP {room.pid}")
    second = hook.renew()
    hook.run()
    room.out.wait_for("certificates read again: .*good until")
    other, shown = _shown(room)
    assert shown == second != first
    assert member.since_ping() == []
    other.close()
    wire.close()


def test_another_domain_is_not_its_business(tmp_path: Path) -> None:
    """Called for every renewal on the machine, it leaves others' alone."""
    hook = Hook(tmp_path)
    hook.renew()
    hook.reload("exit 8")
    hook.run("other.example.org")
    assert not hook.to.exists()
