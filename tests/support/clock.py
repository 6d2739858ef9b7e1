"""A clock moved by hand, a turn of the reactor at a time."""

from twisted.internet.task import Clock


class TurnClock(Clock):
    """A clock of which each ``advance`` is one turn of a reactor.

    What is scheduled in a turn happens in the next one, if it is due then.

    Attributes:
        tick: seconds that pass with each look at it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rightNow = 1_000_000_000.0
        self.tick = 0.0

    def seconds(self) -> float:
        """Return the time."""
        self.rightNow += self.tick
        return self.rightNow

    def advance(self, amount: float) -> None:
        """Let time pass, and what is due by now happen."""
        self.rightNow += amount
        now = self.rightNow
        for call in sorted(self.calls, key=lambda call: call.getTime()):
            if call.getTime() <= now and call.active():
                self.calls.remove(call)
                call.called = 1
                call.func(*call.args, **call.kw)

    def turn(self, amount: float, turns: int = 5) -> None:
        """Let time pass, and what follows from that happen in the next turns."""
        self.advance(amount)
        for _ in range(turns):
            self.advance(0)
