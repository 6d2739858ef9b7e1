"""Other servers, known by the first bytes with which they answer."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from broadcast.client.address import Address
from broadcast.client.core.words import shorten
from broadcast.protocol.sanitize import mend

LONGEST = 512
"""Bytes at the start of a connection that are looked at."""

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        r"SSH-\d": "an SSH server",
        r"220[ -][\s\S]{0,400}?(?:SMTP|[Mm]ail)": "a mail server (SMTP)",
        r"220[ -][^\n]*\n": "an FTP or mail server",
        r"(?:554|421)[ -]": "a mail server (SMTP)",
        r"-(?:ERR|NOAUTH|DENIED|WRONGPASS|MISCONF|LOADING)\b": "a Redis server",
        r"\+OK\b": "a mail server (POP3)",
        r"\* (?:OK|BYE|PREAUTH) [^\r\n]*(?:IMAP|CAPABILITY)": "a mail server (IMAP)",
        r"[\s\S]{3}\0(?:\x0a|\xff)[\s\S]": "a MySQL server",
        r":\S+ (?:NOTICE|PING|\d{3}) |NOTICE \S+ :|ERROR :|PING :": "an IRC server",
        r"RFB \d{3}": "a VNC server",
        r"E\0\0[\s\S]{2}": "a PostgreSQL server",
        r"ERROR\r?\n": "a memcached server",
        r"INFO \{": "a NATS server",
        r"AMQP": "an AMQP server",
        r"@RSYNCD:": "an rsync server",
        r"<\?xml|<stream": "an XMPP server",
        r"\xff[\xfb-\xfe]": "a Telnet server",
    }
)
_KNOWN = tuple(
    (re.compile(pattern.encode("latin-1")), name) for pattern, name in _NAMES.items()
)
_WEB = re.compile(rb"HTTP/\d|\s*<(?:!DOCTYPE|html|HTML)")


def stranger(data: bytes, address: Address) -> str | None:
    """Tell which other server the first bytes from an address belong to, if any."""
    if _WEB.match(data):
        scheme = "wss" if address.is_tls else "ws"
        return f"a web server answers there: try {scheme}://{address.where}"
    if data.startswith((b"\x15\x03", b"\x16\x03")):
        return f"TLS is spoken there: try tls://{address.where}"
    for pattern, name in _KNOWN:
        if pattern.match(data):
            return f"{name} answers there{_quoted(data)}"
    return None


def unknown(text: str) -> str | None:
    """Tell of an answer in place of a greeting; None: a room may yet begin so."""
    if not text or text.startswith("* "):
        return None
    return f"something else answers there: {shorten(text, 80)}"


def _quoted(data: bytes) -> str:
    """The first line of it, where that is text."""
    line, _, _ = data.partition(b"\n")
    text = mend(line.decode(errors="replace").strip())
    if not text or not line.strip().isascii() or b"\0" in line:
        return ""
    return f": {shorten(text, 80)}"
