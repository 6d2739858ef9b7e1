"""The table of options: what each is called, its default, how it is read.

The same names stand on the command line (``--max-line``) and in the INI file
(``max-line`` in ``[server]``). What was chosen is in ``settings``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from broadcast.base import values as readers
from broadcast.protocol.roles import speak_only


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its name, default as text, how it is read and explained.

    Attributes:
        is_live: SIGHUP changes it; any other needs a restart.
    """

    name: str
    default: str
    read: Callable[[str], Any]
    help: str
    short: str | None = None
    is_live: bool = False

    @property
    def words(self) -> str:
        """What ``--help`` says: the explanation, and the default if there is one."""
        if self.default in ("", "no"):
            return self.help
        return f"{self.help} (default: {self.default})"

    @property
    def field(self) -> str:
        """The name of the field in ``Settings``."""
        return self.name.replace("-", "_")


OPTIONS: Final = (
    Option(
        "port",
        "8000",
        readers.whole(0, 65535, ""),
        "TCP port; 0 takes any free one",
        "p",
    ),
    Option(
        "host",
        "127.0.0.1",
        readers.text,
        "address to listen on; 0.0.0.0 lets other machines in",
    ),
    Option(
        "welcome",
        "",
        readers.text_or_file,
        "words that greet who comes, or @FILE that holds them",
        is_live=True,
    ),
    Option(
        "max-line",
        "8192",
        readers.whole(64, 1 << 20, "of bytes"),
        "most bytes in a line",
    ),
    Option(
        "log-size",
        "16M",
        readers.size(64 * 1024),
        "most bytes of memory for what was said",
    ),
    Option(
        "history",
        "1000",
        readers.whole(0, 1_000_000, "of lines"),
        "most lines that may be asked back",
        is_live=True,
    ),
    Option(
        "idle-timeout",
        "90",
        readers.seconds,
        "seconds after which one who pinged and fell silent is closed; 0: never",
        is_live=True,
    ),
    Option(
        "stall-timeout",
        "120",
        readers.seconds,
        "seconds after which one who reads nothing is closed; 0: never",
        is_live=True,
    ),
    Option(
        "greeting-delay",
        "0.25",
        readers.seconds,
        "seconds a newcomer has to introduce itself before it is greeted",
    ),
    Option(
        "flush-partial",
        "off",
        readers.off_or_seconds,
        "seconds of silence that end an unfinished line, or off",
        is_live=True,
    ),
    Option(
        "drain",
        "10",
        readers.seconds,
        "seconds to deliver what was said, when stopping",
        is_live=True,
    ),
    Option(
        "rate",
        "",
        readers.rate,
        "lines a second a member may say; 0: any (default: 10000, with --relay 0)",
        is_live=True,
    ),
    Option(
        "burst",
        "",
        readers.rate,
        "lines a member may say at once beyond --rate (default: 2 s of it)",
        is_live=True,
    ),
    Option(
        "max-members",
        "",
        readers.members,
        "most members (default: 64 fewer than files may be open)",
    ),
    Option(
        "max-per-host",
        "0",
        readers.whole(0, 1_000_000, "of members"),
        "most members from one host; 0: any number",
    ),
    Option("log-file", "", readers.text_or_none, "log to this file as well"),
    Option(
        "log-file-size",
        "10M",
        readers.size(4096),
        "bytes at which --log-file is rotated",
    ),
    Option(
        "log-file-count",
        "5",
        readers.whole(1, 1000, "of files"),
        "rotated files that are kept",
    ),
    Option(
        "tls-cert",
        "",
        readers.text_or_none,
        "PEM file with the certificate and its chain",
    ),
    Option(
        "tls-key",
        "",
        readers.text_or_none,
        "PEM file with its key (default: in --tls-cert)",
    ),
    Option(
        "tls-client-ca",
        "",
        readers.text_or_none,
        "PEM file of the authority that signs members' own certificates",
    ),
    Option("tls-handshake", "10", readers.seconds, "seconds a TLS handshake may take"),
    Option(
        "tls-recheck",
        "10",
        readers.seconds,
        "seconds between looks whether those files changed; 0: never",
    ),
    Option(
        "token-file",
        "",
        readers.text_or_none,
        "file of secrets to log in with, one a line",
    ),
    Option(
        "users",
        "",
        readers.text_or_none,
        "file of names and passwords, written by bcast-passwd",
    ),
    Option(
        "auth", "", readers.text_or_none, "another checker of logins: TYPE:ARGUMENTS"
    ),
    Option("login-timeout", "30", readers.seconds, "seconds a newcomer has to log in"),
    Option("ban-file", "", readers.text_or_none, "file that remembers who is banned"),
    Option("admin", "", readers.unix_path, "unix:/PATH of the socket for bcast-admin"),
    Option(
        "web",
        "",
        readers.text_or_none,
        "port or Twisted endpoint of the page, WebSocket and metrics",
    ),
    Option(
        "web-metrics",
        "loopback",
        readers.one_of("off", "loopback", "on"),
        "who may read /metrics: off (nobody), loopback (this machine), on (everybody)",
    ),
)

FLAGS: Final = (
    Option("echo", "no", readers.flag, "send people their own lines as well"),
    Option(
        "relay",
        "no",
        readers.flag,
        "pass bytes on as they are: no names, notices or commands",
    ),
    Option(
        "allow-plaintext-login",
        "no",
        readers.flag,
        "take unencrypted logins from other machines",
    ),
)

LISTS: Final = (
    Option(
        "listen-only",
        "",
        readers.words,
        "like --listen, but members hear there and never speak",
    ),
    Option(
        "speak-only",
        "",
        lambda value: tuple(speak_only(word) for word in value.split()),
        "like --listen, as [NAME=]ENDPOINT; who comes there only speaks, as NAME",
    ),
    Option(
        "web-origin",
        "",
        readers.origins,
        "origin (https://example.org) whose pages may use the WebSocket too",
    ),
)
"""What may be given several times; in the file, several values with spaces."""
