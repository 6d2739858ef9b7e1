"""The options of ``bcast-client``, as one frozen dataclass.

Each field that a person can give carries an ``Option``: how it is written, read and
explained. The command line, its help, the config file, the environment and the shell
completions are made from these (``broadcast.client.cli``), and so is the table in
docs/client.md. A new option is a new field here.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from broadcast.client.address import DEFAULT_ADDRESS, DEFAULT_PORT, Address
from broadcast.client.core import values
from broadcast.client.events import Position

BELLS = ("off", "mention", "all")
DOUBTS = ("skip", "resend", "stop")
COLORS = ("auto", "always", "never")

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
            given = f"{text!r} is none" if text else "nothing is given, but one"
            raise ValueError(f"{given} of {', '.join(self.choices)}")
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
class Options:
    """The options of one run, with the values that follow from several of them.

    The ``Option`` of a field says the rest. Times are seconds; ``retry`` None is for
    ever. The address follows from ``url``, or from ``host``, ``port`` and ``ca``; the
    secret is read from ``token_file`` or from ``BCAST_TOKEN``.
    """

    command: str
    address: Address = DEFAULT_ADDRESS
    secret: str | None = field(default=None, repr=False)
    sections: tuple[str, ...] = ()

    shell: str = option(
        "",
        "the shell",
        commands=("completion",),
        choices=("bash", "zsh", "fish"),
        metavar="SHELL",
        positional={"completion": ""},
    )
    server: str | None = option(
        None,
        "a section of the config file, a URL, or host[:port]",
        SERVER,
        metavar="SERVER",
        short={SEND: "s"},
        positional={CONNECT: "?", TAIL: "?"},
    )
    text: tuple[str, ...] = option(
        (),
        "words of one line",
        commands=(SEND,),
        metavar="TEXT",
        positional={SEND: "*"},
    )
    url: str | None = setting(
        None,
        "tcp://host:port, tls://…, ws://…, wss://… or unix:/path",
        SERVER,
        metavar="URL",
    )
    host: str = setting(
        DEFAULT_ADDRESS.host, "the server's name or address", SERVER, metavar="HOST"
    )
    port: int = setting(
        DEFAULT_PORT,
        "its port",
        SERVER,
        read=values.port,
        metavar="PORT",
        short=dict.fromkeys(ALL, "p"),
    )
    ca: str | None = setting(
        None,
        "trust this certificate authority (PEM) for TLS",
        SERVER,
        read=values.readable_file,
        metavar="FILE",
        is_file=True,
    )
    retry: float | None = setting(
        None,
        "try to come back for so long after a loss, or forever; 0 for not at all",
        SERVER,
        read=values.patience,
        metavar="SECONDS",
        unit="seconds",
        defaults={CONNECT: "forever", SEND: "60", TAIL: "forever"},
    )
    name: str | None = setting(
        None,
        "your name in the room",
        LOGIN,
        read=values.name,
        metavar="NAME",
        aliases=("--user",),
        short={CONNECT: "n", SEND: "n"},
    )
    token_file: str | None = setting(
        None,
        "SECRET, or NAME PASSWORD, for servers that ask for one; also BCAST_TOKEN",
        LOGIN,
        read=values.file,
        metavar="FILE",
        is_file=True,
    )
    plaintext_login: bool = option(
        False, "send that secret unencrypted to another machine, too", LOGIN
    )
    history: int = setting(
        20,
        "earlier lines to show on joining",
        LINES,
        commands=(CONNECT,),
        read=values.whole,
        metavar="N",
        unit="lines",
    )
    lines: int = option(
        10,
        "earlier lines first; a server gives 1000 at most",
        LINES,
        commands=(TAIL,),
        read=values.whole,
        metavar="N",
        unit="lines",
        short={TAIL: "n"},
    )
    since: Position | None = option(  # noqa: RUF009 - it is a field, as the others
        None,
        "go on after that message",
        LINES,
        commands=(TAIL,),
        read=values.position,
        metavar="EPOCH:ID",
    )
    on_doubt: str = setting(
        DOUBTS[0],
        "lines that may have been said or not, where the server forgot: skip names "
        "them on stderr, resend says them again, stop ends",
        LINES,
        commands=(SEND,),
        choices=DOUBTS,
        metavar="ACTION",
    )
    follow: bool = option(
        True,
        "go on with what is said from now on (the default)",
        LINES,
        commands=(TAIL,),
        is_switch=True,
    )
    json: bool = option(False, "the server's own JSON", LINES, commands=(TAIL,))
    bell: str = setting(
        BELLS[0],
        "when to ring: off, mention or all",
        DISPLAY,
        commands=(CONNECT,),
        choices=BELLS,
        metavar="WHEN",
    )
    quiet: bool = setting(
        False,
        "do not show who comes and goes",
        DISPLAY,
        commands=(CONNECT, TAIL),
        read=values.yes_or_no,
    )
    away: float = setting(
        60.0,
        "after so long without a key, new lines get a divider",
        DISPLAY,
        commands=(CONNECT,),
        read=values.seconds,
        metavar="SECONDS",
        unit="seconds",
    )
    color: str = setting(
        COLORS[0],
        "when to colour: auto, always or never",
        DISPLAY,
        commands=(CONNECT, TAIL),
        choices=COLORS,
        metavar="WHEN",
    )
    config: str | None = option(
        None,
        "not the one in its usual place; also BCAST_CONFIG",
        SETTINGS,
        read=values.file,
        metavar="FILE",
        is_file=True,
    )


@dataclass(frozen=True, slots=True)
class Given:
    """An option and the field that it sets."""

    field: str
    default: object
    option: Option

    @property
    def key(self) -> str:
        """Its name in the config file and, after ``--``, in a command."""
        return self.field.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"BCAST_{self.field.upper()}"


def all_options() -> tuple[Given, ...]:
    """All that a person can give, in the order of the fields."""
    return tuple(
        Given(each.name, each.default, each.metadata["option"])
        for each in dataclasses.fields(Options)
        if "option" in each.metadata
    )
