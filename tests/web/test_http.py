"""One HTTP connection: answers in order, what it never reads, and its end."""

import pytest

from broadcast.web.http import NO_BODY
from broadcast.web.site import REQUEST_TIME
from tests.support.hall import Hall
from tests.support.visitor import Visitor
from tests.support.websocket import TEXT, frame, request


def _get(path: str, *more: str, method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *more, "", ""]
    return "\r\n".join(lines).encode()


@pytest.fixture
def hall() -> Hall:
    """Give a room without sockets."""
    return Hall()


@pytest.fixture
def visitor(hall: Hall) -> Visitor:
    """Give a connection to its HTTP port."""
    return Visitor(hall)


@pytest.mark.parametrize(
    ("path", "status"), [("/healthz", 200), ("/", 200), ("/nothing", 404), ("/ws", 426)]
)
def test_every_answer_is_protected(visitor: Visitor, path: str, status: int) -> None:
    """Whatever is answered: no sniffing, no framing, no referrer, no other site."""
    visitor.send(_get(path))
    head = visitor.take().partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    assert head[0].startswith(b"http/1.1 %d " % status)
    assert {
        b"cross-origin-resource-policy: same-origin",
        b"referrer-policy: no-referrer",
        b"x-content-type-options: nosniff",
        b"x-frame-options: deny",
    } < set(head)
    kept = b"no-cache" if path == "/" else b"no-store"
    assert [line for line in head if line.startswith(b"cache-control:")] == [
        b"cache-control: " + kept
    ]


def test_requests_sent_at_once_are_answered_in_order(visitor: Visitor) -> None:
    """Each of several requests in one read has its answer, the connection is kept."""
    visitor.send(_get("/healthz") + _get("/nothing") + _get("/readyz"))
    told = visitor.take()
    places = [told.index(b"HTTP/1.1 %d " % status) for status in (200, 404, 503)]
    assert places == sorted(places)
    assert told.count(b"HTTP/1.1 ") == 3
    assert not visitor.is_aborted()


def test_head_is_answered_without_a_body(visitor: Visitor) -> None:
    """HEAD gives the head of what GET would give: its length, and not a byte of it."""
    visitor.send(_get("/healthz", method="HEAD"))
    head, end, body = visitor.take().partition(b"\r\n\r\n")
    assert b"\r\nContent-Length: 6" in head
    assert (end, body) == (b"\r\n\r\n", b"")


@pytest.mark.parametrize(
    "header",
    ["Content-Length: 4", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
)
def test_a_body_is_refused_and_what_follows_is_nothing(
    visitor: Visitor, header: str
) -> None:
    """What was asked before it is answered; it, and all after it, is not read."""
    visitor.send(_get("/healthz") + _get("/healthz", header) + b"body")
    visitor.send(_get("/healthz"), request("/ws?name=ghost"), frame(TEXT, b"boo"))
    told = visitor.take()
    assert told.startswith(b"HTTP/1.1 200 ")
    assert told.endswith(b"alive\n" + NO_BODY)
    assert told.count(b"HTTP/1.1 ") == 2
    assert visitor.is_aborted()
    assert not visitor.hall.connections


def test_who_speaks_no_http_is_answered_once(visitor: Visitor) -> None:
    """What follows a first line of another protocol is not read, request or not."""
    visitor.send(b"hello\n", *_get("/healthz").splitlines(keepends=True))
    told = visitor.take()
    assert told.startswith(b"HTTP/1.1 400 ")
    assert told.endswith(b"\r\n\r\nHTTP and WebSocket are spoken here\n")
    assert told.count(b"HTTP/1.1 ") == 1
    assert visitor.is_aborted()


def test_an_answered_request_earns_as_much_time_again(
    hall: Hall, visitor: Visitor
) -> None:
    """A kept connection lasts from its last answer on, and is closed after that."""
    for _ in range(3):
        hall.clock.advance(REQUEST_TIME - 1)
        visitor.send(_get("/healthz"))
        assert visitor.take().startswith(b"HTTP/1.1 200 ")
    hall.clock.advance(REQUEST_TIME - 1)
    assert not visitor.is_aborted()
    hall.clock.advance(1)
    assert visitor.is_aborted()


def test_who_stops_lets_members_be(hall: Hall, visitor: Visitor) -> None:
    """Only who asks for nothing is closed when no more is listened for: members of
    the room are the room's to part with."""
    site = visitor.channel.factory
    member = Visitor(hall)
    member.channel.factory = site
    site.channels[member.channel] = None
    member.upgraded("alice")
    asking = Visitor(hall)
    asking.channel.factory = site
    site.channels[asking.channel] = None
    asking.send(_get("/healthz")[:10])
    assert list(site.channels) == [visitor.channel, asking.channel]
    site.stopFactory()
    assert visitor.is_aborted()
    assert not member.is_aborted()
    assert not asking.is_aborted()
    asking.send(_get("/healthz")[10:])
    assert b"\r\nConnection: close" in asking.take()
    assert asking.is_aborted()
