"""TLS handshakes in flight: limits in all and per host, and a share of each turn.

A handshake costs the server a signature, 0.6 ms with an RSA key of 2048 bits, before
anything is known of the client; it costs the client a packet. So the handshakes of each
host wait in a queue of their own, the hosts take turns, and connections beyond the
limits are closed at once. TLS itself is not known here.
"""

from collections import Counter
from typing import Any, Protocol

from twisted.logger import Logger

from broadcast.base.hosts import host_of

MOST = 4096
"""Handshakes in flight, in all. Enough for clients that reconnect after a restart."""

MOST_OF_HOST = 256
"""Handshakes in flight per host (IPv6: per /64)."""

SHARE = 0.004
"""Seconds of a turn of the reactor for handshakes; at least one goes on."""

TELL_EVERY = 60.0
"""Seconds between two lines in the log about refused connections."""

REFUSED = "{count} TLS connections closed, the last from {address}: too many handshakes"


class IPending(Protocol):
    """A handshake that waits for its turn."""

    def go_on(self) -> None:
        """Process the bytes of the handshake received so far."""


class Handshakes:
    """The handshakes in flight of all TLS listeners.

    Args:
        clock: an ``IReactorTime``.
        most: handshakes in flight, in all.
        most_of_host: handshakes in flight per host.

    Attributes:
        clock: as given.
        refused: connections closed for exceeding a limit.
    """

    def __init__(
        self, clock: Any, most: int = MOST, most_of_host: int = MOST_OF_HOST
    ) -> None:
        self.clock = clock
        self.refused = 0
        self._most = most
        self._most_of_host = most_of_host
        self._in_flight: Counter[str] = Counter()
        self._count = 0
        self._waiting: dict[str, dict[IPending, None]] = {}
        self._is_expected = False
        self._unreported = 0
        self._is_timed = False
        self._last_host = ""
        self._logger = Logger(namespace="broadcast")

    def __len__(self) -> int:
        """Return the number of handshakes in flight."""
        return self._count

    def admits(self, host: str) -> bool:
        """Tell whether a handshake of ``host`` may begin; if not, count a refusal."""
        if self._count < self._most and self._in_flight[host] < self._most_of_host:
            return True
        self._refuse(host)
        return False

    def begin(self, host: str) -> None:
        """Count a handshake of ``host`` as in flight."""
        self._count += 1
        self._in_flight[host] += 1

    def end(self, host: str) -> None:
        """Count a handshake of ``host`` as in flight no longer."""
        self._count -= 1
        self._in_flight[host] -= 1
        if not self._in_flight[host]:
            del self._in_flight[host]

    def wait(self, host: str, handshake: IPending) -> None:
        """Queue ``handshake`` to go on in turn."""
        self._waiting.setdefault(host, {})[handshake] = None
        self._expect_turn()

    def leave(self, host: str, handshake: IPending) -> None:
        """Remove ``handshake`` from the queue: its connection is lost."""
        self._waiting.get(host, {}).pop(handshake, None)

    def _go_on(self) -> None:
        """Let handshakes go on, round-robin over the hosts, while there is time."""
        self._is_expected = False
        end = self.clock.seconds() + SHARE
        try:
            while self._waiting:
                host = next(iter(self._waiting))
                handshakes = self._waiting.pop(host)
                if not handshakes:
                    continue
                handshake = next(iter(handshakes))
                del handshakes[handshake]
                if handshakes:
                    self._waiting[host] = handshakes  # behind all others
                handshake.go_on()
                if self.clock.seconds() >= end:
                    break
        finally:
            if self._waiting:
                self._expect_turn()

    def _expect_turn(self) -> None:
        if not self._is_expected:
            self._is_expected = True
            self.clock.callLater(0, self._go_on)

    def _refuse(self, host: str) -> None:
        self.refused += 1
        self._unreported += 1
        self._last_host = host
        if not self._is_timed:
            self._tell()

    def _tell(self) -> None:
        """Log the number of refusals, now and once a minute while there are any."""
        self._is_timed = bool(self._unreported)
        if self._unreported:
            self._logger.warn(
                REFUSED,
                event="tls-connections-closed",
                count=self._unreported,
                address=self._last_host,
            )
            self._unreported = 0
            self.clock.callLater(TELL_EVERY, self._tell)


def host_at(address: Any) -> str:
    """Return the host, as it is counted, of an address that ``accept`` returned."""
    return host_of(f"{address[0]}:0") if isinstance(address, tuple) else host_of("")
