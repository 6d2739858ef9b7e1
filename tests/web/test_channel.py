"""One HTTP connection: answers in order, what it never reads, and its end."""

import re
from typing import Any

import pytest
from twisted.logger import LogEvent, globalLogPublisher

from broadcast.protocol.strays import HTTP_SPOKEN_HERE
from broadcast.web.channel import CUT_AFTER, IDLE_TIME, MAX_HEAD
from broadcast.web.http import NO_BODY, TOO_LONG
from broadcast.web.site import REQUEST_TIME
from tests.support.hall import Hall
from tests.support.logged import logged
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


@pytest.mark.parametrize(
    "sent",
    [
        _get("/lines", "Content-Length: 3"),
        _get("/say", "X: y", " Origin: http://evil"),
        _get("/say", "Transfer-Encoding:", "\tchunked", method="POST"),
        _get("/", "X: " + MAX_HEAD * "x"),
    ],
)
def test_what_is_refused_unread_is_protected_too(visitor: Visitor, sent: bytes) -> None:
    """It has a sentence, and the connection is closed."""
    visitor.send(sent)
    head, _, sentence = visitor.take().partition(b"\r\n\r\n")
    assert re.match(rb"HTTP/1.1 4\d\d ", head)
    assert b"\r\nX-Content-Type-Options: nosniff\r\n" in head
    assert b"\r\nContent-Security-Policy: default-src 'none'; sandbox\r\n" in head
    assert b"\r\nConnection: close\r\n" in head
    assert sentence.endswith(b"\n")


def test_requests_sent_at_once_are_answered_in_order(visitor: Visitor) -> None:
    """Each of several requests in one read has its answer, the connection is kept."""
    visitor.send(_get("/healthz") + _get("/nothing") + _get("/readyz"))
    told = visitor.take()
    places = [told.index(b"HTTP/1.1 %d " % status) for status in (200, 404, 503)]
    assert places == sorted(places)
    assert told.count(b"HTTP/1.1 ") == 3
    assert not visitor.is_aborted()


@pytest.mark.parametrize("path", ["/healthz", "/", "/static/page.css", "/nothing"])
def test_head_is_answered_without_a_body(visitor: Visitor, path: str) -> None:
    """HEAD gives the head of what GET would give: its length, and not a byte of it.

    Nothing is logged: a monitor may ask every second.
    """
    visitor.send(_get(path))
    expected, end, body = visitor.take().partition(b"\r\n\r\n")
    assert body
    with logged() as lines:
        visitor.send(_get(path, method="HEAD"))
    assert visitor.take() == expected + end
    assert b"\r\nContent-Length: %d\r\n" % len(body) in expected + end
    assert lines == []


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


@pytest.mark.parametrize("first", [b"hello\n", b"hello\r\n", b"GET /\r\n", b"\r\n\n"])
def test_a_line_is_refused_at_its_end_however_it_comes(
    hall: Hall, first: bytes
) -> None:
    """In one read or in many: the first line that is no request has its answer."""
    for cut in range(len(first)):
        visitor = Visitor(hall)
        visitor.send(first[:cut])
        assert visitor.take() == b""
        visitor.send(first[cut:])
        assert visitor.take() == HTTP_SPOKEN_HERE
        assert visitor.is_aborted()


def test_a_tls_client_is_refused_at_once(visitor: Visitor) -> None:
    """It would wait for an answer to its hello until it is timed out."""
    visitor.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
    assert visitor.take() == HTTP_SPOKEN_HERE
    assert visitor.is_aborted()


def test_a_head_has_its_limit(hall: Hall) -> None:
    """Whole or not, one that is longer is refused and the rest discarded."""
    fits = _get("/healthz", "X: " + "x" * 16_300)
    assert len(fits) < MAX_HEAD
    longer = _get("/healthz", "X: " + "x" * MAX_HEAD)
    for sent, told in (
        (fits, b"HTTP/1.1 200 "),
        (longer, TOO_LONG),
        (longer[:-2], TOO_LONG),
    ):
        visitor = Visitor(hall)
        for at in range(0, len(sent), 1000):
            visitor.send(sent[at : at + 1000])
        assert visitor.take().startswith(told)
        assert visitor.is_aborted() == (told is TOO_LONG)


def test_a_step_answers_one_and_begins_none_after_its_time(visitor: Visitor) -> None:
    """Of a pipeline in one read each step answers at least one."""
    visitor.channel.dataReceived(_get("/healthz") * 5 + _get("/readyz")[:20])
    clock = visitor.hall.clock
    for _ in range(4):
        assert visitor.channel.step(clock.seconds() - 1)
        assert visitor.take().count(b"HTTP/1.1 200 ") == 1
    assert not visitor.channel.step(clock.seconds() + 1)
    assert visitor.take().count(b"HTTP/1.1 200 ") == 1
    assert not visitor.channel.step(clock.seconds() + 1)
    visitor.send(_get("/readyz")[20:])
    assert visitor.take().startswith(b"HTTP/1.1 503 ")


