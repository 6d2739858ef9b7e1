"""The service: starting, failing loudly, restarting, what it says of itself."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.daemon import Daemon, refused_start
from tests.support.lineclient import LineClient, connect_tcp

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]


def test_the_start_line(daemon: Start) -> None:
    """It says where it listens, and that nobody else can come in."""
    running = daemon()
    assert re.search(
        r"\[INFO\] listening on 127\.0\.0\.1:\d+ "
        r"\(this machine only; --host 0\.0\.0\.0 lets others in\)$",
        running.out.lines[0],
    )


@pytest.mark.parametrize("option", ["--listen", "--listen-only", "--config"])
def test_the_start_line_hints_at_no_option_without_effect(
    daemon: Start, tmp_path: Path, option: str
) -> None:
    """An endpoint has its interface: --host would change nothing."""
    here = "tcp:0:interface=127.0.0.1"
    path = tmp_path / "config"
    path.write_text(f"[server]\nlisten = {here}\nweb = {here}\n")
    if option == "--config":
        running = daemon(option, str(path))
        assert running.out.wait_for(r"the page is on \S+/ \(this machine only\)$")
    else:
        running = daemon(option, here)
    assert running.out.wait_for(r"listening on \S+:\d+ (\(.*)?\(this machine only\)$")


def test_ipv6(daemon: Start) -> None:
    """--host takes an IPv6 address too."""
    running = daemon("--host", "::1")
    assert running.addresses[0] == f"[::1]:{running.port}"
    with socket.create_connection(("::1", running.port), 10) as sock:
        sock.sendall(b"/quit\n")
        assert sock.recv(1000)


def test_several_listeners_are_one_room(daemon: Start, tmp_path: Path) -> None:
    """--listen, given again and again: everybody hears everybody."""
    path = tmp_path / "room"
    running = daemon(
        "--listen", "tcp:0:interface=127.0.0.1", "--listen", f"unix:{path}"
    )
    assert running.addresses[1] == f"unix:{path}"
    alice = LineClient(connect_tcp(running.port))
    alice.since_ping("/name alice")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(path))
        sock.sendall(b"/name bob\nhello\n")
        assert alice.until("bob: hello")
    alice.close()


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("nonsense:1", r"nonsense"),
        ("tcp:port", r"port"),
        ("tcp", r".+"),
        ("tcp:0:interface=192.0.2.1", r".+"),
        ("unix:{missing}/room", r"no such file"),
        ("ssl:0:privateKey={missing}", r"no such file"),
        ("systemd:domain=INET:name=room", r".+"),
    ],
)
def test_a_listener_that_can_not_be_opened(
    endpoint: str, reason: str, tmp_path: Path
) -> None:
    """One line on stderr that names it, a non-zero exit, never a deaf daemon."""
    endpoint = endpoint.format(missing=tmp_path / "missing")
    code, _, err = refused_start("--listen", endpoint)
    assert code > 0
    assert re.fullmatch(
        rf"broadcast: can't listen on {re.escape(endpoint)}: .*{reason}.*\n", err
    ), err


def test_a_port_in_use(daemon: Start) -> None:
    """Another daemon's port is told as such."""
    running = daemon()
    code, out, err = refused_start("--port", str(running.port))
    assert code > 0
    where = f"127.0.0.1:{running.port}"
    assert err.startswith(f"broadcast: can't listen on {where}: address already in use")
    assert err.endswith("; stop the program that has it, or name another port\n")
    assert "listening" not in out


def test_one_bad_listener_among_good_ones(daemon: Start) -> None:
    """Each bad one has its line; the good ones are not left open."""
    running = daemon()
    code, _, err = refused_start(
        *("--listen", "tcp:0:interface=127.0.0.1"),
        *("--listen", f"tcp:{running.port}:interface=127.0.0.1"),
        *("--listen", "nonsense:1"),
    )
    assert code > 0
    assert len(err.splitlines()) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use any port")
def test_a_port_that_needs_privilege() -> None:
    """Bad permission is a line like any other."""
    code, _, err = refused_start("--port", "1")
    assert code > 0
    assert "permission denied" in err


def test_restart_on_the_same_port_at_once(daemon: Start, connect: Connect) -> None:
    """With connections that the server closed, it can listen there again."""
    first = daemon()
    client = connect(first)
    client.since_ping()
    for _ in range(3):
        first.signal()
        client.rest()
        client.close()
        first.stop()
        again = daemon("--port", str(first.port))
        assert again.port == first.port
        client = connect(again)
        client.since_ping()
        first = again


