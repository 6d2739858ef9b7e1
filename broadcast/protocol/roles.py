"""What a listener lets its members do: talk, only hear, or only speak."""

from dataclasses import dataclass

from broadcast.protocol import names


class DoorError(ValueError):
    """A door can't be made of that; says why."""


@dataclass(frozen=True, slots=True)
class Door:
    """What those who come in here may do.

    Attributes:
        speaks: they may say something.
        hears: they are told what is said, and may give commands.
        name: what they are called; "" is for them to choose.
    """

    speaks: bool = True
    hears: bool = True
    name: str = ""

    @property
    def note(self) -> str:
        """What the start line says of it, with a space before."""
        if not self.hears:
            return f" (a feed{self.name and ' called '}{self.name}: it only speaks)"
        return "" if self.speaks else " (to listen only)"


OPEN = Door()
LISTEN_ONLY = Door(speaks=False)


def speak_only(text: str) -> tuple[Door, str]:
    """Return the door and the endpoint that ``[NAME=]ENDPOINT`` asks for.

    Raises:
        DoorError: NAME is no name that one can have.
    """
    name, equals, endpoint = text.partition("=")
    if not equals or ":" in name:
        return Door(hears=False), text
    clean = names.clean(name)
    if clean is None or names.fold(clean) in names.RESERVED:
        raise DoorError(f"{name!r} is no name that one can have")
    return Door(hears=False, name=clean), endpoint