def test_who_reads_no_answers_is_not_read(visitor: Visitor) -> None:
    """While the transport is full nothing more is answered, and soon nothing read;
    then all is answered, in order, and the connection ends in its time."""
    visitor.channel.pauseProducing()
    visitor.send(_get("/healthz") * 3 + _get("/nothing"))
    assert visitor.take() == b""
    assert visitor.transport.producerState == "paused"
    visitor.channel.resumeProducing()
    assert visitor.take() == b""
    visitor.send()
    visitor.hall.clock.advance(0)
    told = visitor.take()
    assert told.count(b"HTTP/1.1 200 ") == 3
    assert told.rindex(b"HTTP/1.1 200 ") < told.index(b"HTTP/1.1 404 ")
    assert visitor.transport.producerState == "producing"


def test_who_never_reads_its_answers_is_cut_off(hall: Hall, visitor: Visitor) -> None:
    """It is closed when it would be for asking nothing, and does not stay for that."""
    visitor.send(_get("/healthz"))
    visitor.channel.pauseProducing()
    visitor.send(_get("/healthz") * 3)
    hall.clock.advance(REQUEST_TIME)
    assert visitor.transport.disconnecting
    assert not visitor.transport.disconnected
    hall.clock.advance(CUT_AFTER)
    assert visitor.transport.disconnected


def test_more_than_a_head_is_not_read_ahead(visitor: Visitor) -> None:
    """A pipeline waits in the kernel; it is read on when there is room again."""
    visitor.channel.dataReceived(_get("/healthz") * 1000)
    assert visitor.transport.producerState == "paused"
    visitor.hall.clock.advance(0)
    assert visitor.take().count(b"HTTP/1.1 200 ") == 1000
    assert visitor.transport.producerState == "producing"


def test_a_fault_closes_one_connection(
    hall: Hall, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails in one's request is logged; that one is cut off, others are not."""
    told: list[LogEvent] = []
    observer: Any = told.append
    other = Visitor(hall)
    with monkeypatch.context() as patch:
        patch.setattr(visitor.channel, "lineReceived", lambda line: 1 / 0)
        globalLogPublisher.addObserver(observer)
        visitor.send(_get("/healthz") * 2)
        globalLogPublisher.removeObserver(observer)
    assert visitor.transport.disconnected
    assert [event["log_failure"].type for event in told] == [ZeroDivisionError]
    other.send(_get("/healthz"))
    assert other.take().startswith(b"HTTP/1.1 200 ")


def test_what_follows_a_handshake_is_the_websockets(visitor: Visitor) -> None:
    """Also behind other requests in one read, and when it looks like another one."""
    message = _get("/nothing")
    whole = _get("/healthz") + request("/ws?name=al") + frame(TEXT, message)
    visitor.send(whole)
    visitor.hall.wait(0.3)
    told = visitor.take()
    assert told.count(b"HTTP/1.1 200 ") == 1
    assert told.count(b"HTTP/1.1 101 ") == 1
    assert told.count(b"HTTP/1.1 404 ") == 0
    assert visitor.hall.room.log.last_id > 0
    assert not visitor.is_aborted()


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
    """A kept connection lasts from its last answer on; a request begun meanwhile has
    the time of any other."""
    visitor.send(_get("/healthz"))
    for _ in range(3):
        visitor.take()
        hall.clock.advance(IDLE_TIME - 1)
        visitor.send(_get("/healthz")[:9])
        hall.clock.advance(REQUEST_TIME - 1)
        visitor.send(_get("/healthz")[9:])
        assert visitor.take().startswith(b"HTTP/1.1 200 ")
    hall.clock.advance(IDLE_TIME - 1)
    assert not visitor.is_aborted()
    hall.clock.advance(1)
    assert visitor.is_aborted()


def test_who_stops_lets_members_be(hall: Hall, visitor: Visitor) -> None:
    """Only who asks for nothing is closed when no more is listened for: members of
    the room are the room's to part with."""
    site = visitor.channel.factory
    Visitor(hall, site=site).upgraded("alice")
    asking = Visitor(hall, site=site)
    asking.send(_get("/healthz")[:10])
    assert list(site.places) == [visitor.channel, asking.channel]
    site.stopFactory()
    assert visitor.is_aborted()
    assert not asking.is_aborted()
    assert len(hall.room.subscriptions) == 1
    asking.send(_get("/healthz")[10:])
    assert b"\r\nConnection: close" in asking.take()
    assert asking.is_aborted()
