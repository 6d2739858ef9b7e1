"""How many HTTP connections there are: limits, whom they are for, and the log."""

import pytest

from broadcast.net.closing import LINGER
from broadcast.web.places import FULL, HOST_FULL, LINGERING
from broadcast.web.site import WebSite
from tests.support.hall import Hall
from tests.support.logged import logged
from tests.support.visitor import Visitor, new_site

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def _site(hall: Hall, most: int = 100, per_host: int = 0) -> WebSite:
    return new_site(
        hall, web="0", web_max_connections=str(most), web_max_per_host=str(per_host)
    )


def test_beyond_the_limit_one_is_told_and_closed() -> None:
    """When it asks; whoever was there goes on, and a place that is left is taken."""
    hall = Hall()
    site = _site(hall, most=2)
    first, second, late = (Visitor(hall, site=site) for _ in range(3))
    late.send(GET)
    assert late.take() == FULL
    assert late.is_aborted()
    second.send(GET)
    assert second.take().startswith(b"HTTP/1.1 200 ")
    first.lose()
    next_one = Visitor(hall, site=site)
    next_one.send(GET)
    assert next_one.take().startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("peers", "told"),
    [
        (["192.0.2.1", "192.0.2.2"], b""),
        (["192.0.2.1", "192.0.2.1"], HOST_FULL),
        (["192.0.2.1", "::ffff:192.0.2.1"], HOST_FULL),
        (["2001:db8::1", "2001:db8::2"], HOST_FULL),
        (["2001:db8::1", "2001:db8:0:1::1"], b""),
        (["127.0.0.1", "127.0.0.1"], HOST_FULL),
    ],
)
def test_a_host_has_its_share(peers: list[str], told: bytes) -> None:
    """One address, in whichever form; of IPv6 one network."""
    hall = Hall()
    site = _site(hall, per_host=1)
    first, second = (Visitor(hall, peer=peer, site=site) for peer in peers)
    second.send(b"GET /nothing HTTP/1.1\r\n")
    assert second.take() == told
    assert not first.is_aborted()


def test_members_hold_no_place() -> None:
    """A WebSocket is a member's: it frees its place as soon as it is one."""
    hall = Hall()
    site = _site(hall, most=1, per_host=1)
    for name in ("alice", "bob"):
        Visitor(hall, site=site).upgraded(name)
    assert len(hall.room.subscriptions) == 2
    assert not len(site.places)


def test_refused_ones_hold_few_descriptors() -> None:
    """Some are told why, as many as are lingered for; the others are cut off."""
    hall = Hall()
    site = _site(hall, most=1)
    Visitor(hall, site=site)
    refused = [Visitor(hall, site=site) for _ in range(LINGERING + 5)]
    assert all(one.transport.disconnected for one in refused[LINGERING:])
    for one in refused[:LINGERING]:
        one.send(GET)
    assert [one.take() for one in refused] == [FULL] * LINGERING + [b""] * 5
    assert all(one.transport.disconnected for one in refused[LINGERING:])
    refused[0].lose()
    next_one = Visitor(hall, site=site)
    next_one.send(GET)
    assert next_one.take() == FULL


def test_a_refused_one_that_asks_nothing_is_told_all_the_same() -> None:
    """After two seconds, or when it ends its side; in small pieces it is waited for."""
    hall = Hall()
    site = _site(hall, most=1)
    Visitor(hall, site=site)
    silent, ended, slow = (Visitor(hall, site=site) for _ in range(3))
    slow.send(b"GET /even")
    ended.channel.readConnectionLost()
    assert (silent.take(), ended.take(), slow.take()) == (b"", FULL, b"")
    slow.send(b"ts HTTP/1.1\r\n")
    assert slow.take().startswith(b"HTTP/1.1 200 ")
    hall.clock.advance(LINGER + 0.1)
    hall.turn()
    assert silent.take() == FULL
    assert silent.is_aborted()


@pytest.mark.parametrize("path", ["/events", "/events?since=x:1"])
@pytest.mark.parametrize("most", [1, 100])
def test_an_event_source_is_refused_so_that_it_comes_back(path: str, most: int) -> None:
    """It never does after anything but a 200: it gets a ``bye``, and the end."""
    hall = Hall()
    site = _site(hall, most=most, per_host=1)
    Visitor(hall, site=site)
    late = Visitor(hall, site=site)
    late.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head, _, body = late.take().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"Content-Type: text/event-stream" in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"event: bye\ndata: {" in body
    assert b'"reconnect":true' in body
    assert late.is_aborted()


def test_the_log_has_it_once_a_minute() -> None:
    """Each limit by its option, the host by its address."""
    hall = Hall()
    site = _site(hall, most=3, per_host=2)
    with logged() as lines:
        for peer in ("192.0.2.1",) * 4 + ("192.0.2.2",) * 4:
            Visitor(hall, peer=peer, site=site)
    host, full = lines
    assert "2 HTTP connections may be open from 192.0.2.1" in host
    assert "--web-max-per-host" in host
    assert "3 HTTP connections may be open (--web" in full
    assert "--web-max-connections" in full
