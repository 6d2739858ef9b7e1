"""Where a body ends, in whatever pieces it comes; and bodies on a connection."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.web.bodies import Body, BodyError
from broadcast.web.http import MAX_BODY
from broadcast.web.places import Bodies
from broadcast.web.site import REQUEST_TIME
from tests.support.http import Http, answer_in, request

NEXT = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def _take(length: int | None, pieces: list[bytes]) -> tuple[bytes, bytes, bool]:
    """Return what the pieces of a body hold, what is left, and whether it is whole."""
    body, unread, found = Body(length), bytearray(), b""
    for piece in pieces:
        unread += piece
        found += body.take(unread)
    return found, bytes(unread), body.is_whole


def _chunked(contents: list[bytes], extension: bytes = b"") -> bytes:
    chunks = [b"%x%b\r\n%b\r\n" % (len(c), extension, c) for c in contents if c]
    return b"".join([*chunks, b"0\r\n\r\n"])


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in pairwise(edges)]


@given(
    st.lists(st.binary(max_size=40), max_size=5),
    st.lists(st.integers(0, 500), max_size=20),
    st.sampled_from([b"", b";a=b", b" ;x"]),
)
def test_chunks_are_the_same_however_they_come(
    contents: list[bytes], places: list[int], extension: bytes
) -> None:
    """What follows the body is left for the next request."""
    data = _chunked(contents, extension) + NEXT
    assert _take(None, _cut(data, places)) == (b"".join(contents), NEXT, True)


@given(st.binary(max_size=80), st.lists(st.integers(0, 500), max_size=20))
def test_a_length_is_a_length(content: bytes, places: list[int]) -> None:
    """Neither less nor more is taken."""
    pieces = _cut(content + NEXT, places)
    assert _take(len(content), pieces) == (content, NEXT, True)


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b"x\r\n",
        b"0x1\r\na\r\n",
        b"+1\r\na\r\n",
        b"-1\r\na\r\n",
        b" 1\r\na\r\n",
        b"1 \r\na\r\n",
        b"1_0\r\na\r\n",
        b"\xb2\r\na\r\n",
        b"123456789\r\n",
        b"1\ra\r\n0\r\n\r\n",
        b"1\na\n0\n\n" + b" " * 300,
        b"1;\x00\r\na\r\n",
        b"1;a\nb\r\na\r\n",
        b"1\r\nab\r\n0\r\n\r\n",
        b"1\r\na\n\n0\r\n\r\n",
        b"1\r\na0\r\n\r\n",
        b"1" + b";" * 300,
        b"0\r\nno trailer\r\n\r\n",
        b"0\r\n folded: x\r\n\r\n",
        b"0\r\n" + b"a: b\r\n" * 1000,
        b"0\r\na: \x01\r\n\r\n",
    ],
    ids=lambda data: repr(data[:16]),
)
def test_what_is_not_clear_is_refused(data: bytes) -> None:
    """Whole, and a byte at a time: nothing is guessed, and nothing goes on."""
    with pytest.raises(BodyError):
        _take(None, [data])
    with pytest.raises(BodyError):
        _take(None, [data[at : at + 1] for at in range(len(data))])


def test_trailers_are_ignored() -> None:
    """They belong to the body."""
    data = b"1\r\na\r\n0\r\nX: y\r\nZ:\r\n\r\n"
    assert _take(None, [data + NEXT]) == (b"a", NEXT, True)


@pytest.fixture
def http() -> Http:
    """Give a room's HTTP port."""
    return Http()


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_pipelined_posts_are_said_in_order(http: Http, size: int) -> None:
    """In whatever pieces; each is answered before the next is looked at."""
    ear = http.hall.join()
    ear.take()
    chunked = b"POST /say HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    data = b"".join(
        [
            request("POST", "/say", body=b"one"),
            chunked + _chunked([b"tw", b"o"]),
            NEXT,
            request("POST", "/say", body=b""),
            request("POST", "/say", body=b"three\nfour"),
        ]
    )
    visitor = http.visit()
    visitor.send(*(data[at : at + size] for at in range(0, len(data), size)))
    for _ in range(20):
        http.hall.turn()
    assert ear.lines() == [
        "http: one",
        "http: two",
        "http: three",
        "http: four",
    ]
    answers = visitor.take().split(b"HTTP/1.1 ")[1:]
    assert [one[:3] for one in answers] == [b"200", b"200", b"200", b"400", b"200"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/say", ["Content-Length: 65537"], 413),
        ("POST", "/say", ["Content-Length: 99999999999999999999"], 413),
        ("POST", "/say", ["Content-Length: 5", "Content-Length: 5"], 400),
        ("POST", "/say", ["Content-Length: 5", "Content-Length: 6"], 400),
        ("POST", "/say", ["Content-Length: 5", "Transfer-Encoding: chunked"], 400),
        ("POST", "/say", ["Transfer-Encoding: chunked", "Content-Length: 5"], 400),
        ("POST", "/say", ["Transfer-Encoding: gzip, chunked"], 400),
        ("POST", "/say", ["Transfer-Encoding: identity"], 400),
        ("POST", "/say", ["Transfer-Encoding: xchunked"], 400),
        ("POST", "/say", ["Transfer-Encoding: chunked", "Transfer-Encoding: x"], 400),
        ("POST", "/say", ["Content-Length: -5"], 400),
        ("POST", "/say", ["Content-Length: 0x5"], 400),
        ("POST", "/say", ["Content-Length: 5,5"], 400),
        ("POST", "/say", ["Content-Length : 5"], 400),
        ("GET", "/say", ["Content-Length: 5"], 405),
        ("GET", "/lines", ["Content-Length: 5"], 413),
        ("POST", "/lines", ["Content-Length: 5"], 405),
        ("POST", "/SAY", ["Content-Length: 5"], 404),
        ("POST", "/say/", ["Content-Length: 5"], 404),
        ("PUT", "/say?name=x", ["Content-Length: 5"], 405),
        ("POST", "/", ["Content-Length: 5"], 405),
        ("OPTIONS", "*", ["Content-Length: 5"], 405),
        ("POST", "/%73ay/", ["Content-Length: 5"], 404),
        ("POST", "/static/nothing.js", ["Content-Length: 5"], 404),
        ("POST", "/nothing", ["Transfer-Encoding: chunked"], 404),
        ("POST", "x", ["Content-Length: 5"], 400),
    ],
)
def test_a_body_that_is_not_wanted_is_not_read(
    http: Http, method: str, path: str, headers: list[str], status: int
) -> None:
    """It is refused by its head, and what follows is no request."""
    visitor = http.visit()
    visitor.send(request(method, path, *headers) + b"hello" + NEXT)
    http.hall.turn()
    data = visitor.take()
    assert answer_in(data).status == status
    assert data.count(b"HTTP/1.1 ") == 1
    assert visitor.is_aborted()
    assert http.hall.room.log.lines == 0


