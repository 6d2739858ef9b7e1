"""The table of options: what each is called, its default, how it is read.

The same names stand on the command line (``--max-line``) and in the INI file
(``max-line`` in ``[server]``). What was chosen is in ``settings``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from broadcast import readers
from broadcast.access.door import speak_only


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
    def field(self) -> str:
        """The name of the field in ``Settings``."""
        return self.name.replace("-", "_")


OPTIONS: Final = (
    Option(
        "port", "8000", readers.whole(0, 65535, ""), "TCP port; 0: any free one", "p"
    ),
    Option(
        "host", "127.0.0.1", readers.text, "address to listen on; 0.0.0.0: all of IPv4"
    ),
    Option(
        "welcome",
        "",
        readers.text_or_file,
        "words of greeting, or @FILE that holds them",
        is_live=True,
    ),
    Option(
        "max-line", "8192", readers.whole(64, 1 << 20, "of bytes"), "bytes in a line"
    ),
    Option(
        "log-size", "16M", readers.size(64 * 1024), "bytes of memory for what was said"
    ),
    Option(
        "history",
        "1000",
        readers.whole(0, 1_000_000, "of lines"),
        "lines to be asked back",
        is_live=True,
    ),
    Option(
        "idle-timeout",
        "90",
        readers.seconds,
        "seconds of silence of one who pings; 0: any",
        is_live=True,
    ),
    Option(
        "stall-timeout",
        "120",
        readers.seconds,
        "seconds of reading nothing; 0: any",
        is_live=True,
    ),
    Option("greeting-delay", "0.25", readers.seconds, "seconds to introduce oneself"),
    Option(
        "flush-partial",
        "off",
        readers.off_or_seconds,
        "seconds of silence that end a line",
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
        "lines a second one may say; 0: any (10000; relay: 0)",
        is_live=True,
    ),
    Option(
        "burst",
        "",
        readers.rate,
        "lines one may say at once beyond (2 s of the rate)",
        is_live=True,
    ),
    Option("max-members", "", readers.members, "members; 64 less than files allowed"),
    Option(
        "max-per-host", "0", readers.whole(0, 1_000_000, "of members"), "0: any number"
    ),
    Option("log-file", "", readers.text_or_none, "file to log to as well"),
    Option(
        "log-file-size",
        "10M",
        readers.size(4096),
        "bytes at which that file is rotated",
    ),
    Option(
        "log-file-count", "5", readers.whole(1, 1000, "of files"), "rotated files kept"
    ),
    Option("tls-cert", "", readers.text_or_none, "PEM file of the certificate chain"),
    Option("tls-key", "", readers.text_or_none, "PEM file of its key (--tls-cert's)"),
    Option(
        "tls-client-ca", "", readers.text_or_none, "PEM file: who signs members' own"
    ),
    Option("tls-handshake", "10", readers.seconds, "seconds for a TLS handshake"),
    Option(
        "tls-recheck", "10", readers.seconds, "seconds between looks at those; 0: none"
    ),
    Option(
        "token-file", "", readers.text_or_none, "file of secrets, one a line, to log in"
    ),
    Option(
        "users", "", readers.text_or_none, "file of names and passwords (bcast-passwd)"
    ),
    Option("login-timeout", "30", readers.seconds, "seconds in which to log in"),
    Option("ban-file", "", readers.text_or_none, "file that remembers who is banned"),
    Option("admin", "", readers.unix_path, "unix:/PATH of the socket for bcast-admin"),
    Option(
        "web",
        "",
        readers.text_or_none,
        "port or endpoint of the page, WebSocket and metrics",
    ),
    Option(
        "web-metrics",
        "loopback",
        readers.one_of("off", "loopback", "on"),
        "who may read /metrics: off, loopback (this machine), on (everybody)",
    ),
)

FLAGS: Final = (
    Option(
        "echo", "no", readers.flag, "send members of the text dialect their own lines"
    ),
    Option(
        "relay", "no", readers.flag, "bytes in, bytes out: no names, notices, commands"
    ),
    Option(
        "allow-plaintext-login",
        "no",
        readers.flag,
        "take logins unencrypted from other machines",
    ),
)

LISTS: Final = (
    Option(
        "listen-only", "", readers.words, "endpoint where members only hear; repeatable"
    ),
    Option(
        "speak-only",
        "",
        lambda value: tuple(speak_only(word) for word in value.split()),
        "[NAME=]endpoint of a feed that only speaks, as NAME; repeatable",
    ),
    Option("web-origin", "", readers.origins, "origin that may talk; repeatable"),
)
"""What may be given several times; in the file, several values with spaces."""
