"""The options of ``bcast-client``, as one frozen dataclass.

Each field that a person can give carries an ``Option``: how it is written, read and
explained. The command line, its help, the config file, the environment and the shell
completions are made from these (``broadcast.client.cli``), and so is the table in
docs/client.md. A new option is a new field here.
"""

import dataclasses
import re
from dataclasses import dataclass, field

from broadcast.client.address import DEFAULT_ADDRESS, DEFAULT_PORT, Address
from broadcast.client.core import values
from broadcast.client.core.option import (
    ALL,
    CONNECT,
    DISPLAY,
    LINES,
    LOGIN,
    SEND,
    SERVER,
    SETTINGS,
    TAIL,
    Given,
    option,
    setting,
)
from broadcast.client.events import Position

BELLS = ("off", "mention", "all")
PRESENCES = ("smart", "all", "none")
DOUBTS = ("skip", "resend", "stop")
COLORS = ("auto", "always", "never")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one run, with the values that follow from several of them.

    The ``Option`` of a field says the rest. Times are seconds; ``retry`` None is for
    ever. The address follows from ``url``, or from ``host``, ``port`` and ``ca``; the
    secret is read from ``token_file`` or from ``BCAST_TOKEN``. ``given`` are the
    keys of the settings that stand in the command line itself.
    """

    command: str
    address: Address = DEFAULT_ADDRESS
    secret: str | None = field(default=None, repr=False)
    sections: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()

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
    server_port: int | None = option(
        None,
        "its port, as nc takes it",
        SERVER,
        commands=(CONNECT, TAIL),
        read=values.port,
        metavar="PORT",
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
    announced: bool = setting(
        False,
        "let the others see you come and go",
        LOGIN,
        commands=(SEND, TAIL),
        read=values.yes_or_no,
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
        short={TAIL: "f"},
    )
    from_: str | None = option(
        None,
        "print only what this member says",
        LINES,
        commands=(TAIL,),
        read=values.name,
        metavar="NAME",
    )
    grep: re.Pattern[str] | None = option(  # noqa: RUF009 - it is a field
        None,
        "print only lines that match this regular expression",
        LINES,
        commands=(TAIL,),
        read=values.pattern,
        metavar="RE",
    )
    count: int | None = option(
        None,
        "end after so many lines",
        LINES,
        commands=(TAIL,),
        read=values.counted,
        metavar="N",
    )
    timeout: float | None = option(
        None,
        "end after so long; with 1 where --count is not reached",
        LINES,
        commands=(TAIL,),
        read=values.seconds,
        metavar="SECONDS",
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
    notify_command: str | None = setting(
        None,
        "a command to run, with NAME: TEXT as its last argument, when you are named",
        DISPLAY,
        commands=(CONNECT,),
        read=values.command,
        metavar="COMMAND",
    )
    title: bool = setting(
        False,
        "count in the terminal's title what was said since the last key",
        DISPLAY,
        commands=(CONNECT,),
        read=values.yes_or_no,
    )
    log: str | None = setting(
        None,
        "append to this file what is shown; %Y-%m-%d in its name begins one a day",
        DISPLAY,
        commands=(CONNECT,),
        read=values.file,
        metavar="FILE",
        is_file=True,
    )
    plain: bool = setting(
        False,
        "no cursor movements: for screen readers and simple terminals",
        DISPLAY,
        commands=(CONNECT,),
        read=values.yes_or_no,
    )
    presence: str = setting(
        PRESENCES[0],
        "who comes and goes: smart tells of those who spoke lately, or all, or none",
        DISPLAY,
        commands=(CONNECT, TAIL),
        choices=PRESENCES,
        metavar="WHICH",
    )
    quiet: bool = setting(
        False,
        "another word for --presence none",
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


def presence_of(options: Options) -> str:
    """Which comings and goings are shown: one of ``PRESENCES``."""
    return "none" if options.quiet else options.presence


def all_options() -> tuple[Given, ...]:
    """All that a person can give, in the order of the fields."""
    return tuple(
        Given(each.name, each.default, each.metadata["option"])
        for each in dataclasses.fields(Options)
        if "option" in each.metadata
    )