def test_the_backlog(daemon: Start) -> None:
    """At least 1024 may wait to be accepted, or as many as the kernel allows."""
    running = daemon()
    shown = subprocess.run(
        ["ss", "-Hltn", f"sport = :{running.port}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    most = int(Path("/proc/sys/net/core/somaxconn").read_text())
    assert int(shown[2]) >= min(1024, most)


def test_what_people_say_is_never_logged(daemon: Start, connect: Connect) -> None:
    """Neither on the console nor in the file; joins and leaves are."""
    running = daemon()
    alice = connect(running)
    alice.since_ping("/name alice", "a secret", "/say t another secret", "/secret")
    alice.send_bytes(b"secret" * 10_000)
    alice.rest()
    log = running.out.wait_for(r"alice left from .* \(flood\), 0 here")
    assert log
    assert "secret" not in "\n".join(running.out.lines)


def test_joins_and_leaves_are_logged(daemon: Start, connect: Connect) -> None:
    """With name, address, reason, and how many are here now; one event, one line."""
    running = daemon()
    alice, bob = connect(running), connect(running)
    alice.since_ping("/name alice")
    bob.since_ping("/name bob")
    alice.since_ping("/name eve")
    alice.send("/quit")
    alice.rest()
    bob.reset()
    running.out.wait_for("bob left")
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[INFO\] "
    wanted = [
        r"alice joined from 127\.0\.0\.1:\d+, 1 here",
        r"bob joined from 127\.0\.0\.1:\d+, 2 here",
        r"alice is now eve",
        r"eve left from 127\.0\.0\.1:\d+ \(quit\), 1 here",
        r"bob left from 127\.0\.0\.1:\d+ \(lost\), 0 here",
    ]
    for line, pattern in zip(running.out.lines[1:], wanted, strict=True):
        assert re.fullmatch(stamp + pattern, line), line


def test_braces_in_names_are_no_format(daemon: Start, connect: Connect) -> None:
    """Remote text is data: names that look like formats are logged as they are."""
    running = daemon()
    connect(running).since_ping("CONNECT {name} %s")
    connect(running).send("GET /{x}%s HTTP/1.1")
    running.out.wait_for("an HTTP request from .*: turned away")
    running.out.wait_for("name---s joined")


@pytest.mark.parametrize("which", ["json", "text"])
def test_it_works_beside_twists_log_format(which: str) -> None:
    """--log-format json is JSON; text is our lines."""
    with Daemon(twist=["--log-format", which]) as running:
        first = running.out.lines[0]
    assert first.lstrip("\x1e").startswith("{" if which == "json" else "2")


def test_a_log_file_beside_the_console(daemon: Start, tmp_path: Path) -> None:
    """--log-file gets the same lines, in UTF-8; the second start appends."""
    path = tmp_path / "broadcast.log"
    for times in (1, 2):
        running = daemon("--log-file", str(path))
        client = LineClient(connect_tcp(running.port))
        client.since_ping("/name Zoë")
        client.send("/quit")
        client.rest()
        client.close()
        running.stop()
        lines = path.read_text("utf-8").splitlines()
        assert sum("Zoë joined from" in line for line in lines) == times
        assert lines[-len(running.out.lines) :] == running.out.lines
        assert sum("listening on" in line for line in lines) == times


def test_the_log_file_is_rotated(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """By size, and so many old ones are kept."""
    path = tmp_path / "broadcast.log"
    running = daemon(
        *("--log-file", str(path), "--log-file-size", "4K", "--log-file-count", "2")
    )
    client = connect(running)
    client.send(*(f"/name a-rather-long-name-{number}" for number in range(200)))
    client.since_ping()
    running.stop()
    files = sorted(file.name for file in tmp_path.iterdir())
    assert files == ["broadcast.log", "broadcast.log.1", "broadcast.log.2"]
    assert all(file.stat().st_size < 5000 for file in tmp_path.iterdir())


def test_a_full_disk_is_survived(daemon: Start, connect: Connect) -> None:
    """What can't be logged is told once on the console; people notice nothing."""
    running = daemon("--log-file", "/dev/full")
    alice, bob = connect(running), connect(running)
    alice.since_ping("/name alice")
    bob.since_ping("/name bob")
    alice.until("bob joined")
    alice.send("still here")
    assert bob.line() == "alice: still here"
    told = [line for line in running.out.lines if "can't be written" in line]
    assert len(told) == 1
    alice.close()
    bob.close()
    running.signal()
    assert running.wait() == -signal.SIGTERM
    assert running.err.lines == []


def test_no_room_for_a_new_log_file_is_survived(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """A file system that is out of files: nothing is lost; later it is rotated."""
    mount = ["mount", "-t", "tmpfs", "-o", "nr_inodes=3,size=1m", "tmpfs"]
    if subprocess.run([*mount, tmp_path], capture_output=True, check=False).returncode:
        pytest.skip("a file system of one's own needs root")
    try:
        other, path = tmp_path / "other", tmp_path / "room.log"
        other.touch()
        running = Daemon(f"--log-file={path}", "--log-file-size=4K")
        with running:
            client = connect(running)
            names = [f"a-rather-long-name-{number}" for number in range(110)]
            client.since_ping(*(f"/name {name}" for name in names[:100]))
            running.out.wait_for("the log file can't be rotated: no space left on")
            other.unlink()
            client.since_ping(*(f"/name {name}" for name in names[100:]))
            running.out.wait_for("the log file is rotated again")
            running.signal()
            running.wait()
        assert running.err.lines == []
        assert sum("can't be" in line for line in running.out.lines) == 1
        logged = (tmp_path / "room.log.1").read_text() + path.read_text()
        assert set(running.out.lines) <= set(logged.splitlines())
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_log_file_that_can_not_be_opened(tmp_path: Path) -> None:
    """One line that names the option."""
    path = tmp_path / "missing" / "log"
    code, _, err = refused_start("--log-file", str(path), "--port", "0")
    assert code > 0
    hint = "name a file that can be written"
    assert err == f"broadcast: --log-file: {path}: no such file or directory; {hint}\n"


def test_a_ban_file_that_can_not_be_written(tmp_path: Path) -> None:
    """Its folder is looked for at the start, not at the first ban."""
    path = tmp_path / "missing" / "bans"
    code, _, err = refused_start("--ban-file", str(path), "--port", "0")
    assert code > 0
    hint = "make its folder first"
    assert err == f"broadcast: --ban-file: {path}: no such file or directory; {hint}\n"