def test_continue_is_said_before_a_body_that_may_come(http: Http) -> None:
    """curl waits for it; one that may not come is refused instead."""
    visitor = http.visit()
    head = request("POST", "/say", "Content-Length: 2", "Expect: 100-continue")
    visitor.send(head)
    assert visitor.take() == b"HTTP/1.1 100 Continue\r\n\r\n"
    visitor.send(b"hi")
    assert answer_in(visitor.take()).status == 200
    for more in ("Origin: http://evil.example", "Transfer-Encoding: gzip"):
        visitor = http.visit()
        visitor.send(head.replace(b"\r\n\r\n", f"\r\n{more}\r\n\r\n".encode()))
        assert answer_in(visitor.take()).status in (400, 403)


def test_chunks_beyond_the_limit_are_refused(http: Http) -> None:
    """As soon as they are, and nothing of them is kept."""
    visitor = http.visit()
    visitor.send(request("POST", "/say", "Transfer-Encoding: chunked"))
    for _ in range(20):
        visitor.send(_chunked([b"x" * 4000]).removesuffix(b"0\r\n\r\n"))
    assert answer_in(visitor.take()).status == 413
    visitor.lose()
    assert http.site.bodies.size == 0


def test_malformed_chunks_are_400(http: Http) -> None:
    """And the end: nobody knows where the next request would begin."""
    visitor = http.visit()
    chunked = request("POST", "/say", "Transfer-Encoding: chunked")
    visitor.send(chunked + b"1\r\nab\r\n0\r\n\r\n" + NEXT)
    data = visitor.take()
    assert answer_in(data).status == 400
    assert data.count(b"HTTP/1.1 ") == 1
    assert visitor.is_aborted()


def test_a_slow_body_is_cut_off(http: Http) -> None:
    """However its bytes trickle in: the whole request has its time."""
    visitor = http.visit()
    visitor.send(request("POST", "/say", "Content-Length: 1000"))
    for _ in range(REQUEST_TIME + 1):
        assert not http.hall.room.log.lines
        visitor.send(b"x")
        http.hall.wait(1)
    assert visitor.is_aborted()
    visitor.lose()
    assert http.site.bodies.size == 0


def test_a_body_that_ends_too_early_is_dropped(http: Http) -> None:
    """Half a post is not said."""
    visitor = http.visit()
    visitor.send(request("POST", "/say", "Content-Length: 10") + b"half")
    visitor.channel.readConnectionLost()
    http.hall.turn()
    assert visitor.is_aborted()
    assert (visitor.take(), http.hall.room.log.lines) == (b"", 0)


def test_all_bodies_together_are_bounded() -> None:
    """In all, and for each host; what is given back can be taken again."""
    bodies = Bodies(most=100, most_per_host=60)
    assert bodies.take("a", "h1", 60)
    assert not bodies.take("b", "h1", 1)
    assert bodies.take("c", "h2", 40)
    assert not bodies.take("d", "h3", 1)
    bodies.give_back("a")
    bodies.give_back("a")
    assert bodies.take("d", "h1", 60)
    assert bodies.size == 100


def test_too_many_bodies_are_told_to_come_back(http: Http) -> None:
    """503, before anything is said; the others go on."""
    http.site.bodies = Bodies(most=MAX_BODY + 10)
    first, second = http.visit(), http.visit()
    first.send(request("POST", "/say", f"Content-Length: {MAX_BODY}") + b"x" * 4000)
    second.send(request("POST", "/say", f"Content-Length: {MAX_BODY}"))
    for _ in range(17):
        second.send(b"y" * 3800)
    refused = answer_in(second.take())
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    second.lose()
    assert http.say(b"z").status == 200
