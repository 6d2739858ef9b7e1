"""A place in the room's log, as `EPOCH:ID`."""

from dataclasses import dataclass

MAX_DIGITS = 16  # ids stay below 2^53


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
        whole = number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS
        if not (colon and epoch and plain and whole):
            raise ValueError("a position is written EPOCH:ID, the ID in digits")
        return cls(epoch, int(number))
