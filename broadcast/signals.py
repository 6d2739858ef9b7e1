"""The signal handlers of the daemon, once its reactor runs.

SIGINT and SIGTERM stop it; a second signal cuts the drain short. SIGHUP has two
meanings. From a service manager it is a request to reload. If the daemon was started on
a terminal, it means that the terminal is gone, and the daemon stops. The handlers
before the reactor runs are in ``broadcast.__main__``; under ``twist`` they are the
system's defaults. Importing this module imports nothing of Twisted.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

STANDARD = (0, 1, 2)
"""The file descriptors of standard input, output and error."""


class Signals:
    """Stops the reactor at a signal, or calls a function in it.

    Args:
        reactor: stopped with the signal's number, so that ``twist`` can end by it.
        hurry: called at a signal during the stop.
        reload: called at SIGHUP, if the daemon has no terminal.

    Attributes:
        is_stopping: the reactor is stopping, or has been told to.
    """

    def __init__(
        self,
        reactor: Any,
        hurry: Callable[[], object],
        reload: Callable[[], object],
    ) -> None:
        self._reactor = reactor
        self._hurry = hurry
        self._reload = reload
        self.is_stopping = False
        self._terminals: list[int] = []

    def catch_hangup(self) -> None:
        """Handle SIGHUP from now on; by default it kills the process."""
        number = getattr(signal, "SIGHUP", None)  # Windows has none
        if number is not None:
            self._terminals = [fd for fd in STANDARD if os.isatty(fd)]
            stays = signal.getsignal(number) is signal.SIG_IGN  # as nohup(1) has it
            act = self._reload if stays or not has_terminal() else self._leave
            signal.signal(
                number, lambda *_: self._reactor.callFromThread(self._hang_up, act)
            )

    def catch_stop(self) -> None:
        """Handle SIGINT and SIGTERM from now on, in place of the reactor's handlers.

        The reactor's handlers stop it a second time at a second signal, and print a
        traceback. An ignored signal stays ignored.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._caught)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self._reactor.callFromThread(self._stop, number)

    def _stop(self, number: int) -> None:
        if self.is_stopping:
            self._hurry()
            return
        self.is_stopping = True
        is_int = number == signal.SIGINT
        (self._reactor.sigInt if is_int else self._reactor.sigTerm)(number)

    def _hang_up(self, act: Callable[[], object]) -> None:
        """Write no more to a terminal that is gone, then act."""
        for descriptor in self._terminals:
            if not os.isatty(descriptor):
                nothing = os.open(os.devnull, os.O_RDWR)
                os.dup2(nothing, descriptor)
                os.close(nothing)
        act()

    def _leave(self) -> None:
        from twisted.internet.error import ReactorNotRunning

        self.is_stopping = True
        with suppress(ReactorNotRunning):
            self._reactor.stop()


def has_terminal() -> bool:
    """Tell whether a standard stream is the process's controlling terminal.

    Such a terminal sends SIGHUP when it is gone.
    """
    return any(_is_controlling(descriptor) for descriptor in STANDARD)


def _is_controlling(descriptor: int) -> bool:
    try:
        os.tcgetpgrp(descriptor)
    except (OSError, AttributeError):  # not the controlling terminal; or Windows
        return False
    return True
