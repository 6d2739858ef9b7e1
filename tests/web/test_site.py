"""The HTTP port's addresses: the page, health, readiness, and who reads metrics."""

import re
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.testing import StringTransport

from broadcast.options import settings_from
from broadcast.protocol.events import Bye
from broadcast.web.files import KINDS, content_policy, load
from broadcast.web.http import accepts_gzip
from broadcast.web.site import WebSite
from tests.support.hall import Hall
from tests.support.websocket import request

Address = IPv4Address | IPv6Address | UNIXAddress
RELAY = ("relay", "yes")
HERE = IPv4Address("TCP", "127.0.0.1", 1234)


def _ask(
    hall: Hall,
    path: str,
    *headers: str,
    peer: Address = HERE,
    whole: bytes = b"",
    option: tuple[str, str] = ("web", "0"),
) -> tuple[int, dict[str, str], bytes]:
    """Return the status, the headers and the body of what a request is answered."""
    settings = settings_from({"web": "0", option[0]: option[1]})
    site: Any = WebSite(hall.clock, hall.connections, settings)
    channel: Any = site.buildProtocol(None)
    channel.callLater = hall.clock.callLater
    transport: Any = StringTransport(peerAddress=peer)
    channel.makeConnection(transport)
    lines = [f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]
    channel.dataReceived(whole or "\r\n".join(lines).encode())
    hall.turn()
    head, _, body = transport.value().partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in rest)
    return int(first.split()[1]), {name.lower(): value for name, value in pairs}, body


def test_readiness_follows_the_listeners() -> None:
    """Alive is always said; ready from when all is open until it begins to stop."""
    hall = Hall()
    assert _ask(hall, "/readyz")[::2] == (503, b"not ready\n")
    hall.connections.is_open = True
    assert _ask(hall, "/readyz")[::2] == (200, b"ready\n")
    hall.connections.stop(Bye("shutdown", "The server has shut down"))
    assert _ask(hall, "/readyz")[::2] == (503, b"not ready\n")
    assert _ask(hall, "/healthz")[::2] == (200, b"alive\n")


def test_every_file_has_its_type_policy_and_tag() -> None:
    """The page's files have their types, and a policy that allows no other scripts."""
    names = set(load())
    page = _ask(Hall(), "/")[2].decode()
    assert set(re.findall(r'"static/([\w.-]+)"', page)) <= names
    for name in names:
        path = "/" if name == "index.html" else f"/static/{name}"
        status, headers, body = _ask(Hall(), path)
        assert (status, int(headers["content-length"])) == (200, len(body)), name
        assert headers["content-type"] == KINDS["." + name.rpartition(".")[2]], name
        assert headers["content-security-policy"] == content_policy(), name
        assert headers["cache-control"] == "no-cache", name
        assert headers["etag"], name


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ("{tag}", 304),
        ('"old", {tag}', 304),
        ("W/{tag}", 304),
        ('W/"old",W/{tag} ,"x, y"', 304),
        ('"old"\r\nIf-None-Match: {tag}', 304),
        ("*", 304),
        (" * ", 304),
        ('"old"', 200),
        ("", 200),
        ("{bare}", 200),
        ('"{bare}x"', 200),
        ('"*"', 200),
    ],
)
def test_a_file_is_sent_again_only_if_it_is_another(known: str, status: int) -> None:
    """Whichever tag the browser has kept: the same one is enough, with the policy."""
    _, first, page = _ask(Hall(), "/")
    tag = first["etag"]
    assert re.fullmatch('"[!#-~]+"', tag)
    given = known.format(tag=tag, bare=tag.strip('"'))
    found, headers, body = _ask(Hall(), "/", f"If-None-Match: {given}")
    assert (found, body) == (status, page if status == 200 else b"")
    assert headers["content-length"] == str(len(page))
    assert headers["content-security-policy"] == content_policy()
    assert headers["etag"] == tag


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        (HERE, 200),
        (IPv4Address("TCP", "127.8.9.10", 1), 200),
        (IPv6Address("TCP", "::1", 1), 200),
        (IPv6Address("TCP", "::ffff:127.0.0.1", 1), 200),
        (UNIXAddress("/run/web"), 200),
        (IPv4Address("TCP", "192.0.2.1", 1), 403),
        (IPv4Address("TCP", "10.127.0.1", 1), 403),
        (IPv6Address("TCP", "2001:db8::1", 1), 403),
        (IPv6Address("TCP", "::ffff:192.0.2.1", 1), 403),
    ],
    ids=lambda given: str(getattr(given, "host", given)),
)
def test_metrics_are_for_this_machine(peer: Address, status: int) -> None:
    """Others are told that, unless metrics are for everybody; off, there are none."""
    words = b"metrics are for this machine only\n"
    found, _, body = _ask(Hall(), "/metrics", peer=peer)
    assert (found, body == words) == (status, status == 403)
    assert _ask(Hall(), "/metrics", peer=peer, option=("web-metrics", "on"))[0] == 200
    off = _ask(Hall(), "/metrics", peer=peer, option=("web-metrics", "off"))
    assert off[::2] == (404, b"there is nothing here\n")


@pytest.mark.parametrize(
    "via",
    ["Forwarded: for=x", "X-Forwarded-For: 127.0.0.1", "x-real-ip: ::1", "Via: 1.1 p"],
)
def test_a_proxys_visitors_are_not_from_this_machine(via: str) -> None:
    """A request through a local proxy, by whatever header, gets no metrics."""
    assert _ask(Hall(), "/metrics", via)[0] == 403
    assert _ask(Hall(), "/metrics", via, peer=UNIXAddress("/run/web"))[0] == 403


def test_metrics_have_prometheus_type() -> None:
    """A scrape is told which text format it gets."""
    kind = _ask(Hall(), "/metrics")[1]["content-type"]
    assert re.match(r"text/plain; version=\d", kind)


def test_a_relay_has_no_page() -> None:
    """A relay says so where the page would be; its WebSockets begin there still."""
    assert _ask(Hall(), "/", option=RELAY)[::2] == (404, b"a relay has no page\n")
    for path in ("/static/page.js", "/static", "/index.html"):
        assert _ask(Hall(), path, option=RELAY)[::2] == (
            404,
            b"there is nothing here\n",
        )
    for path in ("/", "/ws"):
        assert _ask(Hall(), path, whole=request(path), option=RELAY)[0] == 101


def test_tls_is_offered_no_other_http() -> None:
    """HTTP/2, which is not spoken here, is not negotiated either."""
    hall = Hall()
    site = WebSite(hall.clock, hall.connections, settings_from({"web": "0"}))
    assert site.acceptableProtocols() == [b"http/1.1"]


@pytest.mark.parametrize(
    ("accepted", "is_accepted"),
    [
        ([], False),
        (["gzip"], True),
        (["br, GZIP"], True),
        (["deflate", "x-gzip;q=0.5"], True),
        (["*"], True),
        (["gzip;q=0"], False),
        (["gzip ; q=0.000, *"], False),
        (["*;q=0"], False),
        (["gzip;q=0.001"], True),
        (["identity, br"], False),
        ([""], False),
    ],
)
def test_gzip_is_for_clients_that_take_it(
    accepted: list[str], is_accepted: bool
) -> None:
    """By name or by ``*``, unless its weight is nought."""
    assert accepts_gzip(accepted) == is_accepted
