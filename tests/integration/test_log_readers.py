"""Whoever reads the log may stand still: the daemon goes on, and stops when told to."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.daemon import DEADLINE, twist_command
from tests.support.lineclient import LineClient, connect_tcp

DRAIN = 1.0
IN_TIME = DRAIN + 4
"""Seconds in which it stops, on a machine that has other work."""

JOINS = 2000

LONG_NAME = "\N{CJK UNIFIED IDEOGRAPH-540D}" * 28
"""Makes lines of some 170 bytes, so that a few thousand are more than is kept."""

STOP, GO_ON = b"\x13", b"\x11"
"""Ctrl-S and Ctrl-Q."""


def _read_until(reader: int, pattern: bytes) -> re.Match[bytes]:
    os.set_blocking(reader, False)
    data = b""
    end = time.monotonic() + DEADLINE
    while (found := re.search(pattern, data)) is None:
        assert time.monotonic() < end, (pattern, data[-500:])
        with suppress(BlockingIOError):
            data += os.read(reader, 1 << 16)
        time.sleep(0.001)
    return found


class Unread:
    """A daemon whose standard output is ours to read, or not to.

    Args:
        output: its standard output.
        reader: where that is read.
        twist: options of ``twist`` itself.
    """

    def __init__(
        self, output: int, reader: int, twist: Sequence[str], *options: str
    ) -> None:
        self.reader = reader
        self.process = subprocess.Popen(
            [*twist_command(), *twist, "broadcast", "--port", "0", *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
        )
        try:
            start = self.read_until(rb"127\.0\.0\.1:(\d+)\D")
        except AssertionError:
            self.kill()
            raise
        self.port = int(start[1])

    def read_until(self, pattern: bytes) -> re.Match[bytes]:
        """Read until ``pattern`` has come."""
        return _read_until(self.reader, pattern)

    def stop(self) -> float:
        """Tell it to stop; return the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(DEADLINE) == -signal.SIGTERM
        return time.monotonic() - began

    def kill(self) -> None:
        """End it, if it has not ended."""
        self.process.kill()
        self.process.wait()


@contextmanager
def _running(
    output: int, reader: int, options: Sequence[str] = (), twist: Sequence[str] = ()
) -> Iterator[Unread]:
    drain = ("--drain", str(DRAIN))
    with ExitStack() as stack:
        stack.callback(os.close, reader)
        try:
            unread = Unread(output, reader, twist, *drain, *options)
        finally:
            os.close(output)
        stack.callback(unread.kill)
        yield unread


def _fill(port: int, joins: int = JOINS, name: str = "visitor") -> None:
    """Have members come and go: two lines each."""
    for number in range(joins):
        sock = connect_tcp(port).socket
        sock.sendall(f"/name {name}{number}\n/quit\n".encode())
        sock.close()


def _talk(port: int) -> None:
    """Check that members hear each other."""
    alice, bob = LineClient(connect_tcp(port)), LineClient(connect_tcp(port))
    with ExitStack() as stack:
        stack.callback(alice.close)
        stack.callback(bob.close)
        alice.since_ping("/name alice")
        bob.since_ping("/name bob")
        alice.send("still here")
        bob.until("^alice: still here$")


def test_a_pipe_that_nobody_reads() -> None:
    """People come, talk and go; it stops in time."""
    reader, writer = os.pipe()
    with _running(writer, reader) as unread:
        _fill(unread.port)
        _talk(unread.port)
        assert unread.stop() < IN_TIME


def test_a_pipe_that_is_read_again() -> None:
    """How many lines are missing is told between those before and those after."""
    reader, writer = os.pipe()
    with _running(writer, reader) as unread:
        _fill(unread.port, 4500, LONG_NAME)
        _talk(unread.port)
        told = unread.read_until(rb"(\d+) lines are missing here: the console could")
        assert 100 < int(told[1]) < 9000
        _talk(unread.port)
        unread.read_until(rb"alice left from")
        assert unread.stop() < IN_TIME
        unread.read_until(rb"\[INFO\] stopped\n")


def test_json_is_not_waited_for_either() -> None:
    """What Twist's own observers write goes the same way."""
    reader, writer = os.pipe()
    with _running(writer, reader, twist=["--log-format", "json"]) as unread:
        _fill(unread.port, 300)
        _talk(unread.port)
        assert unread.stop() < IN_TIME


def test_a_terminal_that_is_stopped() -> None:
    """Ctrl-S holds up nobody; after Ctrl-Q the lines are there."""
    reader, writer = os.openpty()
    with _running(writer, reader) as unread:
        os.write(reader, STOP)
        _fill(unread.port, 500)
        _talk(unread.port)
        os.write(reader, GO_ON)
        unread.read_until(rb"alice left from")
        os.write(reader, STOP)
        _fill(unread.port, 500)
        assert unread.stop() < IN_TIME


def test_a_fifo_as_the_log_file(tmp_path: Path) -> None:
    """Nobody has to read it, not at the start, not later; SIGHUP neither waits."""
    path = tmp_path / "log"
    os.mkfifo(path)
    reader, writer = os.pipe()
    with _running(writer, reader, ["--log-file", str(path)]) as unread:
        _fill(unread.port, 700)
        unread.process.send_signal(signal.SIGHUP)
        unread.read_until(rb"settings read again")
        _talk(unread.port)
        with path.open("rb") as late:
            _read_until(late.fileno(), rb"listening on(.|\n)*alice left from")
        assert unread.stop() < IN_TIME


def test_a_full_disk_under_the_console(tmp_path: Path) -> None:
    """People notice nothing; the log file has everything."""
    path = tmp_path / "log"
    path.touch()
    reader = os.open(path, os.O_RDONLY)
    full = os.open("/dev/full", os.O_WRONLY)
    with _running(full, reader, ["--log-file", str(path)]) as unread:
        _talk(unread.port)
        assert unread.stop() < IN_TIME
    assert "stopped" in path.read_text()


def test_a_reader_that_is_gone() -> None:
    """``twist broadcast | head -1`` is a daemon that goes on."""
    reader, writer = os.pipe()
    spare = os.dup(reader)
    with _running(writer, spare) as unread:
        os.close(reader)
        os.dup2(os.open(os.devnull, os.O_RDONLY), spare)
        _fill(unread.port, 100)
        _talk(unread.port)
        assert unread.stop() < IN_TIME


@pytest.mark.skipif(sys.platform != "linux", reason="counts /proc's threads")
def test_a_plain_file_is_written_without_a_thread(tmp_path: Path) -> None:
    """What never waits needs none."""
    path = tmp_path / "log"
    writer = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with _running(writer, os.open(path, os.O_RDONLY)) as unread:
        _talk(unread.port)
        assert len(os.listdir(f"/proc/{unread.process.pid}/task")) == 1
        assert unread.stop() < IN_TIME
