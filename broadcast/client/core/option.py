"""How one option of ``bcast-client`` is written, read and explained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

CONNECT, SEND, TAIL = "connect", "send", "tail"
ALL = (CONNECT, SEND, TAIL)

SERVER = "server"
LOGIN = "name and login"
LINES = "lines"
DISPLAY = "display"
SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Option:
    """How one option is written, read and explained.

    Attributes:
        help: one sentence for ``--help`` and the documents, the default left out.
        group: the heading that it stands under.
        commands: those that have it.
        read: makes the value of a text, or raises a ``ValueError`` that says why not.
        metavar: the word for the value in ``--help``; none: it is a flag.
        unit: of the value.
        choices: the only values, where these are few.
        is_setting: whether the config file and the environment may set it.
        is_file: whether its value names a file.
        is_switch: whether it is a flag with an opposite, ``--no-…``.
        aliases: more words for it.
        short: the letter for it, by command.
        positional: the commands where it has no word, with the number of values as
            ``argparse`` writes it.
        defaults: the defaults that only some commands have, as a person writes them.
    """

    help: str
    group: str = ""
    commands: tuple[str, ...] = ALL
    read: Callable[[str], object] = str
    metavar: str = ""
    unit: str = ""
    choices: tuple[str, ...] = ()
    is_setting: bool = False
    is_file: bool = False
    is_switch: bool = False
    aliases: tuple[str, ...] = ()
    short: Mapping[str, str] = field(default_factory=dict)
    positional: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)

    def value(self, text: str) -> object:
        """The value of a text.

        Raises:
            ValueError: it is none, and why.
        """
        if self.choices and text not in self.choices:
            given = f"{text!r} is none of the choices" if text else "no value"
            raise ValueError(f"{given}; give {', '.join(self.choices)}")
        return self.read(text)


def option(default: object, help: str, group: str = "", **more: Any) -> Any:
    """A field that a person can give, with an ``Option`` of the other arguments."""
    return field(
        default=default, metadata={"option": Option(help, group=group, **more)}
    )


def setting(default: object, help: str, group: str, **more: Any) -> Any:
    """An option that the config file and the environment may set, too."""
    return option(default, help, group, is_setting=True, **more)


@dataclass(frozen=True, slots=True)
class Given:
    """An option and the field that it sets."""

    field: str
    default: object
    option: Option

    @property
    def key(self) -> str:
        """Its name in the config file and, after ``--``, in a command."""
        return self.field.strip("_").replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"BCAST_{self.field.upper()}"
