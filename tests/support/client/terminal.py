"""A program on a pseudo-terminal, and what a person would see of it (pexpect, pyte)."""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import pexpect
import pyte

CLIENT = (sys.executable, "-m", "broadcast.client.cli.main")


class Terminal:
    """Runs `bcast-client ARGUMENTS`, or another command, at a terminal."""

    def __init__(
        self,
        *arguments: str,
        home: str,
        columns: int = 80,
        rows: int = 24,
        environ: Mapping[str, str] | None = None,
        command: Sequence[str] = CLIENT,
        echo: bool = False,
        folder: str | None = None,
    ) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=20_000, ratio=0.5)
        self._stream = pyte.ByteStream(self.screen)
        self.bytes = bytearray()
        self.is_drawn = True
        keep = {k: v for k, v in os.environ.items() if not k.startswith("BCAST")}
        keep.pop("NO_COLOR", None)
        keep |= {"HOME": home, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "USERNAME", "LOGNAME"):
            keep.pop(variable, None)
        self.child = pexpect.spawn(
            command[0],
            [*command[1:], *arguments],
            env=keep | {"USER": "tester"} | dict(environ or {}),
            dimensions=(rows, columns),
            timeout=None,
            echo=echo,
            cwd=folder,
        )
        self.child.delaybeforesend = None

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.child.isalive():
            self.child.kill(signal.SIGTERM)  # by which coverage, too, is told
            end = time.monotonic() + 5
            while self.read() and time.monotonic() < end:
                pass
        self.child.close(force=True)

    def type(self, text: str) -> None:
        self.child.send(text)

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def read(self, seconds: float = 0.05) -> bool:
        """Take what the program writes; false when it has ended."""
        try:
            data = self.child.read_nonblocking(65536, seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.bytes += data
        if self.is_drawn:
            self._stream.feed(data)
        return True

    def draw(self) -> None:
        """Draw all at once what was read while not `is_drawn`: pyte is slow."""
        self._stream.feed(bytes(self.bytes))

    @property
    def shown(self) -> list[str]:
        """The rows of the screen, the empty ones at the end left out."""
        rows = [row.rstrip() for row in self.screen.display]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def everything(self) -> list[str]:
        """The scrollback and the screen."""
        width = self.screen.columns
        above = [
            "".join(row[x].data for x in range(width)).rstrip()
            for row in self.screen.history.top
        ]
        return above + self.shown

    @property
    def prompt(self) -> str:
        """The row of the cursor."""
        return self.screen.display[self.screen.cursor.y].rstrip()

    def wait(self, ready: Callable[[], object], seconds: float = 15) -> None:
        """Read until `ready`, or fail with the screen in the message."""
        end = time.monotonic() + seconds
        while not ready():
            alive = self.read()
            if ready():
                return
            if not alive or time.monotonic() > end:
                state = "ended" if not alive else "late"
                raise AssertionError(f"{state}:\n" + "\n".join(self.shown))

    def wait_for(self, text: str, seconds: float = 15) -> None:
        """Until this text is somewhere on the screen."""
        self.wait(lambda: any(text in row for row in self.shown), seconds)

    def exit_code(self, seconds: float = 15) -> int:
        """Wait for its end."""
        end = time.monotonic() + seconds
        while self.read():
            assert time.monotonic() < end, "it does not end:\n" + "\n".join(self.shown)
        self.child.wait()
        status = self.child.exitstatus
        assert status is not None, f"killed by signal {self.child.signalstatus}"
        return int(status)
