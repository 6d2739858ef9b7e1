"""A message on its way: sent, and sent again as it is, until it is heard."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from twisted.logger import Logger

from broadcast.store.entries import Batch, Entry
from broadcast.store.feed import MARK
from broadcast.store.nats import ApiError, Link, LinkError
from broadcast.store.replica import Mark

AGAIN: Final = 1.0
"""Seconds after which a message that was not heard is sent again."""

_EXPECTED: Final = "Nats-Expected-Last-Sequence"


@dataclass
class Flight:
    """A message on its way.

    Attributes:
        mark: its mark.
        entries: its entries.
        data: its bytes.
        done: takes its batch; None: nobody waits for it.
        after: the message that it has to come after at once; None: any.
        began: when it was sent.
        sent: when it was sent last.
    """

    mark: Mark
    entries: list[Entry]
    data: bytes
    done: Callable[[Batch], None] | None = None
    after: int | None = None
    began: float = field(default_factory=monotonic)
    sent: float = field(default_factory=monotonic)

    @property
    def age(self) -> float:
        """Seconds for which it is on its way."""
        return monotonic() - self.began


class Sender:
    """Sends messages.

    Args:
        link: the connection.
        subject: where to.

    Attributes:
        again: how many were sent again.
    """

    def __init__(self, link: Link, subject: str) -> None:
        self.again = 0
        self._link = link
        self._subject = subject
        self._tasks: set[asyncio.Task[None]] = set()
        self._logger = Logger(namespace="broadcast")

    def send(self, flight: Flight) -> None:
        """Send a message for the first time."""
        if flight.after is None:
            self._begin(self._publish(flight))
        else:
            self._begin(self._put(flight))

    def look_after(self, flight: Flight) -> None:
        """Send a message again, if it is time, and hear what JetStream says of it."""
        now = monotonic()
        if now - flight.sent >= AGAIN and self._link.is_connected:
            flight.sent = now
            self.again += 1
            self._begin(self._put(flight))

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _headers(self, flight: Flight) -> dict[str, str]:
        headers = {MARK: str(flight.mark)}
        if flight.after is not None:
            headers[_EXPECTED] = str(flight.after)
        return headers

    async def _publish(self, flight: Flight) -> None:
        with suppress(LinkError):  # it is sent again
            await self._link.publish(self._subject, flight.data, self._headers(flight))

    async def _put(self, flight: Flight) -> None:
        try:
            await self._link.put(
                self._subject, flight.data, self._headers(flight), AGAIN
            )
        except ApiError as error:
            if flight.after is None:
                self._logger.warn(
                    "JetStream does not take what is said: {reason}",
                    event="nats-refused",
                    reason=str(error),
                )
        except LinkError:
            pass  # it is sent again
