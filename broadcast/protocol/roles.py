"""Roles: the rights of a listener's members, and whether it asks for a name."""

from dataclasses import dataclass

from broadcast.protocol import names


class RoleError(ValueError):
    """A role can't be made of that; says why."""


@dataclass(frozen=True, slots=True)
class Role:
    """The rights of a listener's members.

    Attributes:
        speaks: they may say something.
        hears: they are told what is said, and may give commands.
        name: the name of them all; "" is for them to choose.
        asks: they are asked for their name before they join.
    """

    speaks: bool = True
    hears: bool = True
    name: str = ""
    asks: bool = False

    @property
    def note(self) -> str:
        """The role in the start line, with a space before."""
        if not self.hears:
            return f" (a feed{self.name and ' called '}{self.name}: it only speaks)"
        if self.asks:
            return " (asks for a name)"
        return "" if self.speaks else " (to listen only)"


UNRESTRICTED = Role()
LISTEN_ONLY = Role(speaks=False)
ASKING = Role(asks=True)


def parse_speak_only(value: str) -> tuple[tuple[str, str], ...]:
    """Return name ("" for none) and endpoint of each ``[NAME=]ENDPOINT`` in ``value``.

    Raises:
        RoleError: NAME is not allowed as a name.
    """
    return tuple(_name_and_endpoint(word) for word in value.split())


def _name_and_endpoint(text: str) -> tuple[str, str]:
    name, equals, endpoint = text.partition("=")
    if not equals or ":" in name:
        return "", text
    if (why := names.why_not_ours(name)) is not None:
        raise RoleError(f"{name!r} is not allowed as a name: {why}; choose another")
    return names.clean(name) or "", endpoint
