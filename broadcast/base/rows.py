"""The row of an option: its description for the command line, the file and the manual.

A field of the settings has its row in its metadata. The options themselves are in
``settings``, the converters of their values in ``values``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Any, Final

from broadcast.base.values import flag

_ROW: Final = "option"


class Group(Enum):
    """The headings under which the options are listed, in order."""

    LISTENING = "Listening"
    ROOM = "The room"
    SHARED = "One room of several daemons"
    LIMITS = "Limits"
    TLS = "TLS"
    ACCESS = "Logins and moderation"
    WEB = "The page, WebSocket and metrics"
    LOG = "The log"
    PROGRAM = "The program"


class OnReload(Enum):
    """The effect of SIGHUP on an option; the value is the manual's wording."""

    KEEPS = "–"
    CHANGES = "changes"
    REREADS = "reads the file again"
    REOPENS = "opens the file anew"


@dataclass(frozen=True, slots=True)
class Option:
    """An option.

    Attributes:
        read: the converter of its value, from ``values``.
        help: a sentence or two: first the effect of the option.
        group: the heading under which it is listed.
        unit: the unit or kind of its value, in capitals; "" for a flag.
        default: the default, as text on the command line.
        default_is: description of a default that is computed; "" for a constant.
        short: its letter.
        is_repeated: it may be given more than once; in the file, its values are
            separated by spaces.
        on_reload: the effect of SIGHUP on it.
        is_secret: it names a file that no other account may read.
        name: its name on the command line, without the leading dashes.
    """

    read: Callable[[Any], Any]
    help: str
    group: Group
    unit: str = ""
    default: str = ""
    default_is: str = ""
    short: str | None = None
    is_repeated: bool = False
    on_reload: OnReload = OnReload.KEEPS
    is_secret: bool = False
    name: str = ""

    @property
    def field(self) -> str:
        """The name of the field in the settings."""
        return self.name.replace("-", "_")

    @property
    def is_flag(self) -> bool:
        """The option has no value on the command line, and yes or no in the file."""
        return self.read is flag

    @property
    def is_live(self) -> bool:
        """SIGHUP changes the value; any other option needs a restart."""
        return self.on_reload is OnReload.CHANGES

    @property
    def told_default(self) -> str:
        """The default as the manual prints it; "" if it prints none."""
        return self.default_is or ("" if self.is_flag else self.default)

    @property
    def description(self) -> str:
        """The text of ``--help`` for the option: its effect, then its default."""
        told = f" Default: {self.told_default}." if self.told_default else ""
        again = " May be given again." if self.is_repeated else ""
        return f"{self.help}{again}{told}"


def option(
    read: Callable[[Any], Any],
    help: str,
    group: Group,
    unit: str = "",
    default: str = "",
    *,
    unset: Any = None,
    **more: Any,
) -> Any:
    """Return a field of the settings with its row; its name is the option's.

    Args:
        read, help, group, unit, default, more: as in ``Option``.
        unset: the field's default where ``default_is`` describes the daemon's, or
            where ``read`` can't return it.
    """
    row = Option(read, help, group, unit, default, **more)
    return field(
        default=read(default) if unset is None else unset, metadata={_ROW: row}
    )


def options_of(settings: type) -> tuple[Option, ...]:
    """Return the options of the fields of a dataclass, in order."""
    rows = ((one.name, one.metadata.get(_ROW)) for one in fields(settings))
    return tuple(replace(row, name=name.replace("_", "-")) for name, row in rows if row)
