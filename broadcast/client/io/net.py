"""What `broadcast.client.link` needs of an event loop: four things.

`on_asyncio` and `on_twisted` provide them; tests bring a network in memory.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from broadcast.client.address import Address


class Wire(Protocol):
    """An open connection, as the side that writes sees it."""

    def write(self, data: bytes) -> None:
        """Send, in order, sooner or later. A closed wire takes it in silence."""

    def close(self) -> None:
        """Send what is written, then close."""

    def abort(self) -> None:
        """Close at once."""

    def pause(self) -> None:
        """Read nothing until `resume`."""

    def resume(self) -> None:
        """Read on."""


class Tap(Protocol):
    """The side that is told. `closed` comes exactly once, also when nothing opened."""

    def opened(self, wire: Wire) -> None:
        """The connection is there, TLS and all."""

    def received(self, data: bytes) -> None:
        """Bytes have come."""

    def closed(self, reason: str) -> None:
        """It is over, or never came to be; `reason` is for a person."""


class Waiter(Protocol):
    """An answer to await, once."""

    def answer(self, value: object) -> None:
        """Let the one who awaits go on. A second answer is ignored."""

    def fail(self, problem: Exception) -> None:
        """Raise this where it is awaited."""

    def result(self) -> Awaitable[object]:
        """What to await."""


class Net(Protocol):
    """An event loop."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """Call this once, later; call what comes back to cancel."""

    def open(self, address: Address, tap: Tap) -> Callable[[], None]:
        """Begin to connect; call what comes back to give up."""

    def waiter(self) -> Waiter:
        """A fresh thing to await."""
