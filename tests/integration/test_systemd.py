"""What the daemon tells a service manager, and the listeners it takes from one."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.daemon import DEADLINE, Daemon, refused_start, twist_command
from tests.support.lineclient import LineClient, SocketWire, connect_tcp
from tests.support.manager import NotifySocket

Start = Callable[..., Daemon]

PING = 0.2
"""Seconds between two pings where the watchdog waits for twice that."""

WATCHDOG = {"WATCHDOG_USEC": str(int(2 * PING * 1e6))}


def falls_silent(manager: NotifySocket) -> bool:
    """Tell whether pings stop to come, once those under way have come."""
    try:
        for _ in range(10):
            manager.next(timeout=4 * PING)
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize("is_abstract", [False, True], ids=["path", "abstract"])
def test_the_life_of_a_daemon_is_told(daemon: Start, is_abstract: bool) -> None:
    """READY comes when all listeners are open, then RELOADING and READY, STOPPING."""
    with NotifySocket(is_abstract) as manager:
        where = "tcp:0:interface=127.0.0.1"
        duck = ("--lame-duck", "0.5")
        room = daemon(f"--listen={where}", f"--listen={where}", *duck, env=manager.env)
        assert manager.next() == {"READY": "1", "STATUS": "0 here"}
        for address in room.addresses:
            LineClient(connect_tcp(int(address.rpartition(":")[2]))).close()

        before = time.monotonic() * 1e6
        room.signal(signal.SIGHUP)
        reloading = manager.until(RELOADING="1")
        assert before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic() * 1e6
        assert manager.next()["READY"] == "1"

        room.signal()
        stopping = manager.until(STOPPING="1")
        assert stopping["STATUS"].startswith("stopping")
        # --lame-duck, --drain, and some
        assert int(stopping["EXTEND_TIMEOUT_USEC"]) >= 15.5e6
        assert room.wait() == -signal.SIGTERM
        room.assert_no_trouble()


def test_the_status_says_how_many_are_here(daemon: Start) -> None:
    """STATUS follows the number of members, with the watchdog's pings."""
    with NotifySocket() as manager:
        room = daemon(env=manager.env | WATCHDOG)
        client = LineClient(connect_tcp(room.port))
        manager.until(STATUS="1 here")
        client.close()
        manager.until(STATUS="0 here")


def test_the_watchdog_is_patted_by_the_reactor_alone(
    daemon: Start, connect: Callable[[Daemon], LineClient], tmp_path: Path
) -> None:
    """Pings come at half of the watchdog's time, and stop when the reactor hangs.

    It hangs here because a checker of Twisted's reads passwords from a pipe that
    nobody writes to.
    """
    passwords = tmp_path / "passwords"
    passwords.write_text("alice:secret\n")
    with NotifySocket() as manager:
        room = daemon(f"--auth=file:{passwords}", env=manager.env | WATCHDOG)
        manager.until(WATCHDOG="1")
        start = time.monotonic()
        for _ in range(5):
            manager.until(WATCHDOG="1")
        assert time.monotonic() - start < 5 * 2 * PING

        passwords.unlink()
        os.mkfifo(passwords)
        client = connect(room)
        client.send("/login alice secret")
        assert falls_silent(manager)

        passwords.write_text("alice:secret\n")  # somebody writes: it goes on
        client.until("You are alice")
        manager.until(WATCHDOG="1")


def test_a_watchdog_for_another_process_is_not_patted(daemon: Start) -> None:
    """WATCHDOG_PID names who is to ping; anybody else doesn't."""
    with NotifySocket() as manager:
        daemon(env=manager.env | WATCHDOG | {"WATCHDOG_PID": "1"})
        assert "READY" in manager.next()
        with pytest.raises(TimeoutError):
            manager.next(timeout=4 * PING)


def test_a_manager_that_is_gone_is_no_trouble(
    daemon: Start, connect: Callable[[Daemon], LineClient], tmp_path: Path
) -> None:
    """Who can't be told is a warning, and the daemon serves on."""
    room = daemon(env={"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    room.out.wait_for(r"\[WARNING\] the service manager can't be told: ")
    connect(room).until("You are")


@pytest.mark.parametrize(
    "environ",
    [{}, {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "room"}],
    ids=["no manager", "another process's"],
)
def test_a_missing_descriptor_is_one_line(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A systemd: listener that nobody has handed over: a line, a non-zero exit."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    code, _, err = refused_start("--listen", "systemd:domain=INET:name=room")
    assert code == 1
    assert err == (
        "broadcast: can't listen on systemd:domain=INET:name=room:"
        " the service manager has handed over no socket named 'room'; give"
        " it that FileDescriptorName=\n"
    )


@pytest.mark.skipif(
    shutil.which("systemd-socket-activate") is None,
    reason="no systemd-socket-activate on this machine",
)
def test_socket_activation(tmp_path: Path) -> None:
    """systemd-socket-activate starts the daemon at the first connection.

    That connection is greeted like any other; the socket is taken by its name.
    """
    path = tmp_path / "room"
    command = [
        *("systemd-socket-activate", "-l", str(path), "--fdname=room"),
        *(f"-E{name}" for name in os.environ),
        *twist_command(),
        *("broadcast", "--listen", "systemd:domain=UNIX:name=room"),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        end = time.monotonic() + DEADLINE
        while not path.exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(DEADLINE)
        sock.connect(str(path))
        client = LineClient(SocketWire(sock))
        assert client.line().startswith("* You are guest-1")
    finally:
        process.terminate()
        out, _ = process.communicate(timeout=DEADLINE)
    assert client.line() == "* The server has shut down"
    client.close()
    assert f"listening on unix:{path}" in out.decode()
