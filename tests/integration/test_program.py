"""``python -m broadcast``: the same daemon, and signals from its first moment on."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.daemon import DEADLINE, Output, eventually, twist_command
from tests.support.signals import restore

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="there is no /proc"
)

PROGRAM = [sys.executable, "-m", "broadcast", "--port", "0"]
TWIST = [*twist_command(), "broadcast", "--port", "0"]


def await_handler(number: int, pid: int) -> None:
    """Wait until a process catches a signal."""
    status = Path(f"/proc/{pid}/status")

    def is_caught() -> bool:
        caught = status.read_text().partition("SigCgt:")[2].split()[0]
        return bool(int(caught, 16) >> (number - 1) & 1)

    eventually(is_caught, f"a handler of signal {number}")


class Process:
    """A daemon that is looked at from outside, from its very start."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=restore,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out, self.err = Output(self.process.stdout), Output(self.process.stderr)

    def await_handler(self, number: int, pid: int | None = None) -> None:
        """Wait until a signal is caught."""
        await_handler(number, pid or self.process.pid)

    def wait(self) -> int:
        """Return the exit code, once it has ended."""
        code = self.process.wait(DEADLINE)
        self.out.finish()
        self.err.finish()
        return code


@contextmanager
def started(*command: str) -> Iterator[Process]:
    """Start a process that is ended, come what may."""
    running = Process(*command)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.wait()


def test_it_is_the_same_daemon() -> None:
    """It takes the options of twist's, prints the same lines, and stops so."""
    with started(*PROGRAM, "--welcome", "hi", "--reactor", "select") as running:
        running.out.wait_for("listening on 127.0.0.1")
        running.process.terminate()
        assert running.wait() == -signal.SIGTERM
        assert running.err.lines == []
        assert running.out.lines[-1].endswith("[INFO] stopped")


def test_the_log_in_json() -> None:
    """``--log-format json`` prints Twisted's events."""
    with started(*PROGRAM, "--log-format", "json") as running:
        running.out.wait_for("listening on")
        running.process.terminate()
        assert running.wait() == -signal.SIGTERM
        lines = (line.lstrip("\x1e") for line in running.out.lines)
        events = [json.loads(line) for line in lines if line]
        assert any("listening on" in event["log_format"] for event in events)


