"""The stage of a scene: terminals with a shell, and free ports for the usual ones."""

import os
import re
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final

from tests.support.client.terminal import Terminal

PORTS: Final = (8000, 8080)
"""The ports that the pages show. A scene runs on others, which are free."""

COLUMNS, ROWS = 120, 60

_TOOLS: Final = ("bash", "nc.openbsd", "curl", "jq")

_READY: Final = ("$", "^C$")
"""The row of the cursor when the shell waits for a command."""

_MASKS: Final = (
    (re.compile(r"\d{4}-\d\d-\d\d"), "DATE"),
    (re.compile(r"\d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"(127\.0\.0\.1:)\d{5}\b"), r"\1PORT"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "EPOCH"),
    (re.compile(r"(reconnecting in )[\d.]+ s"), r"\1N s"),
)


def masked(text: str) -> str:
    """Return a recording without what differs each time: times, ports and epochs."""
    for pattern, stand_in in _MASKS:
        text = pattern.sub(stand_in, text)
    return text


def missing_tools() -> list[str]:
    """Return the names of the programs that the scenes need and that are not here."""
    return [
        tool for tool in ("bash", "nc.openbsd", "curl", "jq") if not shutil.which(tool)
    ]


class Shell:
    """A shell at a terminal of its own.

    Args:
        stage: the stage, which knows the ports and the folder.
        columns: the width of the terminal.
    """

    def __init__(self, stage: "Stage", columns: int = COLUMNS) -> None:
        self._stage = stage
        self.terminal = Terminal(
            home=str(stage.home),
            columns=columns,
            rows=ROWS,
            environ=stage.environ,
            command=("bash", "--noprofile", "--norc"),
            echo=True,
            folder=str(stage.folder),
        )
        self._typed_at = -1
        self.ends()

    def type(self, text: str) -> None:
        """Type a line, and Enter."""
        self._typed_at = self._row
        self.terminal.type(self._stage.with_free_ports(text) + "\r")

    def press(self, key: str) -> None:
        """Press a key with Ctrl, such as ``c``."""
        self.terminal.type(chr(ord(key) & 0x1F))

    def see(self, text: str) -> None:
        """Wait until this has been shown below the line that was typed last."""
        wanted = self._stage.with_free_ports(text)
        self.terminal.wait(lambda: any(wanted in row for row in self._answer))

    @property
    def _answer(self) -> list[str]:
        return self.terminal.everything[self._typed_at + 1 :]

    def ends(self) -> None:
        """Wait until the shell asks for the next command."""
        self.terminal.wait(
            lambda: self.terminal.prompt in _READY and self._row > self._typed_at
        )

    @property
    def _row(self) -> int:
        """The row of the cursor, counted from the first one ever shown."""
        screen = self.terminal.screen
        return len(screen.history.top) + int(screen.cursor.y)

    def run(self, command: str) -> None:
        """Run a command, and wait for its end."""
        self.type(command)
        self.ends()

    @property
    def text(self) -> str:
        """All that the terminal has shown, with the usual ports."""
        shown = "\n".join(self.terminal.everything).removesuffix("$").rstrip()
        return self._stage.with_usual_ports(shown) + "\n"


class Stage:
    """The place of one scene.

    Attributes:
        folder: the folder in which the shells are.
        environ: the variables of the shells.
    """

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="stage-")
        root = Path(self._temporary.name)
        self.home, self.folder, programs = root / "home", root / "room", root / "bin"
        for folder in (self.home, self.folder, programs):
            folder.mkdir()
        (programs / "nc").symlink_to(str(shutil.which("nc.openbsd")))
        self._ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        ours = Path(sys.executable).parent
        self.environ = {
            "PATH": f"{programs}:{ours}:{os.environ.get('PATH', os.defpath)}",
            "PS1": "$ ",
            "PROMPT_COMMAND": "",
            "INPUTRC": os.devnull,
            "BCAST_PORT": str(self._ports[8000]),
            "PYTHONWARNINGS": "",
        }
        self._shells: dict[str, Shell] = {}

    def shell(self, name: str, columns: int = COLUMNS) -> Shell:
        """Open a terminal; the pages know it by this name."""
        self._shells[name] = Shell(self, columns)
        return self._shells[name]

    def with_free_ports(self, text: str) -> str:
        """Return a text with the ports of this stage for those of the pages."""
        for usual, free in self._ports.items():
            text = re.sub(rf"\b{usual}\b", str(free), text)
        return text

    def with_usual_ports(self, text: str) -> str:
        """Return a text with the ports of the pages for those of this stage."""
        for usual, free in self._ports.items():
            text = re.sub(rf"\b{free}\b", str(usual), text)
        return text

    @property
    def recordings(self) -> dict[str, str]:
        """The name of each terminal, and all that it has shown."""
        return {name: shell.text for name, shell in self._shells.items()}

    def __enter__(self) -> "Stage":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for shell in self._shells.values():
            shell.terminal.child.close(force=True)
        self._temporary.cleanup()


def free_ports(count: int) -> list[int]:
    """Return numbers of ports of this machine on which nothing listens."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports
