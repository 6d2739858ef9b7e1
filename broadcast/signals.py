"""What signals do to the daemon, once its reactor runs.

SIGINT and SIGTERM stop it; another one cuts the wait short. SIGHUP is either of two
things: a service manager asks for the files to be read again, or the terminal that the
daemon was started on is gone, and so must be the daemon. What they do before the
reactor runs is in ``broadcast.__main__``; under ``twist`` it is the system's default.
Importing this imports nothing of Twisted.
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
    """Stops the reactor at a signal, or calls something in it.

    Args:
        reactor: stopped; it is told which signal it was, so that ``twist`` can end so.
        hurry: called at a signal that comes while it is stopping.
        reload: called at SIGHUP, if no terminal is gone.

    Attributes:
        is_stopping: the reactor stops, or has been told to.
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
        """Handle SIGHUP from now on, which else kills the process."""
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

        Those try to stop a reactor that stops already, and print a traceback: at the
        second of two signals that come at once, too. What is ignored stays so.
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
    """Tell whether we were started on a terminal, and not only from one.

    That is one that sends SIGHUP when it is gone, and that we read or write.
    """
    return any(_is_controlling(descriptor) for descriptor in STANDARD)


def _is_controlling(descriptor: int) -> bool:
    try:
        os.tcgetpgrp(descriptor)
    except (OSError, AttributeError):  # no terminal, or another's; Windows has no such
        return False
    return True
