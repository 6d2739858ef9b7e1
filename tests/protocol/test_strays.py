"""Strays: which first bytes are no client's of ours, and what they are answered."""

import http.client
import ssl
import time
from io import BytesIO
from typing import Any

import pytest

from broadcast.protocol import strays
from broadcast.protocol.strays import HTTP_SPOKEN_HERE, Stray

REQUESTS = [
    b"GET / HTTP/1.1\r\n",
    b"GET /x?y=z HTTP/1.0\n",
    b"GET / HTTP/3\n",
    b"POST http://host/path HTTP/1.1\r\nHost: host\r\n\r\n",
    b"CONNECT host:443 HTTP/1.1\r\n",
    b"M-SEARCH * HTTP/1.1\r\n",
    b"OPTIONS * HTTP/1.1\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]

LIKE_REQUESTS = [
    b"DESCRIBE rtsp://host/stream RTSP/1.0\r\n",
    b"INVITE sip:bob@host SIP/2.0\r\n",
    b"GET /with a space HTTP/1.1\r\n",
]

OTHERS = [
    (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", Stray.SSH),
    (b"SSH-1.99-x\n", Stray.SSH),
    (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", Stray.PROXY),
    (b"PROXY TCP6 ::1 ::1 1 2\r\n", Stray.PROXY),
    (b"PROXY UNKNOWN\r\n", Stray.PROXY),
]

LINES = [
    b"hello\n",
    b"GET it done\n",
    b"GET /healthz HTTP/1.1 gives 502\n",
    b"get / HTTP/1.1\n",
    b"GO / HTTP/1.1\n",
    b"GET x HTTP/1.1\n",
    b"GET / FTP/1.1\n",
    b"GET / HTTP/1.10\n",
    b"alice: GET / HTTP/1.1\n",
    b"/name GET\n",
    b" GET / HTTP/1.1\n",
    b"GET /HTTP/1.1\n",
    b"GET / HTTP/x\n",
    b"hi\nGET / HTTP/1.1\n",
    b"GET /\nHTTP/1.1\n",
    b"PROXY is down again\n",
    b"PROXY TCP\n",
    b"PROXY TCP40 x\n",
    b"SSH-2.0- is what it says\n",
    b"SSH is down\n",
    b"\0\r\nQUIT\n",
]


def _client_hello() -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


def test_the_hello_of_a_tls_client_is_recognised() -> None:
    """A real client's first bytes are TLS, and known with the second of them."""
    hello = _client_hello()
    assert strays.find(hello) is strays.find(hello[:2]) is Stray.TLS
    assert strays.find(hello[:1]) is None
    assert strays.is_unknown(hello[:1])


@pytest.mark.parametrize(
    ("line", "stray"),
    [*[(line, Stray.HTTP) for line in REQUESTS + LIKE_REQUESTS], *OTHERS],
)
def test_a_stray_is_known_by_its_first_line(line: bytes, stray: Stray) -> None:
    """At the line's end, and not before; in a relay, and of feeds, only HTTP is."""
    end = line.index(b"\n")
    for at in range(end + 1):
        assert strays.find(line[:at]) is None
        assert strays.is_unknown(line[:at])
    assert strays.find(line) is stray
    narrow = stray if stray is Stray.HTTP else None
    assert strays.find(line, is_narrow=True) is narrow
    assert not strays.is_unknown(line, is_narrow=True)


@pytest.mark.parametrize("line", [*LINES, b"\x03\x16\n", b"\x16\n"])
def test_any_other_line_is_said(line: bytes) -> None:
    """Honest words about requests, proxies and shells make nobody a stray."""
    assert strays.find(line) is None
    assert not strays.is_unknown(line)


def test_the_binary_proxy_header_is_known_by_twelve_bytes() -> None:
    """The four of them that are blank lines stand before the first line."""
    signature = b"\r\n\r\n\0\r\nQUIT\n"
    for at in range(4, 12):
        assert strays.find(signature[4:at], signature[:4]) is None
        assert strays.is_unknown(signature[4:at], signature[:4])
    assert strays.find(signature[4:], signature[:4]) is Stray.PROXY
    assert strays.find(signature[4:], signature[:4], is_narrow=True) is None
    assert strays.find(signature[4:], b"\n\n") is None
    assert not strays.is_unknown(b"\0\r\nQUOT", signature[:4])


@pytest.mark.parametrize("line", [b"GET " + b":" * 60_000, b"AB-" * 20_000])
def test_no_line_takes_long_to_be_looked_at(line: bytes) -> None:
    """Not the square of its length, which would be minutes."""
    began = time.process_time()
    assert strays.find(line + b" x HTTP/y\n") is None
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize(
    ("half", "is_request", "may_be"),
    [
        (b"GET / HTTP/1.", True, False),
        (b"GET http:", True, False),
        (b"GET http://host", True, False),
        (b"GET http", False, True),
        (b"GET", False, True),
        (b"P", False, True),
        (b"\x16", False, True),
        (b"GET on with it", False, False),
        (b"HELLO", False, False),
        (b"hello", False, False),
    ],
)
def test_half_a_line(half: bytes, is_request: bool, may_be: bool) -> None:
    """What may become a request is told from what will not."""
    assert strays.is_request(half) is is_request
    assert strays.may_be_stray(half, is_narrow=True) is may_be


def test_half_a_line_of_those_that_a_relay_takes() -> None:
    """SSH and PROXY are strays where there are names, and lines elsewhere."""
    for half in (b"SSH-2", b"PROXY TC", b"\r"):
        assert strays.may_be_stray(half)
        assert not strays.may_be_stray(half, is_narrow=True)


@pytest.mark.parametrize("request_", [r for r in REQUESTS if b"\r\n" in r])
def test_no_beginning_of_a_request_is_refused_on_a_web_port(request_: bytes) -> None:
    """A request that comes in pieces, of whatever size, is never taken for lines."""
    for end in range(len(request_) + 1):
        assert not strays.is_no_http(request_[:end])


@pytest.mark.parametrize("line", [b"hello\n", b"\n", b"/name al\nhello\r\n", b"\r \n"])
def test_a_line_on_a_web_port_is_refused_at_its_end(line: bytes) -> None:
    """A line that ends with LF alone is no HTTP; before its LF that is unknown."""
    assert strays.is_no_http(line)
    assert not strays.is_no_http(line[: line.index(b"\n")])


class _Answered:
    """A socket from which an answer can be read, as ``http.client`` asks for one."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def makefile(self, mode: str) -> BytesIO:
        return BytesIO(self._answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (strays.answer(Stray.HTTP), b"speaks lines, not HTTP. Try: nc"),
        (strays.answer(Stray.HTTP, "http://x:1/"), b"The page is at http://x:1/\n"),
        (HTTP_SPOKEN_HERE, b"HTTP and"),
    ],
)
def test_the_answers_are_whole_http_responses(answer: bytes, words: bytes) -> None:
    """An HTTP client reads status 400, all of the words, and that it is the end."""
    sock: Any = _Answered(answer)
    response = http.client.HTTPResponse(sock)
    response.begin()
    assert response.status == 400
    assert response.will_close
    body = response.read()
    assert answer.endswith(b"\r\n\r\n" + body)
    assert words in body
    assert body.endswith(b"\n")


def test_ssh_and_proxy_are_told_one_line_and_tls_nothing() -> None:
    """Each says what to do instead; a TLS client could not read it."""
    for stray in (Stray.SSH, Stray.PROXY):
        told = strays.answer(stray)
        assert told.startswith(b"* ")
        assert told.endswith(b"\n")
        assert told.count(b"\n") == 1
    assert strays.answer(Stray.TLS) == b""
