"""What everybody is told: who came, who left, who is called what."""

from dataclasses import dataclass

from broadcast.protocol.events.event import Event


@dataclass(frozen=True, slots=True)
class Join(Event):
    """Somebody came; ``count`` are here now."""

    kind = "join"
    name: str
    count: int

    def text(self) -> str:
        """Return ``alice joined the chat``."""
        return f"{self.name} joined the chat"


@dataclass(frozen=True, slots=True)
class Leave(Event):
    """Somebody left, for ``reason`` (``quit``, ``lost``, a ``bye`` code)."""

    kind = "leave"
    name: str
    count: int
    reason: str

    def text(self) -> str:
        """Return ``alice left the chat``."""
        return f"{self.name} left the chat"


@dataclass(frozen=True, slots=True)
class Rename(Event):
    """Somebody is called ``to`` from now on."""

    kind = "rename"
    name: str
    count: int
    to: str

    def text(self) -> str:
        """Return ``alice is now bob``."""
        return f"{self.name} is now {self.to}"


@dataclass(frozen=True, slots=True)
class Presence(Event):
    """A burst of comings and goings, folded."""

    kind = "presence"
    joined: int
    left: int
    count: int

    def text(self) -> str:
        """Return ``153 joined, 20 left, 10234 here``."""
        return f"{self.joined} joined, {self.left} left, {self.count} here"
