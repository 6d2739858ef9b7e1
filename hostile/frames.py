"""Inputs for an HTTP port: requests and WebSocket frames, right and wrong.

All from one seed, like the lines of ``hostile.grammar`` that the frames carry.
"""

import struct
import zlib
from typing import Final

from hostile.grammar import Grammar
from hostile.web import handshake

_METHODS: Final = (
    *(b"GET", b"GET", b"GET", b"GET", b"HEAD", b"POST", b"PUT", b"OPTIONS"),
    *(b"CONNECT", b"TRACE", b"get", b"", b"\xff", b"G" * 300, b"PRI"),
)
_PATHS: Final = (
    *(b"/", b"/ws", b"/ws", b"/ws?format=json", b"/ws?name=alice&format=json"),
    *(b"/ws?frames=line", b"/ws?frames=x", b"/ws?name=%0a/quit", b"/ws?name=%ff"),
    *(b"/ws?name=" + b"x" * 99, b"/ws?format=json&format=text", b"/ws?&&==%"),
    *(b"/metrics", b"/healthz", b"/readyz", b"/static/app.js", b"/static/"),
    *(b"/static/../../x", b"/static/%2e%2e%2f", b"//", b"*", b"http://x/ws"),
    *(b"http://localhost/healthz", b"https://u@x/ws", b"http://?", b"HTTP://[::1]"),
    *(b"http://[::1", b"/%", b"/%00", b"", b"/\xff\xfe", b"/ws/more", b"/x" * 400),
)
_VERSIONS: Final = (
    *(b" HTTP/1.1",) * 6,
    *(b" HTTP/1.0", b" HTTP/0.9", b" HTTP/2.0", b" HTTP/1.1 x", b" http/1.1", b""),
    *(b" HTTP/9999999999.1", b" HTTP/", b" \xff"),
)
_HEADERS: Final = (
    *(b"Host: x", b"Host : x"),
    *(b"Upgrade: websocket", b"Upgrade: WebSocket, h2c", b"Upgrade: \xff"),
    *(b"Connection: Upgrade", b"Connection: close", b"Connection: keep-alive"),
    *(b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8, 13"),
    *(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Key: x"),
    *(b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAB==", b"Sec-WebSocket-Key: ="),
    *(b"Sec-WebSocket-Extensions: permessage-deflate", b"Sec-WebSocket-Protocol: a"),
    *(b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=0",),
    *(b"Origin: http://x", b"Origin: null", b"Origin: http://evil", b"Origin: \xff"),
    *(b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: +5"),
    *(b"Content-Length: 99999999999999999999", b"Content-Length: 5, 5"),
    *(b"Content-Length: 0", b"Content-Length: ", b"Content-Length: \xd9\xa3"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked"),
    *(b"Transfer-Encoding: identity", b"Expect: 100-continue", b"Expect: 200-x"),
    *(b"Content-Type: multipart/form-data; boundary=x", b"Content-Type: \xff"),
    *(b"Content-Type: multipart/form-data", b"X-Forwarded-For: 1.2.3.4"),
    *(b"Content-Type: application/x-www-form-urlencoded", b"Range: bytes=9-1,-"),
    *(b'If-None-Match: "x", W/*', b"If-Modified-Since: never", b"Cookie: a; =;b=="),
    *(b"Authorization: Basic \xff", b"Authorization: Basic eA==", b"Via: \0"),
    *(b" folded", b"\tfolded", b":", b"", b"no colon", b"X:" + b"y" * 2000),
    *(b"Accept: text/plain;version=0.0.4", b"Accept: */*;q=x", b"X-\0: \x1b[2J"),
)
_HOSTS: Final = (
    *(b"Host: localhost",) * 8,
    *(b"Host: x", b"Host: x:99999", b"Host: \xff", b"Host:", b"Host: [::1]:80"),
    *(b"Host: [", b"host: LOCALHOST:", b"Host: 127.0.0.1", b"Host: x, y"),
)
_BODIES: Final = (
    *(
        b"",
        b"",
        b"hello",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"-1\r\n",
        b"ffffffffffffffff\r\n",
    ),
    *(b"5;x=y\r\nhello\r\n", b"0\r\nTrailer: x\r\n\r\n", b"g\r\n", b"5\r\nhelloX"),
    *(b"--x\r\nContent-Disposition: form-data\r\n\r\n--x--\r\n", b"a=%ff&&=", b"\0"),
    *(b"--x\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"\r\n" * 9),
)
_LINE_ENDS: Final = (*(b"\r\n",) * 12, b"\n", b"\r", b"\r\r\n")
_OPCODES: Final = (*(1,) * 8, *(0,) * 4, 2, 2, 8, 9, 9, 10, 3, 7, 11, 15)
_CODES: Final = (1000, 1001, 1005, 1006, 1015, 999, 0, 2999, 3000, 4999, 5000, 65535)


class WebGrammar:
    """Makes inputs for HTTP ports, one after another.

    Args:
        grammar: makes what frames carry, and chooses.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._random = grammar.random
        self._right = [self._right_frames() for _ in range(20_000)]
        self._wrong = [self._wrong_frame() for _ in range(10_000)]
        self._requests = [self._request() for _ in range(5_000)]

    def for_http(self) -> bytes:
        """Return requests; often the last is a handshake, with frames after it."""
        pick = self._random.random
        requests = self._random.choices(self._requests, k=int(pick() * 3))
        data = b"".join(requests)
        if pick() < 0.5 or not data:
            data += handshake() + self._some_frames()
        return self._spoilt(data)

    def for_websocket(self) -> bytes:
        """Return frames, for after the handshake."""
        return self._spoilt(self._some_frames())

    def _some_frames(self) -> bytes:
        pick, choose = self._random.random, self._random.choice
        pieces = [
            choose(self._right if pick() < 0.9 else self._wrong)
            for _ in range(1 + int(pick() * 8))
        ]
        return b"".join(pieces)

    def _spoilt(self, data: bytes) -> bytes:
        while self._random.random() < 0.3:
            data = self._grammar.spoil(data)
        return data

    def _request(self) -> bytes:
        choose, pick = self._random.choice, self._random.random
        end = choose(_LINE_ENDS)
        lines = [choose(_METHODS) + b" " + choose(_PATHS) + choose(_VERSIONS)]
        lines += self._random.choices(_HEADERS, k=int(pick() * 8))
        if pick() < 0.6:  # without one, or with two, no more of it is looked at
            lines.insert(1, choose(_HOSTS))
        elif pick() < 0.8:
            found = handshake().split(b"\r\n")[1:-2]
            self._random.shuffle(found)
            lines += found[: len(found) - int(pick() * 2)]
        if pick() < 0.01:
            lines += [b"X: y"] * 600
        return end.join([*lines, b"", choose(_BODIES)])

    def _payload(self) -> bytes:
        choose, pick = self._random.choice, self._random.random
        kind = pick()
        if kind < 0.7:
            return self._grammar.input()[: int(4 ** (1 + pick() * 6))]
        if kind < 0.75:
            return b"__name__:" + self._grammar.input()
        if kind < 0.8:
            return b"x" * choose((0, 125, 126, 127, 65535, 65536, 140_000))
        if kind < 0.9:
            return struct.pack("!H", choose(_CODES)) + self._grammar.input()[:123]
        squeezed = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = squeezed.compress(self._grammar.input())
        return data + squeezed.flush(zlib.Z_SYNC_FLUSH)[:-4]

    def _right_frames(self) -> bytes:
        """Return a message as a client may send it, whole or in fragments."""
        below, pick = self._random.randrange, self._random.random
        kind = pick()
        if kind < 0.1:
            return self._frame(below(9, 11), self._payload()[:125])
        payload = self._payload()
        if kind < 0.95:
            payload = payload.decode(errors="ignore").encode()
        opcode = 1 if kind < 0.95 else 2
        if kind < 0.75:
            return self._frame(opcode, payload)
        at = below(len(payload) + 1)
        between = self._frame(9, b"x") if pick() < 0.3 else b""
        end = self._frame(0, payload[at:])
        return self._frame(opcode, payload[:at], first=opcode) + between + end

    def _wrong_frame(self) -> bytes:
        """Return a frame; most have something wrong with their head."""
        choose, pick = self._random.choice, self._random.random
        payload = self._payload()
        opcode = choose(_OPCODES)
        if opcode > 7 and pick() < 0.9:
            payload = payload[:125]
        first = opcode | (0x80 if pick() < 0.8 else 0)
        if pick() < 0.3:
            first |= choose((0x40, 0x20, 0x10, 0x70))
        size = len(payload)
        if pick() < 0.2:
            size = choose((0, size + 1, max(0, size - 1), 1 << 31, 1 << 63, 125, 126))
        is_masked, is_wide = pick() < 0.9, pick() < 0.1
        return self._frame(opcode, payload, first, size, is_masked, is_wide)

    def _frame(
        self,
        opcode: int,
        payload: bytes,
        first: int | None = None,
        size: int | None = None,
        is_masked: bool = True,
        is_wide: bool = False,
    ) -> bytes:
        """Return a frame; ``first`` and ``size``: what its head says instead."""
        head = bytes([0x80 | opcode if first is None else first])
        head += _size(len(payload) if size is None else size, is_masked, is_wide)
        if not is_masked:
            return head + payload
        mask = self._random.randbytes(4)
        key = (mask * (len(payload) // 4 + 1))[: len(payload)]
        number = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
        return head + mask + number.to_bytes(len(payload), "big")


def _size(size: int, is_masked: bool, is_wide: bool) -> bytes:
    """Return a frame's size as its head has it; if ``is_wide``, a longer way."""
    bit = 0x80 if is_masked else 0
    if size < 126 and not is_wide:
        return bytes([bit | size])
    if size < 1 << 16:
        return struct.pack("!BH", bit | 126, size)
    return struct.pack("!BQ", bit | 127, size)
