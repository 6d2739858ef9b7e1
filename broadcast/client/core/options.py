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
        "the server's port, as a second word like nc's",
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
        "the server: tcp://host:port, tls://…, ws://…, wss://… or unix:/path",
        SERVER,
        metavar="URL",
    )
    host: str = setting(
        DEFAULT_ADDRESS.host, "the server's name or address", SERVER, metavar="HOST"
    )
    port: int = setting(
        DEFAULT_PORT,
        "the server's port",
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
        "time after which a lost connection is given up, or forever; 0: at once",
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
        "file with SECRET, or NAME PASSWORD, to log in with; else BCAST_TOKEN",
        LOGIN,
        read=values.file,
        metavar="FILE",
        is_file=True,
    )
    plaintext_login: bool = option(
        False, "allow to send that secret unencrypted to another machine", LOGIN
    )
    announced: bool = setting(
        False,
        "show others that you join and leave",
        LOGIN,
        commands=(SEND, TAIL),
        read=values.yes_or_no,
    )
    history: int = setting(
        20,
        "number of past lines to show on joining",
        LINES,
        commands=(CONNECT,),
        read=values.whole,
        metavar="N",
        unit="lines",
    )
    lines: int = option(
        10,
        "number of past lines to print first; a server gives 1000 at most",
        LINES,
        commands=(TAIL,),
        read=values.whole,
        metavar="N",
        unit="lines",
        short={TAIL: "n"},
    )
    since: Position | None = option(  # noqa: RUF009 - it is a field, as the others
        None,
        "print what follows that message",
        LINES,
        commands=(TAIL,),
        read=values.position,
        metavar="EPOCH:ID",
    )
    on_doubt: str = setting(
        DOUBTS[0],
        "treatment of lines that may or may not have been said, after the server lost "
        "its log: skip names them on stderr, resend says them again, stop ends",
        LINES,
        commands=(SEND,),
        choices=DOUBTS,
        metavar="ACTION",
    )
    follow: bool = option(
        True,
        "go on with each new line (the default)",
        LINES,
        commands=(TAIL,),
        is_switch=True,
        short={TAIL: "f"},
    )
    from_: str | None = option(
        None,
        "print only the lines of this member",
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
        "end after this number of lines",
        LINES,
        commands=(TAIL,),
        read=values.counted,
        metavar="N",
    )
    timeout: float | None = option(
        None,
        "end after this time; the exit code is 1 if --count is not reached",
        LINES,
        commands=(TAIL,),
        read=values.seconds,
        metavar="SECONDS",
    )
    json: bool = option(
        False, "print the server's JSON objects", LINES, commands=(TAIL,)
    )
    bell: str = setting(
        BELLS[0],
        "lines that ring the bell: off, mention or all",
        DISPLAY,
        commands=(CONNECT,),
        choices=BELLS,
        metavar="WHEN",
    )
    notify_command: str | None = setting(
        None,
        "command to run when a line has your name, with NAME: TEXT as last argument",
        DISPLAY,
        commands=(CONNECT,),
        read=values.command,
        metavar="COMMAND",
    )
    title: bool = setting(
        False,
        "count in the terminal's title the lines since your last key",
        DISPLAY,
        commands=(CONNECT,),
        read=values.yes_or_no,
    )
    log: str | None = setting(
        None,
        "file to which shown lines are appended; with %Y-%m-%d in its name, one a day",
        DISPLAY,
        commands=(CONNECT,),
        read=values.file,
        metavar="FILE",
        is_file=True,
    )
    plain: bool = setting(
        False,
        "never move the cursor: for screen readers and simple terminals",
        DISPLAY,
        commands=(CONNECT,),
        read=values.yes_or_no,
    )
    presence: str = setting(
        PRESENCES[0],
        "joins and leaves to show: smart (of members that spoke lately), all or none",
        DISPLAY,
        commands=(CONNECT, TAIL),
        choices=PRESENCES,
        metavar="WHICH",
    )
    quiet: bool = setting(
        False,
        "the same as --presence none",
        DISPLAY,
        commands=(CONNECT, TAIL),
        read=values.yes_or_no,
    )
    away: float = setting(
        60.0,
        "time without a key after which a divider stands before new lines",
        DISPLAY,
        commands=(CONNECT,),
        read=values.seconds,
        metavar="SECONDS",
        unit="seconds",
    )
    color: str = setting(
        COLORS[0],
        "use of colours: auto, always or never",
        DISPLAY,
        commands=(CONNECT, TAIL),
        choices=COLORS,
        metavar="WHEN",
    )
    config: str | None = option(
        None,
        "config file to use in place of the usual one; also BCAST_CONFIG",
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
