"""``twist``, with what coverage has measured saved before it ends.

``twist`` dies of the signal that stopped it, and then nothing that was to be
done at exit is done. Without coverage the daemon is started as ``twist`` itself.
"""

from typing import Any

import coverage
from twisted.application.twist._twist import Twist


class MeasuredTwist(Twist):
    """Saves after the reactor has shut down."""

    @staticmethod
    def startService(reactor: Any, service: Any) -> None:
        """Start the service, and arrange for the saving."""
        Twist.startService(reactor, service)
        measured = coverage.Coverage.current()
        if measured is not None:
            reactor.addSystemEventTrigger("after", "shutdown", measured.save)


if __name__ == "__main__":
    MeasuredTwist.main()
