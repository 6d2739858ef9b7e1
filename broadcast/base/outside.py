"""Numbers for the metrics that are counted outside the room."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outside:
    """Numbers that are counted elsewhere; each is asked for at a scrape.

    Attributes:
        expiry: when the certificate expires, in seconds since 1970; None if there is
            none.
        handshakes_refused: TLS connections closed for too many handshakes.
        console_lost: lines of the log that the console could not take.
        file_lost: lines of the log that ``--log-file`` could not take.
    """

    expiry: Callable[[], float] | None = None
    handshakes_refused: Callable[[], int] = int
    console_lost: Callable[[], int] = int
    file_lost: Callable[[], int] = int
