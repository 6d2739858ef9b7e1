"""How many HTTP connections there are: limits, whom they are for, and the log."""

import pytest

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
    """Before it asks; whoever was there goes on, and a place that is left is taken."""
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
    assert [one.take() for one in refused] == [FULL] * LINGERING + [b""] * 5
    assert all(one.transport.disconnected for one in refused[LINGERING:])
    refused[0].lose()
    assert Visitor(hall, site=site).take() == FULL


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
