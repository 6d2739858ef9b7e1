"""What all events have in common: a kind, a person's form, a json object's fields."""

from dataclasses import dataclass, fields
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """One thing the server says."""

    kind: ClassVar[str]

    def text(self) -> str:
        """Return what a person reads, without the leading ``* ``; may be lines."""
        raise NotImplementedError

    def record(self) -> dict[str, object]:
        """Return the json object's fields, ``event`` left out."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in pairs if value is not None}
