"""The end of asyncio's tasks."""

import asyncio
from typing import Any, Final

AGAIN: Final = 0.2
"""Seconds after which a task that goes on is cancelled again."""


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel ``tasks`` until they have ended; their errors count for nothing.

    Once may not do. Before Python 3.12 ``asyncio.wait_for`` forgets a cancellation that
    comes together with its result, and the task goes on.
    """
    is_cancelled = False
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        try:
            await asyncio.wait(left, timeout=AGAIN)
        except asyncio.CancelledError:
            is_cancelled = True  # they end first
    for task in tasks:
        if not task.cancelled():
            task.exception()
    if is_cancelled:
        raise asyncio.CancelledError
