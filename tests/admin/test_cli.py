"""The commands ``bcast-admin`` and ``bcast-passwd`` where there is no daemon."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broadcast import __version__
from broadcast.admin.cli import main
from broadcast.auth.passwd import main as passwd


def test_without_a_daemon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command says that it can't reach anybody, with the path as it was given."""
    path = tmp_path / "Admin"
    assert main(["-s", str(path), "who"]) == 1
    told = f"{path}: no such file or directory; name the daemon's --admin socket"
    assert capsys.readouterr().err == f"bcast-admin: {told}\n"


def test_the_longest_command_is_the_daemons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the daemon takes is sent to it, and what is refused here it would not."""
    path = str(tmp_path / "none")
    for size, told in (
        (8192, "no such file"),
        (8193, "one line of at most 8192 bytes"),
    ):
        assert main(["-s", path, "say " + "x" * (size - 4)]) == 1
        assert told in capsys.readouterr().err


def test_other_bytes_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python makes half characters of words that are not UTF-8."""
    assert main(["-s", str(tmp_path / "none"), "say", "\udcff"]) == 1
    told = "bcast-admin: the command is not UTF-8; give it as UTF-8\n"
    assert capsys.readouterr().err == told


def test_a_long_path_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told as the daemon tells it."""
    assert main(["-s", str(tmp_path / ("x" * 200)), "who"]) == 1
    told = "the path is too long for a unix socket; name the daemon's --admin socket\n"
    assert capsys.readouterr().err.endswith(f": {told}")


@contextmanager
def answering(path: str, line: bytes) -> Iterator[None]:
    """Listen as a program does that answers its one client with a line."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        def answer() -> None:
            joined, _ = listening.accept()
            with joined:
                joined.recv(8192)
                joined.sendall(line)

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        thread.join()


@pytest.mark.parametrize("line", [b"5\n", b"[]\n", b"null\n", b"hello\n", b"\xff\n"])
def test_another_program_is_one_line(
    line: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Json that is no object is none of the daemon's either."""
    path = str(tmp_path / "s")
    with answering(path, line):
        assert main(["-s", path, "who"]) == 1
    told = f"{path}: not a broadcast daemon; name its --admin socket"
    assert capsys.readouterr().err == f"bcast-admin: {told}\n"


def test_an_answer_that_can_not_be_printed_is_one_line(tmp_path: Path) -> None:
    """A full disk is told as such, and is the exit code."""
    path = str(tmp_path / "s")
    ours = [sys.executable, "-m", "broadcast.admin.cli", "-s", path, "stats"]
    answer = b'{"ok": true, "text": "fine"}\n'
    with answering(path, answer), open("/dev/full", "wb") as full:
        done = subprocess.run(ours, stdout=full, stderr=subprocess.PIPE)
    why = b"can't write to standard output: no space left on device"
    assert done.returncode == 1
    assert done.stderr == b"bcast-admin: %s; send it elsewhere\n" % why


@pytest.mark.parametrize(("main", "name"), [(main, "admin"), (passwd, "passwd")])
def test_version(
    main: Callable[[list[str]], int], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command tells its own name and the version."""
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"bcast-{name} {__version__}\n"


def test_the_command_needs_no_twisted() -> None:
    """It starts fast: only the standard library is imported."""
    code = "import sys, broadcast.admin.cli; sys.exit('twisted' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
