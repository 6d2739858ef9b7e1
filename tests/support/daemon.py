"""The real daemon in a subprocess, on a port of its own choice."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from tests.support.engine import Disk

DEADLINE = 20.0
"""Seconds after which a test gives up waiting: never needed when all is well."""

_STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
LOG_LINE = re.compile(rf"{_STAMP} \[(?:INFO|WARNING|ERROR|CRITICAL)\] .*")
_WHERE = ("--port", "-p", "--listen", "--ask", "--speak-only", "--config", "-c")
_LISTENING = re.compile(r"listening on (\S+)")


def twist_command(module: str | None = None) -> list[str]:
    """Return what starts ``twist``, measured if this process is, or as ``module``."""
    measured = "COVERAGE_PROCESS_CONFIG" in os.environ
    usual = "tests.support.measured" if measured else "twisted"
    return [sys.executable, "-m", module or usual]


class Output:
    """The lines of a pipe, read by a thread, awaited with a deadline."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._is_over = False
        self._pipe = pipe
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._pipe:
            with self._changed:
                self.lines.append(line.decode().rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def wait_for(self, pattern: str, count: int = 1) -> list[re.Match[str]]:
        """Return the first ``count`` matches of ``pattern``, once they are there."""
        found: list[re.Match[str]] = []

        def is_enough() -> bool:
            matches = (re.search(pattern, line) for line in self.lines)
            found[:] = [match for match in matches if match]
            return len(found) >= count or self._is_over

        with self._changed:
            in_time = self._changed.wait_for(is_enough, DEADLINE)
        text = "\n".join(self.lines)
        assert in_time, f"no {pattern!r} within {DEADLINE} s in:\n{text}"
        assert len(found) >= count, f"no {pattern!r} in:\n{text}"
        return found[:count]

    def finish(self) -> None:
        """Wait for the end of the pipe."""
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive(), "the pipe has not ended"
        self._pipe.close()


class Daemon:
    """``twist broadcast --port 0 OPTIONS``, listening once this is made.

    Args:
        files: the file descriptors that it may have.
        under: a command, and its options, that runs the command behind it.
        module: what runs ``twist``, if something of ours does.

    Attributes:
        addresses: where it listens, in the order of its start lines.
        out, err: what it prints.
    """

    def __init__(
        self,
        *options: str,
        twist: Sequence[str] = (),
        env: dict[str, str] | None = None,
        files: int | None = None,
        module: str | None = None,
        under: Sequence[str] = (),
    ) -> None:
        chosen = any(option.startswith(_WHERE) for option in options)
        where = () if chosen else ("--port", "0")
        self._disk = Disk(options)
        self.process = subprocess.Popen(
            [
                *under,
                *_limited_to(files),
                *twist_command(module),
                *self._disk.twist,
                *twist,
                "broadcast",
                *where,
                *self._disk.options,
                *options,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | (env or {}),
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._is_over = False
        self.out = Output(self.process.stdout)
        self.err = Output(self.process.stderr)
        listeners = (
            sum(option.startswith(("--listen", "--ask")) for option in options) or 1
        )
        try:
            found = self.out.wait_for(_LISTENING.pattern, listeners)
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n" + "\n".join(self.err.lines)) from None
        self.addresses = [match[1] for match in found]

    @property
    def port(self) -> int:
        """The TCP port of the first listener that has one."""
        ports = [a.rpartition(":")[2] for a in self.addresses]
        return int(next(port for port in ports if port.isdigit()))

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process.pid

    @property
    def descriptors(self) -> int:
        """How many files and sockets it has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def is_running(self) -> bool:
        """Tell whether it runs still."""
        return self.process.poll() is None

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Return its exit code, once it has ended."""
        code = self.process.wait(DEADLINE)
        self._is_over = True
        self.out.finish()
        self.err.finish()
        self._disk.close()
        unsaid = [line for line in self.out.lines if "Unable to format" in line]
        assert not unsaid, unsaid
        return code

    def stop(self) -> None:
        """End it with SIGTERM; nothing may have gone wrong, from first to last.

        A test that has already waited for its end has looked for itself.
        """
        if self._is_over:
            return
        if self.process.poll() is None:
            self.signal()
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        assert code == -signal.SIGTERM, (code, self.out.lines, self.err.lines)
        self.assert_no_trouble()

    def assert_no_trouble(self) -> None:
        """Check that nothing was said on stderr, and no error was logged."""
        assert self.err.lines == []
        troubles = [
            line for line in self.out.lines if re.search(r"\[(ERROR|CRITICAL)\]", line)
        ]
        assert troubles == []

    def kill(self) -> None:
        """End it at once, if it has not ended."""
        self._is_over = True
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE)
        self.out.finish()
        self.err.finish()
        self._disk.close()

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.stop()
        else:
            self.kill()


def _limited_to(files: int | None) -> tuple[str, ...]:
    """Return what runs a command with so many file descriptors."""
    return () if files is None else ("prlimit", f"--nofile={files}:{files}")


def refused_start(
    *options: str,
    twist: Sequence[str] = (),
    env: dict[str, str] | None = None,
    files: int | None = None,
) -> tuple[int, str, str]:
    """Start a daemon that must not start; return exit code, stdout and stderr."""
    done = subprocess.run(
        [*_limited_to(files), *twist_command(), *twist, "broadcast", *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=DEADLINE,
        check=False,
        env=os.environ | (env or {}),
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def eventually(is_so: Callable[[], bool], what: str = "it") -> None:
    """Wait until ``is_so``, where there is no event to be awaited."""
    end = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < end, f"{what} has not happened in {DEADLINE} s"
        time.sleep(0.01)