@pytest.mark.parametrize(
    "options", [["--port", "x"], ["--reactor", "none"], ["--log-format", "xml"]]
)
def test_a_wrong_option_is_one_line(options: list[str]) -> None:
    """It is told on stderr, and the exit is not 0."""
    with started(*PROGRAM, *options) as running:
        assert running.wait() == 1
        assert running.out.lines == []
        (line,) = running.err.lines
        assert line.startswith(f"broadcast: {options[0]}: ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_start(number: int) -> None:
    """It ends the process at once, by that signal, before anything is opened."""
    with started(*PROGRAM) as running:
        running.await_handler(signal.SIGTERM)  # Python has one for SIGINT at once
        running.process.send_signal(number)
        assert running.wait() == -number
        assert (running.out.lines, running.err.lines) == ([], [])


def test_a_hangup_during_the_start() -> None:
    """Without a terminal it kills nothing, and the files are read once it runs."""
    with started(*PROGRAM) as running:
        running.await_handler(signal.SIGHUP)
        running.process.send_signal(signal.SIGHUP)
        running.out.wait_for("settings read again: nothing changed")
        running.process.send_signal(signal.SIGHUP)
        running.out.wait_for("settings read again: nothing changed", 2)
        running.process.terminate()
        assert running.wait() == -signal.SIGTERM


@pytest.mark.parametrize("command", [PROGRAM, TWIST], ids=["program", "twist"])
def test_two_signals_at_once(command: list[str]) -> None:
    """The daemon stops as at one, and prints no traceback."""
    for _ in range(3):
        with started(*command) as running:
            running.out.wait_for("listening on")
            running.await_handler(signal.SIGTERM)
            running.process.terminate()
            running.process.terminate()
            assert running.wait() == -signal.SIGTERM
            assert running.err.lines == []
            assert not any("Traceback" in line for line in running.out.lines)


@pytest.fixture
def namespace() -> list[str]:
    """What starts a command as the first process of a namespace."""
    command = ["unshare", "--pid", "--fork", "--kill-child"]
    if (
        not shutil.which("unshare")
        or subprocess.run(
            [*command, "true"], capture_output=True, check=False, timeout=DEADLINE
        ).returncode
    ):
        pytest.skip("no namespace of processes can be made here")
    return command


def _child_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    eventually(lambda: bool(children.read_text().split()), "a child")
    return int(children.read_text().split()[0])


@pytest.mark.parametrize("is_early", [True, False], ids=["early", "late"])
def test_the_first_process_of_a_container(namespace: list[str], is_early: bool) -> None:
    """SIGTERM stops it too, which the kernel gives to handlers only, and it is 143."""
    with started(*namespace, *PROGRAM) as running:
        pid = _child_of(running.process.pid)
        running.await_handler(signal.SIGTERM, pid)
        if not is_early:
            running.out.wait_for("listening on")
        os.kill(pid, signal.SIGTERM)
        assert running.wait() == 128 + signal.SIGTERM
        assert running.err.lines == []
        assert bool(running.out.lines) is not is_early


@pytest.mark.parametrize("command", [PROGRAM, TWIST], ids=["program", "twist"])
def test_a_terminal_that_is_gone(command: list[str], tmp_path: Path) -> None:
    """Closing the terminal stops the daemon cleanly: its socket is gone too."""
    log, path = tmp_path / "log", tmp_path / "room"
    pid, terminal = pty.fork()
    if pid == 0:
        restore()
        where = ["--listen", f"unix:{path}", "--log-file", str(log)]
        os.execv(command[0], [*command[:-2], *where])
    try:
        # There, not in the file: a line on its way to the terminal would be missing.
        seen = b""
        while b"listening on" not in seen or not seen.endswith(b"\n"):
            seen += os.read(terminal, 4096)
    finally:
        os.close(terminal)
    eventually(lambda: os.waitpid(pid, os.WNOHANG) == (pid, 0), "the end")
    assert log.read_text().splitlines()[-1].endswith("[INFO] stopped")
    assert not path.exists()


def test_nohup_on_a_terminal(tmp_path: Path) -> None:
    """Whoever asks for it stays when the terminal is gone."""
    log = tmp_path / "log"
    pid, terminal = pty.fork()
    if pid == 0:
        restore()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.execv(PROGRAM[0], [*PROGRAM, "--log-file", str(log)])
    eventually(lambda: log.exists() and "listening on" in log.read_text())
    os.close(terminal)
    eventually(lambda: "settings read again" in log.read_text(), "the reading")
    os.kill(pid, signal.SIGTERM)
    eventually(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, "the end")
    assert log.read_text().splitlines()[-1].endswith("[INFO] stopped")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("option", ["--help", "--version"])
@pytest.mark.parametrize("command", [PROGRAM, TWIST], ids=["program", "twist"])
def test_help_that_can_not_be_written(command: list[str], option: str) -> None:
    """A full disk is one line; a reader that has gone is none at all."""
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [*command, option],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=DEADLINE,
        )
    assert (ended.returncode, ended.stderr) == (
        1,
        "broadcast: can't write to standard output: no space left on device; send it"
        " elsewhere\n",
    )
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [*command, option],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=DEADLINE,
    )
    os.close(write)
    assert (ended.returncode, ended.stderr) == (1, "")


@pytest.mark.parametrize("command", [PROGRAM, TWIST], ids=["program", "twist"])
@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_standard_streams_that_are_closed(
    command: list[str], closed: tuple[int, ...], tmp_path: Path
) -> None:
    """It serves, logs no fault, and gives no socket a stream's descriptor."""
    log = tmp_path / "log"
    how = "".join(f" {descriptor}>&-" for descriptor in closed)
    shell = ["sh", "-c", f'exec "$@"{how}', "sh", *command, "--log-file", str(log)]
    process = subprocess.Popen(shell, preexec_fn=restore)
    try:
        eventually(
            lambda: log.exists() and "listening on" in log.read_text(), "a listener"
        )
        if command is PROGRAM:
            for descriptor in closed:
                where = f"/proc/{process.pid}/fd/{descriptor}"
                assert os.readlink(where) == os.devnull
        await_handler(signal.SIGTERM, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(DEADLINE)
    assert code == -signal.SIGTERM
    assert "Traceback" not in (told := log.read_text())
    assert told.rstrip().endswith("stopped")
