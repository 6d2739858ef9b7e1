"""What one run of `bcast-client` is to do, as one frozen dataclass.

`broadcast.client.cli.config` makes it from the command line, the environment and the
config file.
"""

from dataclasses import dataclass, field

from broadcast.client.address import DEFAULT_ADDRESS, Address
from broadcast.client.events import Position

BELLS = ("off", "mention", "all")
COLORS = ("auto", "always", "never")


@dataclass(frozen=True, slots=True)
class Options:
    """What to do. Times are seconds.

    Attributes:
        command: connect, send, tail or completion.
        secret: `SECRET`, or `NAME PASSWORD`, for servers that ask for a login.
        retry: for how long to try to come back after a loss; None is for ever.
        bell: one of `BELLS`.
        quiet: leaves out who comes and goes.
        history: earlier lines to show on joining (`connect`).
        away: after so long without a key, new lines get a divider.
        color: one of `COLORS`.
        text: the words to say (`send`).
        json: prints the server's own lines (`tail`).
        since: the position to go on from (`tail`).
        lines: earlier lines first (`tail`).
        follow: goes on with what is said from now on (`tail`).
        shell: whose completions to print.
        sections: the servers that the config file has.
    """

    command: str
    address: Address = DEFAULT_ADDRESS
    name: str | None = None
    secret: str | None = field(default=None, repr=False)
    retry: float | None = None
    bell: str = "off"
    quiet: bool = False
    history: int = 20
    away: float = 60.0
    color: str = "auto"
    text: tuple[str, ...] = ()
    json: bool = False
    since: Position | None = None
    lines: int = 10
    follow: bool = True
    shell: str = ""
    sections: tuple[str, ...] = ()
