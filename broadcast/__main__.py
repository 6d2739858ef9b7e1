"""``python -m broadcast``: the daemon, with the options of ``twist broadcast``.

Signals are handled before Twisted is imported, which takes half a second. The kernel
delivers no signal without a handler to the first process of a container, so ``twist``
can't be stopped there until its reactor runs.
"""

import os
import signal
import sys
from types import FrameType

from broadcast import exhaustion
from broadcast.signals import has_terminal


class Startup:
    """The signal handlers until the reactor runs.

    SIGINT and SIGTERM end the process at once. Once it listens they are kept for the
    reactor, which stops cleanly. SIGHUP ends the process if it has a terminal.
    Otherwise it is kept, for a reload. An ignored signal stays ignored.

    Attributes:
        is_listening: there are listeners to be closed.
    """

    def __init__(self) -> None:
        self.is_listening = False
        self._kept: list[int] = []

    def catch(self) -> None:
        """Handle signals from now on."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._caught)

    def pass_on(self) -> None:
        """Send the kept signals again, now that the reactor handles them."""
        for number in self._kept:
            os.kill(os.getpid(), number)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        is_hangup = number == getattr(signal, "SIGHUP", None)
        if self.is_listening or (is_hangup and not has_terminal()):
            self._kept.append(number)
        else:
            end_by(number)


def end_by(number: int) -> None:
    """End the process by a signal; exit if it survives that, as process 1 does."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def open_streams() -> None:
    """Have each standard stream open, on the null device if it was closed.

    Otherwise the first file or socket would have its descriptor, and be sent what is
    meant for the stream.
    """
    streams = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
    for descriptor, (name, mode) in enumerate(streams):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest one that is free
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))


def main() -> None:
    """Run the command."""
    open_streams()
    startup = Startup()
    startup.catch()
    exhaustion.catch_uncaught()
    from broadcast.program import run

    number = run(sys.argv[1:], startup)
    if number is not None:
        sys.stdout.flush()
        end_by(number)


if __name__ == "__main__":
    main()
