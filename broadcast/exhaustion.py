"""The end of the process when memory is exhausted: a line on stderr, and the exit.

An operation that got no memory is half done: a line may have reached only some members,
or a member may be counted and absent. Each event after it would fail too, with a
traceback. So the process exits at once, as if the kernel had killed it, and a service
manager restarts it.

Nothing of Twisted is imported here, so that this works from the first moment.
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
    """Write a line to stderr, and end the process."""
    try:
        os.write(2, LINE)
    finally:
        os._exit(CODE)


def catch_uncaught() -> None:
    """From now on, end the process where Python itself would print a traceback.

    Python does so at the end of a thread, and in a destructor.
    """
    sys.excepthook = _ending(sys.excepthook)
    for module, name in ((sys, "unraisablehook"), (threading, "excepthook")):
        setattr(module, name, _ending_with(getattr(module, name)))


def observe(event: dict[str, Any]) -> None:
    """End the process at a log event with a ``MemoryError``.

    The reactor and Deferreds catch exceptions and log them.
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
    """Tell whether a library could not be loaded for lack of memory."""
    reasons = ("Cannot allocate memory", "failed to map segment")
    return isinstance(error, ImportError) and any(r in str(error) for r in reasons)
