"""A malformed head of a request: refused with a sentence, and nothing is logged."""

import pytest

from broadcast.web.channel import MAX_HEAD
from broadcast.web.heads import BAD_HEADER, BAD_LENGTH, BAD_LINE, TOO_LARGE, TOO_MANY
from tests.support.hall import Hall
from tests.support.logged import logged
from tests.support.visitor import Visitor

DIGITS = 5000
"""More than Python takes for a number, and less than a head may have."""


def _post(*headers: bytes, line: bytes = b"POST /say HTTP/1.1") -> bytes:
    return b"\r\n".join([line, b"Host: x", *headers, b"", b""])


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        (_post(line="POST /say?name=Jörg HTTP/1.1".encode()), BAD_LINE),
        (_post(line=b"GET /he\x01althz HTTP/1.1"), BAD_LINE),
        (_post(line=b"GET /healthz HTTP/1.2"), BAD_LINE),
        (_post(line=b"PRI * HTTP/2.0"), BAD_LINE),
        (_post(b"X"), BAD_HEADER),
        (_post(b"X : y"), BAD_HEADER),
        (_post(b"X(: y"), BAD_HEADER),
        (_post(b"X: y\0z"), BAD_HEADER),
        (_post(b"X: y", b" z"), BAD_HEADER),
        (_post(b"X: y\nZ: z"), BAD_HEADER),
        (_post(b"Content-Length: +2"), BAD_LENGTH),
        (_post(b"Content-Length: 2, 2"), BAD_LENGTH),
        (_post(b"Content-Length:"), BAD_LENGTH),
        (_post(b"Content-Length: 2", b"content-length: 2"), BAD_LENGTH),
        (_post(b"Content-Length: 2", b"Transfer-Encoding: chunked"), BAD_LENGTH),
        (_post(b"Transfer-Encoding: gzip, chunked"), BAD_LENGTH),
        (_post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: x"), BAD_LENGTH),
        (_post(*[b"X:y"] * 600), TOO_MANY),
    ],
)
def test_a_malformed_head_is_told_so(head: bytes, answer: bytes) -> None:
    """The connection is closed, since the bytes that follow may be no request."""
    assert len(head) < MAX_HEAD
    visitor = Visitor(Hall())
    with logged() as lines:
        visitor.send(head + b"xy")
    assert visitor.take() == answer
    assert visitor.is_aborted()
    assert lines == []


@pytest.mark.parametrize("path", ["/say", "/lines", "/"])
def test_a_length_may_have_any_digits(path: str) -> None:
    """It is too much, whatever Python takes for a number."""
    visitor = Visitor(Hall())
    length = b"Content-Length: " + b"9" * DIGITS
    with logged() as lines:
        visitor.send(_post(length, line=f"POST {path} HTTP/1.1".encode()))
    assert visitor.take().endswith(f"\r\n\r\n{TOO_LARGE}\n".encode())
    assert visitor.is_aborted()
    assert lines == []


def test_a_right_head_is_none_of_these() -> None:
    """Its names may be in any case, with blanks around their values, or with none."""
    visitor = Visitor(Hall())
    headers = [b"content-LENGTH: \t2 \t", b"X:", b"Y:\xe9\x80\t"]
    visitor.send(_post(*headers) + b"hi")
    assert visitor.take().startswith(b"HTTP/1.1 200 ")
    visitor.send(_post(b"TRANSFER-encoding:\tChunked ") + b"2\r\nhi\r\n0\r\n\r\n")
    assert visitor.take().startswith(b"HTTP/1.1 200 ")
