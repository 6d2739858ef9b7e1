"""What happens when no memory is left: one line on stderr, and the end.

An operation that got no memory is half done, and nobody knows which: a line that some
heard, a member that is counted and not here. Each event after it would fail too, with a
traceback. So the process ends at once, as it would if the kernel had killed it, and a
service manager starts it anew.

Nothing of Twisted is imported here: this counts from the first moment.
"""

import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, NoReturn

LINE = b"broadcast: out of memory\n"
CODE = 1
"""The exit code."""

_Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]


def end() -> NoReturn:
    """Say it on stderr, and end the process."""
    try:
        os.write(2, LINE)
    finally:
        os._exit(CODE)


def catch_uncaught() -> None:
    """End, from now on, where Python itself would print a traceback.

    That is at the end of the main thread or another one, and in a destructor.
    """
    sys.excepthook = _ending(sys.excepthook)
    for module, name in ((sys, "unraisablehook"), (threading, "excepthook")):
        setattr(module, name, _ending_with(getattr(module, name)))


def observe(event: dict[str, Any]) -> None:
    """End if a log event tells of a failure for want of memory.

    The reactor catches what its calls raise, and logs it: so do Deferreds.
    """
    failure = event.get("log_failure") or event.get("failure")  # new and old loggers
    if failure is not None and failure.check(MemoryError):
        end()


def _ending(usual: _Hook) -> _Hook:
    def hook(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if isinstance(error, MemoryError) or _is_unloaded(error):
            end()
        usual(kind, error, trace)

    return hook


def _ending_with(usual: Callable[[Any], object]) -> Callable[[Any], None]:
    def hook(told: Any) -> None:
        if issubclass(told.exc_type, MemoryError):
            end()
        usual(told)

    return hook


def _is_unloaded(error: BaseException) -> bool:
    """Tell whether a library could not be loaded for want of memory."""
    reasons = ("Cannot allocate memory", "failed to map segment")
    return isinstance(error, ImportError) and any(r in str(error) for r in reasons)
