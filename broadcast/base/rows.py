"""The row of an option: what the command line, the file and the manual say of it.

A field of the settings carries its row in its metadata; which options there are is in
``settings``, and how their values are read in ``values``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Any, Final

from broadcast.base.values import flag

_ROW: Final = "option"


class Group(Enum):
    """The headings under which the options stand, in their order."""

    LISTENING = "Listening"
    ROOM = "The room"
    LIMITS = "Limits"
    TLS = "TLS"
    ACCESS = "Logins and moderation"
    WEB = "The page, WebSocket and metrics"
    LOG = "The log file"
    PROGRAM = "The program"


class OnReload(Enum):
    """What SIGHUP does with an option; the value is what the manual says."""

    KEEPS = "–"
    CHANGES = "changes"
    REREADS = "reads the file again"
    REOPENS = "opens the file anew"


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        read: the converter of its value, from ``values``.
        help: one or two sentences: first what it does.
        group: the heading it stands under.
        unit: what a value counts or is, in capitals; "" for a flag.
        default: as it would be given.
        default_is: how a default is found that is no constant; "" if it is one.
        short: its letter.
        is_repeated: it may be given again; in the file, words between spaces.
        on_reload: what SIGHUP does with it.
        is_secret: it names a file that no other account may read.
        name: as on the command line, without the dashes before it.
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
        """It stands alone on the command line, and is yes or no in the file."""
        return self.read is flag

    @property
    def is_live(self) -> bool:
        """SIGHUP changes its value; any other needs a restart."""
        return self.on_reload is OnReload.CHANGES

    @property
    def told_default(self) -> str:
        """The default as the manual says it; "" if there is nothing to say."""
        return self.default_is or ("" if self.is_flag else self.default)

    @property
    def description(self) -> str:
        """What ``--help`` says of it: what it does, then its default."""
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
        unset: the field's default where ``default_is`` tells that of the daemon, or
            where it is no value that ``read`` returns.
    """
    row = Option(read, help, group, unit, default, **more)
    return field(
        default=read(default) if unset is None else unset, metadata={_ROW: row}
    )


def options_of(settings: type) -> tuple[Option, ...]:
    """Return the options that the fields of a dataclass carry, in their order."""
    rows = ((one.name, one.metadata.get(_ROW)) for one in fields(settings))
    return tuple(replace(row, name=name.replace("_", "-")) for name, row in rows if row)
