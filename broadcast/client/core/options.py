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
        "chooses the server: a section of the config file, a URL, or host[:port]",
        SERVER,
        metavar="SERVER",
        short={SEND: "s"},
        positional={CONNECT: "?", TAIL: "?"},
    )
    server_port: int | None = option(
        None,
        "chooses the server's port, as a second word like nc's",
        SERVER,
        commands=(CONNECT, TAIL),
        read=values.port,
        metavar="PORT",
        positional={CONNECT: "?", TAIL: "?"},
    )
    text: tuple[str, ...] = option(
        (),
        "says these words as one line",
        commands=(SEND,),
        metavar="TEXT",
        positional={SEND: "*"},
    )
    url: str | None = setting(
        None,
        "chooses the server: tcp://host:port, tls://…, ws://…, wss://…, unix:/path",
        SERVER,
        metavar="URL",
    )
    host: str = setting(
        DEFAULT_ADDRESS.host,
        "chooses the server's name or address",
        SERVER,
        metavar="HOST",
    )
    port: int = setting(
        DEFAULT_PORT,
        "chooses the server's port",
        SERVER,
        read=values.port,
        metavar="PORT",
        short=dict.fromkeys(ALL, "p"),
    )
    ca: str | None = setting(
        None,
        "trusts this certificate authority (PEM) for TLS",
        SERVER,
        read=values.readable_file,
        metavar="FILE",
        is_file=True,
    )
    retry: float | None = setting(
        None,
        "gives a lost connection up after this time, or tries forever; 0: at once",
        SERVER,
        read=values.patience,
        metavar="SECONDS",
        unit="seconds",
        defaults={CONNECT: "forever", SEND: "60", TAIL: "forever"},
    )
    name: str | None = setting(
        None,
        "takes this name in the room",
        LOGIN,
        read=values.name,
        metavar="NAME",
        aliases=("--user",),
        short={CONNECT: "n", SEND: "n"},
    )
    token_file: str | None = setting(
        None,
        "logs in with this file's SECRET, or NAME PASSWORD; else with BCAST_TOKEN",
        LOGIN,
        read=values.file,
        metavar="FILE",
        is_file=True,
    )
    plaintext_login: bool = option(
        False, "sends that secret to another machine unencrypted, too", LOGIN
    )
    announced: bool = setting(
        False,
        "shows others that you join and leave",
        LOGIN,
        commands=(SEND, TAIL),
        read=values.yes_or_no,
    )
    history: int = setting(
        20,
        "shows this number of past lines on joining",
        LINES,
        commands=(CONNECT,),
        read=values.whole,
        metavar="N",
        unit="lines",
    )
    lines: int = option(
        10,
        "prints this number of past lines first; a server gives 1000 at most",
        LINES,
        commands=(TAIL,),
        read=values.whole,
        metavar="N",
        unit="lines",
        short={TAIL: "n"},
    )
    since: Position | None = option(  # noqa: RUF009 - it is a field, as the others
        None,
        "prints the lines after that one",
        LINES,
        commands=(TAIL,),
        read=values.position,
        metavar="EPOCH:ID",
    )
    on_doubt: str = setting(
        DOUBTS[0],
        "treats lines that may or may not have been said, after the server lost "
        "its log: skip names them on stderr, resend says them again, stop ends",
        LINES,
        commands=(SEND,),
        choices=DOUBTS,
        metavar="ACTION",
    )
    follow: bool = option(
        True,
        "goes on with each new line (the default)",
        LINES,
        commands=(TAIL,),
        is_switch=True,
        short={TAIL: "f"},
    )
    from_: str | None = option(
        None,
        "prints only the lines of this member",
        LINES,
        commands=(TAIL,),
        read=values.name,
        metavar="NAME",
    )
    grep: re.Pattern[str] | None = option(  # noqa: RUF009 - it is a field
        None,
        "prints only lines that match this regular expression",
        LINES,
        commands=(TAIL,),
        read=values.pattern,
        metavar="RE",
    )
    count: int | None = option(
        None,
        "ends after this number of lines",
        LINES,
        commands=(TAIL,),
        read=values.counted,
        metavar="N",
    )
    timeout: float | None = option(
        None,
        "ends after this time; the exit code is 1 if --count is not reached",
        LINES,
        commands=(TAIL,),
        read=values.seconds,
        metavar="SECONDS",
    )
    json: bool = option(
        False, "prints the server's JSON objects", LINES, commands=(TAIL,)
    )
    bell: str = setting(
        BELLS[0],
        "rings the bell for lines: off, mention or all",
        DISPLAY,
        commands=(CONNECT,),
        choices=BELLS,
        metavar="WHEN",
    )
    notify_command: str | None = setting(
        None,
        "runs this command for a line with your name, with NAME: TEXT as last argument",
        DISPLAY,
        commands=(CONNECT,),
        read=values.command,
        metavar="COMMAND",
    )
    title: bool = setting(
        False,
        "counts in the terminal's title the lines since your last key",
        DISPLAY,
        commands=(CONNECT,),
        read=values.yes_or_no,
    )
    log: str | None = setting(
        None,
        "appends shown lines to this file; with %Y-%m-%d in its name, one a day",
        DISPLAY,
        commands=(CONNECT,),
        read=values.file,
        metavar="FILE",
        is_file=True,
    )
    plain: bool = setting(
        False,
        "never moves the cursor: for screen readers and simple terminals",
        DISPLAY,
        commands=(CONNECT,),
        read=values.yes_or_no,
    )
    presence: str = setting(
        PRESENCES[0],
        "shows joins and leaves: smart (of members that spoke lately), all or none",
        DISPLAY,
        commands=(CONNECT, TAIL),
        choices=PRESENCES,
        metavar="WHICH",
    )
    quiet: bool = setting(
        False,
        "shows none, as --presence none does",
        DISPLAY,
        commands=(CONNECT, TAIL),
        read=values.yes_or_no,
    )
    away: float = setting(
        60.0,
        "puts a divider before new lines after this time without a key",
        DISPLAY,
        commands=(CONNECT,),
        read=values.seconds,
        metavar="SECONDS",
        unit="seconds",
    )
    color: str = setting(
        COLORS[0],
        "uses colours: auto, always or never",
        DISPLAY,
        commands=(CONNECT, TAIL),
        choices=COLORS,
        metavar="WHEN",
    )
    config: str | None = option(
        None,
        "reads this config file in place of the usual one; also BCAST_CONFIG",
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
