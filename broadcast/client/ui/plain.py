"""The terminal without a prompt: lines in, lines out, and nothing that moves a cursor.

For screen readers, for terminals that know no control sequences, and for those who
keep a chat in an editor's shell. The terminal itself edits and echoes the typed line.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable

from broadcast.client.io.stdio import Printer
from broadcast.client.ui.display import Status, Typed


class PlainScreen:
    """The ``Display`` of lines alone.

    Args:
        lines: the typed lines, as they come.
        printer: writes to the terminal.
        echo: switches the terminal's echo.
    """

    echoes = True

    def __init__(
        self,
        lines: AsyncIterator[list[str]],
        printer: Printer,
        echo: Callable[[bool], None],
    ) -> None:
        self.enter: Callable[[str], Typed] = lambda _: Typed.TAKEN
        self.touched: Callable[[], None] = lambda: None
        self.interrupted: Callable[[], bool] = lambda: True
        self.status: Callable[[], Status] = Status
        self._lines = lines
        self._printer = printer
        self._echo = echo
        self._is_hidden = False
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, started: Callable[[], None]) -> None:
        """See ``Display``."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(signal.SIGINT, self._interrupt)
        reading = asyncio.create_task(self._read())
        started()
        try:
            await self._end
        finally:
            reading.cancel()
            self._echo(True)
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(signal.SIGINT)
            await self._printer.flush()

    def leave(self) -> None:
        """See ``Display``."""
        if not self._end.done():
            self._end.set_result(None)

    def print(self, text: str) -> None:
        """See ``Display``."""
        self._printer.write(f"{text}\n")

    def refresh(self) -> None:
        """See ``Display``: only a question is shown, since it changes the typing."""
        status = self.status()
        if status.is_hidden != self._is_hidden:
            self._is_hidden = status.is_hidden
            self._echo(not status.is_hidden)
            if status.is_hidden:
                self.print(status.text.rstrip())

    def give_back(self, text: str) -> bool:
        """See ``Display``: there is no editor."""
        return False

    def clear(self) -> None:
        """See ``Display``: lines that were printed stay."""

    def ring(self) -> None:
        """See ``Display``."""
        self._printer.write("\a")

    def set_title(self, title: str) -> None:
        """See ``Display``: that would be a control sequence."""

    async def _read(self) -> None:
        """Hand on the typed lines; where they end, the person leaves."""
        with contextlib.suppress(OSError, ValueError):
            async for lines in self._lines:
                for line in lines:
                    self.touched()
                    if self.enter(line) is Typed.KEPT:
                        self.print("- not taken; type it again")
        self.enter("/quit")

    def _interrupt(self) -> None:
        if self.interrupted() and not self._end.done():
            self._end.set_exception(KeyboardInterrupt())


def switch_echo(is_on: bool) -> None:
    """Let the terminal of stdin show what is typed, or hide it."""
    try:
        import termios
    except ImportError:  # Windows
        return
    with contextlib.suppress(termios.error, OSError):
        modes = termios.tcgetattr(sys.stdin)
        modes[3] = modes[3] | termios.ECHO if is_on else modes[3] & ~termios.ECHO
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, modes)
