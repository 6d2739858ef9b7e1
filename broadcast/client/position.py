"""A place in the room's log, as `EPOCH:ID`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """After message `id` of the log called `epoch`."""

    epoch: str
    id: int

    def __str__(self) -> str:
        """As the protocol writes it."""
        return f"{self.epoch}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """The position in a text.

        Raises:
            ValueError: it has another form.
        """
        epoch, colon, number = text.strip().rpartition(":")
        plain = epoch.isascii() and epoch.isprintable() and " " not in epoch
        if not (colon and epoch and plain and number.isascii() and number.isdigit()):
            raise ValueError("a position is written EPOCH:ID")
        return cls(epoch, int(number))
