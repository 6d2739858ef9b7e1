"""Strays: which first bytes are no client's of ours, and what they are answered."""

import http.client
import ssl
from io import BytesIO
from typing import Any

import pytest

from broadcast.protocol import strays
from broadcast.protocol.strays import HTTP_SPOKEN_HERE, LINES_SPOKEN_HERE

REQUESTS = [
    b"GET / HTTP/1.1\r\n",
    b"get /x?y=z HTTP/1.0\n",
    b"POST http://host/path HTTP/1.1\r\nHost: host\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]

LINES = [
    b"hello\n",
    b"GET it done\n",
    b"alice: GET / HTTP/1.1\n",
    b"/name GET\n",
    b" GET / HTTP/1.1\n",
    b"GET /HTTP/1.1\n",
    b"GET / HTTP/x\n",
    b"hi\nGET / HTTP/1.1\n",
    b"GET /\nHTTP/1.1\n",
]


def _client_hello() -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


def test_the_hello_of_a_tls_client_is_recognised() -> None:
    """A real client's first bytes are TLS; they are not taken for HTTP."""
    hello = _client_hello()
    assert strays.is_tls(hello)
    assert not strays.is_http(hello + b"\n")


@pytest.mark.parametrize("line", [*REQUESTS, *LINES, b"\x03\x16\n", b"\x16\n", b"\n"])
def test_lines_and_requests_are_no_tls(line: bytes) -> None:
    """Only the two bytes of a TLS handshake record are TLS, in that order."""
    assert not strays.is_tls(line)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_line_is_http(request_: bytes) -> None:
    """A request of any method, version and line end is HTTP."""
    assert strays.is_http(request_)


@pytest.mark.parametrize("line", LINES)
def test_a_line_that_mentions_http_is_a_line(line: bytes) -> None:
    """Only a first line of the form METHOD TARGET HTTP/VERSION is a request."""
    assert not strays.is_http(line)


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
    [(LINES_SPOKEN_HERE, b"speaks lines, not HTTP"), (HTTP_SPOKEN_HERE, b"HTTP and")],
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
