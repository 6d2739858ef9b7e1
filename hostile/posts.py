"""Inputs for lines over HTTP: posts and streams, right and wrong, one behind another.

All from one seed, like the lines of ``hostile.grammar`` that the bodies carry.
"""

import base64
import json
from typing import Final

from hostile.grammar import Grammar
from hostile.rooms import SECRET

_POSTS: Final = (
    *(b"/say",) * 6,
    *(b"/say?name=alice", b"/say?name=", b"/say?name=server", b"/say?name=%ff"),
    *(b"/say?name=a&name=b", b"/say?%=&&", b"/say/", b"/SAY", b"/s%61y", b"/say#x"),
    *(b"http://localhost/say", b"//say", b"/say?name=" + b"x" * 200, b"/lines", b"/"),
)
_READS: Final = (
    *(b"/lines", b"/events", b"/lines?follow=0", b"/lines?follow=0&history=5"),
    *(b"/events?history=3", b"/lines?since=e1:1", b"/events?since=x", b"/say"),
    *(b"/lines?history=99999999", b"/lines?history=-1", b"/lines?since=e1:99999999"),
    *(b"/events?name=alice", b"/lines?name=%00", b"/lines?follow=2", b"/events/x"),
    *(b"/lines?since=other:1&follow=0", b"/events?since=e1:" + b"9" * 17),
    *(b"/lines?history=1&since=e1:2&follow=1", b"/events?history=\xd9\xa3"),
)
_VERSIONS: Final = (*(b"HTTP/1.1",) * 9, b"HTTP/1.0", b"HTTP/0.9", b"HTTP/1.2")
_KINDS: Final = (
    *(b"application/x-www-form-urlencoded", b"text/plain", b"application/json"),
    *(b"application/json; charset=utf-8", b"APPLICATION/JSON", b"multipart/form-data"),
    *(b"multipart/form-data; boundary=x", b"application/json, x", b"\xff", b""),
)
_EXTRA: Final = (
    *(b"Idempotency-Key: k1", b"Idempotency-Key: k2", b"Idempotency-Key: \xc3\xa4"),
    *(b"Idempotency-Key: ", b"Idempotency-Key: " + b"k" * 65, b"Expect: 100-continue"),
    *(b"Origin: http://x", b"Origin: null", b"Origin: http://evil", b"Origin: \xff"),
    *(b"Sec-Fetch-Site: cross-site", b"Sec-Fetch-Site: same-origin", b"Accept: */*"),
    *(b"Accept: application/x-ndjson", b"Accept: ,;;q=,application/x-ndjson;q=x"),
    *(b"Last-Event-ID: e1:1", b"Last-Event-ID: bye", b"Last-Event-ID: \xff:\xff"),
    *(b"Last-Event-ID: " + b"e" * 300 + b":1", b"Connection: close", b"X: y"),
    *(b"Connection: keep-alive", b"Content-Length: 3", b"Transfer-Encoding: chunked"),
    *(b"Transfer-Encoding: gzip", b"Expect: x", b"Authorization: Bearer wrong"),
    *(b"Authorization: Basic " + base64.b64encode(b"a:b"), b"Authorization: Bearer"),
    *(b"Access-Control-Request-Method: POST", b"Access-Control-Request-Headers: x"),
    *(b"Origin: http://localhost", b"X: y\r\n folded", b"X: y\nOrigin: http://x"),
    *(b"Range: bytes=0-3", b"Content-Length : 3", b"Upgrade: h2c", b"X: \0", b"X y: z"),
)
_HOSTS: Final = (
    *(b"Host: localhost",) * 20,
    *(b"Host: evil.test", b"Host: [::1]:1", b"Host: localhost\r\nHost: evil.test"),
    *(b"Host: ", b"host: LOCALHOST", b"Host: localhost\r\n .evil.test", b"Host: \xff"),
)
_FRAMED: Final = (
    *(b"%x\r\n%b\r\n",) * 8,
    *(b"%x;a=b\r\n%b\r\n", b"%X\r\n%b\r\n", b"0%x\r\n%b\r\n", b"%x\n%b\n"),
    *(b"%x\r\n%bx\r\n", b"+%x\r\n%b\r\n", b"%x \r\n%b\r\n", b"%x\r\n%b"),
)
_LAST: Final = (
    *(b"0\r\n\r\n",) * 8,
    *(b"0\r\nX: y\r\n\r\n", b"00\r\n\r\n", b"0\r\nno trailer\r\n\r\n", b"0\n\n", b""),
    *(b"0\r\n" + b"a: b\r\n" * 900 + b"\r\n",),
)


class PostGrammar:
    """Makes inputs for lines over HTTP, one after another.

    Args:
        grammar: makes what bodies carry, and chooses.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._random = grammar.random
        self._requests = [self._request() for _ in range(10_000)]

    def input(self) -> bytes:
        """Return one request, or some that are sent at once."""
        pick = self._random.random
        data = b"".join(self._random.choices(self._requests, k=1 + int(pick() * 4)))
        while pick() < 0.25:
            data = self._grammar.spoil(data)
        return data

    def _request(self) -> bytes:
        choose, pick = self._random.choice, self._random.random
        extra = self._random.choices(_EXTRA, k=int(pick() * pick() * 5))
        if pick() < 0.8:
            extra.append(b"Authorization: Bearer " + SECRET.encode())
        if pick() < 0.4:
            method = choose((b"GET", b"GET", b"GET", b"GET", b"OPTIONS", b"DELETE"))
            return self._whole(method, choose(_READS), extra, b"")
        extra.append(b"Content-Type: " + choose(_KINDS))
        body = self._body(b"json" in extra[-1].lower())
        if pick() < 0.3:
            extra.append(b"Transfer-Encoding: chunked")
            body = self._chunked(body)
        elif pick() < 0.97:
            size = len(body) if pick() < 0.95 else self._random.randrange(99_999)
            extra.append(b"Content-Length: %d" % size)
        method = b"POST" if pick() < 0.95 else choose((b"PUT", b"GET", b"post"))
        self._random.shuffle(extra)
        return self._whole(method, choose(_POSTS), extra, body)

    def _whole(
        self, method: bytes, path: bytes, headers: list[bytes], body: bytes
    ) -> bytes:
        first = b" ".join((method, path, self._random.choice(_VERSIONS)))
        host = self._random.choice(_HOSTS)
        lines = [first, host, *headers, b"", body]
        return b"\r\n".join(lines)

    def _body(self, is_json: bool) -> bytes:
        pick = self._random.random
        body = self._grammar.input()
        if pick() < 0.03:
            size = self._random.choice((65_535, 65_536, 65_537, 8192, 8193))
            body = self._random.choice((b"x", b"\n", b"y\n", b"\xff")) * size
            return body[:size]
        if not is_json or pick() < 0.1:
            return body
        fields: dict[str, object] = {"text": body.decode("utf-8", "surrogateescape")}
        if pick() < 0.3:
            fields["name"] = self._random.choice(
                ("alice", "", 1, None, "x y", "\ud800")
            )
        return json.dumps(fields).encode()

    def _chunked(self, body: bytes) -> bytes:
        choose, below = self._random.choice, self._random.randrange
        pieces: list[bytes] = []
        while body:
            at = 1 + below(len(body))
            piece, body = body[:at], body[at:]
            pieces.append(choose(_FRAMED) % (len(piece), piece))
        return b"".join([*pieces, choose(_LAST)])
