"""Inputs made of what the protocol is made of, and then spoilt.

All from one seed: the same seed gives the same inputs.
"""

import random
from typing import Final

from hostile.rooms import SECRET

_NAMES: Final = (
    *("alice", "bob", "ALICE", "ａｌｉｃｅ", "server", "admin", "guest-1", "é́́́"),
    *("\u202ealice", "a b", "a\x00b", "ß", "ſ", "İ", "١٢٣", "x.y_z-", "feed"),
    *("ﷺ", "-x", "x" * 33, ""),
)
_WORDS: Final = (
    *("hello", "key-12345", "t1", "t2", "0", "1", "20", "-1", "9" * 16, "9" * 17),
    *("e1:0", "e1:1", "e1:99999999999999999", ":", "x:y:1", "json", "text", "JSON"),
    *("20 e1:5", "1 e1:2", "0 e1:3", "9999 e1:9999", "2 x:3", "e1:7 2"),
    *("٣", "\u2028", SECRET, "wrong-one", "\x1b[2J", "\x9b31m", "x" * 64, "x" * 65),
    *("日本語", "\\exit"),
)
_COMMANDS: Final = (
    *("/name", "/nick", "/who", "/ping", "/history", "/since", "/say", "/format"),
    *("/login", "/help", "/quit", "/exit", "/NAME", "/Quit", "//", "/", "/ "),
    *("/quiet", "/QUIET"),
    *("/nonsense", "\\exit", "\\\\clients", "\\ping", "CONNECT", "__name__:"),
    *("CONNECT ", "GET / HTTP/1.1", "__ping__"),
)
_STRAYS: Final = (
    *(b"GET / HTTP/1.1\r\nCookie: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    *(
        b"OPTIONS rtsp://x RTSP/1.0\n",
        b"INVITE sip:x SIP/2.0\r\n",
        b"\x16\x03\x01\0\xa5",
    ),
    *(b"SSH-2.0-OpenSSH_9.2\r\n", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
    *(
        b"PROXY UNKNOWN\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c",
        b"GET /x HTTP/1.1 no\n",
    ),
    *(b"PROXY is down\n", b"GET " + b":" * 200 + b" HTTP/1.1\n", b"SSH-\n"),
)
_BEFORE: Final = (
    b"",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\xef\xbb\xbf",
    b"\xff\xf1",
    b"\n" * 50,
)
_BYTES: Final = (
    *(b"\xff\xfb\x01", b"\xff\xfd", b"\xff\xfa\x18\x00xterm\xff\xf0", b"\xff\xff"),
    *(b"\xff", b"\xff\xfa" + b"x" * 600, b"\xff\xf4\xff\xfd\x06", b"\x16\x03\x01"),
    *(b"\xef\xbb\xbf", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"),
    *(b"\xe2\x80", b"\xf0\x9f", b"\x80", b"\x00", b"\x1b]0;t\x07", b"\x1bP", b"\x9b"),
    *(b"\xc2\x9b", b"\r", b"\r\r\n", b"\n\n", b"\x7f", b"\x08" * 9, b"x" * 255),
    *(b"x" * 256, b"x" * 257, b"x" * 1100, b"\t", b"\xef\xbf\xbd", b" " * 300),
    *("\u202e\u2066\u2029\x85".encode(), b"\xfe", b"\n" * 50),
    *(
        b"\xff\xfd\x06" * 100,
        b"\xff\xfd\n",
        b"\xff\xfb\xff",
        b"\xff\xfc\x01",
        b"\r\x00",
    ),
)
_ENDS: Final = (b"\n", b"\n", b"\n", b"\r\n", b"", b"\r", b"\n\r", b"\x00\n", b"\r\x00")


class Grammar:
    """Makes inputs, one after another."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._lines = [self._line() for _ in range(20_000)]

    def input(self) -> bytes:
        """Return the next input."""
        pick = self.random.random
        lines = self.random.choices(self._lines, k=1 + int(pick() * 8))
        kind = pick()
        if kind < 0.5:
            lines.insert(0, self._introduction())
        elif kind < 0.6:
            lines.insert(0, self._stray())
        data = b"".join(lines)
        while pick() < 0.3:
            data = self.spoil(data)
        return data

    def _introduction(self) -> bytes:
        choose = self.random.choice
        name, end = choose(_NAMES).encode(), choose(_ENDS)
        kinds = (
            b"/format json\n",
            b"/name %b key-12345%b" % (name, end),
            b"/format json%b/name %b%b" % (end, name, end),
            b"/quiet%b/name %b%b" % (end, name, end),
            b"/format json\n/quiet\n/login %b\n" % SECRET.encode(),
            b"/login %b%b" % (SECRET.encode(), end),
            b"/format json\n/login %b\n" % SECRET.encode(),
            b"CONNECT %b%b" % (name, end),
            b"__name__:%b%b" % (name, end),
            b"\xef\xbb\xbf/name %b%b" % (name, end),
            b"%b%b" % (name, end),
            b"%b%b__ping__%b" % (name, end, end),
            b"/login %b\n%b%b" % (SECRET.encode(), name, end),
        )
        return choose(kinds)

    def _stray(self) -> bytes:
        choose = self.random.choice
        return choose(_BEFORE) + choose(_BEFORE) + choose(_STRAYS)

    def _line(self) -> bytes:
        choose, pick = self.random.choice, self.random.random
        words: list[bytes] = []
        if pick() < 0.6:
            words.append(choose(_COMMANDS).encode())
        for _ in range(int(pick() * 4)):
            kind = pick()
            if kind < 0.4:
                words.append(choose(_WORDS).encode())
            elif kind < 0.7:
                words.append(choose(_NAMES).encode())
            else:
                words.append(choose(_BYTES))
        return choose((b" ", b" ", b"  ", b"")).join(words) + choose(_ENDS)

    def spoil(self, data: bytes) -> bytes:
        """Return ``data`` with something done to it."""
        below = self.random.randrange
        at = below(len(data) + 1)
        kind = below(6)
        if kind == 0:
            return data[:at] + self.random.choice(_BYTES) + data[at:]
        if kind == 1:
            return data[:at] + bytes([below(256)]) + data[at + 1 :]
        if kind == 2:
            return data[:at]
        if kind == 3:
            return data + data[at : at + 40] * below(20)
        if kind == 4:
            return data[:at] + data[at + below(8) :]
        return data[:at] + self.random.randbytes(below(24)) + data[at:]
