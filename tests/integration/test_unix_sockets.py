"""Unix sockets: one daemon has each, and what a crash leaves is in nobody's way."""

import os
import signal
import socket
import stat
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.daemon import DEADLINE, Daemon, refused_start, twist_command

Start = Callable[..., Daemon]

# Its own process ids, as in a container: each daemon there is number 1.
CONTAINER = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")

TAKEN = "somebody is listening there; stop that program, or name another path"

needs_containers = pytest.mark.skipif(
    subprocess.run([*CONTAINER, "true"], capture_output=True, check=False).returncode
    != 0,
    reason="no process ids of one's own: unshare --pid needs root",
)


def _options(which: str, path: Path) -> tuple[str, ...]:
    if which == "--admin":
        return ("--port", "0", "--admin", f"unix:{path}")
    return (which, f"unix:{path}")


def _visit(path: Path) -> None:
    """Come, be greeted, and go: from then on the daemon ends when it is told to."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(DEADLINE)
        sock.connect(str(path))
        sock.sendall(b"/quit\n")
        while sock.recv(1000):
            pass


either = pytest.mark.parametrize("which", ["--listen", "--admin"])


@needs_containers
@either
def test_a_crash_in_a_container_is_no_obstacle(which: str, tmp_path: Path) -> None:
    """The next daemon there has the same process id, and takes the socket over."""
    path = tmp_path / "socket"
    for _ in range(2):
        running = Daemon(*_options(which, path), under=CONTAINER)
        running.out.wait_for(f"listening on unix:{path}")
        running.kill()
        assert path.is_socket()


@either
def test_a_socket_in_use_is_left_alone(
    daemon: Start, which: str, tmp_path: Path
) -> None:
    """Another daemon is told in one line; the first one is there still."""
    path = tmp_path / "socket"
    first = daemon(*_options(which, path))
    first.out.wait_for(f"listening on unix:{path}")
    code, out, err = refused_start(*_options(which, path))
    assert code > 0
    assert err.count("\n") == 1
    assert err.endswith(f"{TAKEN}\n")
    assert f"listening on unix:{path}" not in out
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))


@pytest.mark.parametrize("waiting", [0, 1])
def test_another_programs_socket_is_left_alone(waiting: int, tmp_path: Path) -> None:
    """Even when so many wait there that nobody else can connect."""
    path = tmp_path / "socket"
    with ExitStack() as stack:
        theirs = stack.enter_context(socket.socket(socket.AF_UNIX))
        theirs.bind(str(path))
        theirs.listen(0)  # one may wait
        for _ in range(waiting):
            stack.enter_context(socket.socket(socket.AF_UNIX)).connect(str(path))
        code, _, err = refused_start("--listen", f"unix:{path}")
        assert code > 0
        assert err == f"broadcast: can't listen on unix:{path}: {TAKEN}\n"
        assert path.is_socket()


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_is_no_socket_is_never_removed(kind: str, tmp_path: Path) -> None:
    """A slip of the hand costs nobody a file."""
    path = tmp_path / "precious"
    if kind == "file":
        path.write_text("words")
    elif kind == "link":
        path.symlink_to("elsewhere")
    else:
        path.mkdir()
    before = path.lstat()
    code, _, err = refused_start("--listen", f"unix:{path}")
    assert code > 0
    assert err.endswith(
        "what is there is no socket; move it away, or name another path\n"
    )
    assert os.path.samestat(path.lstat(), before)
    assert list(tmp_path.iterdir()) == [path]


def test_of_several_that_start_at_once_one_has_it(tmp_path: Path) -> None:
    """Where a crash has left a socket; the others are told, and end."""
    path = tmp_path / "socket"
    crashed = Daemon("--listen", f"unix:{path}")
    crashed.kill()
    command = [*twist_command(), "broadcast", "--listen", f"unix:{path}"]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    words = []
    for process in started:
        assert process.stdout is not None
        words.append(process.stdout.readline().decode())
    assert sum(f"listening on unix:{path}" in line for line in words) == 1
    _visit(path)
    for process, line in zip(started, words, strict=True):
        if line:
            process.terminate()
        _, err = process.communicate(timeout=DEADLINE)
        assert process.returncode == (-signal.SIGTERM if line else 1)
        assert (TAKEN in err.decode()) is not bool(line)


def test_a_clean_end_leaves_nothing(daemon: Start, tmp_path: Path) -> None:
    """Neither the socket nor what is beside it."""
    path, admin = tmp_path / "socket", tmp_path / "admin"
    running = daemon("--listen", f"unix:{path}", "--admin", f"unix:{admin}")
    running.out.wait_for("for bcast-admin")
    assert path.is_socket()
    assert admin.is_socket()
    _visit(path)
    running.stop()
    assert list(tmp_path.iterdir()) == []


def test_anothers_socket_outlives_us(daemon: Start, tmp_path: Path) -> None:
    """What was put in the socket's place is not ours to remove, nor missed."""
    path, admin = tmp_path / "socket", tmp_path / "admin"
    running = daemon("--listen", f"unix:{path}", "--admin", f"unix:{admin}")
    running.out.wait_for("for bcast-admin")
    _visit(path)
    path.unlink()
    admin.unlink()
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(path))
        running.stop()
        assert list(tmp_path.iterdir()) == [path]


def test_the_options_of_an_endpoint(daemon: Start, tmp_path: Path) -> None:
    """mode= and backlog= are as they were; lockfile=0 replaces nothing."""
    path = tmp_path / "socket"
    first = daemon("--listen", f"unix:{path}:mode=620:backlog=7")
    assert stat.S_IMODE(path.stat().st_mode) == 0o620
    first.kill()
    code, _, err = refused_start("--listen", f"unix:{path}:lockfile=0")
    assert code > 0
    assert "address already in use; " in err
    path.unlink()
    daemon("--listen", f"unix:{path}:lockfile=0")
    assert path.is_socket()
