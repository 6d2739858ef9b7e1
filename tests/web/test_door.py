"""For whom a request is, and who may send it: by name, where names can be made up."""

import pytest

from broadcast.web.door import NULL_WARNING, RefusedError, Target, target_of
from tests.support.hall import Hall
from tests.support.logged import logged
from tests.support.visitor import Visitor, new_site
from tests.support.websocket import request

OUTSIDE = "192.168.1.1"
INSIDE = ["127.0.0.1", "127.0.1.1", "::1", "::ffff:127.0.0.1"]
LOCAL = "localhost:8080"


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("/", Target("/", "a:1")),
        ("/x?y=http://z/", Target("/x?y=http://z/", "a:1")),
        ("*", Target("*", "a:1")),
        ("http://b", Target("/", "b")),
        ("HTTP://b:2/", Target("/", "b:2")),
        ("https://b/x?y", Target("/x?y", "b")),
        ("http://b?y", Target("/?y", "b")),
        ("http://[::1]:3/x#y", Target("/x", "[::1]:3")),
    ],
)
def test_a_whole_address_overrides_the_host(target: str, found: Target) -> None:
    """Its host is what is asked for (RFC 9112, 3.2.2), the rest is the path."""
    assert target_of(target, ["a:1"], "HTTP/1.1") == found


@pytest.mark.parametrize(
    ("target", "hosts", "version", "message"),
    [
        ("/", [], "HTTP/1.1", "one Host header"),
        ("http://b/", [], "HTTP/1.1", "one Host header"),
        ("/", ["a", "a"], "HTTP/1.1", "one Host header"),
        ("/", ["a", "b"], "HTTP/1.0", "one Host header"),
        ("/", ["a b"], "HTTP/1.1", "no host"),
        ("/", ["a,b"], "HTTP/1.1", "no host"),
        ("http://u@b/", ["a"], "HTTP/1.1", "no host"),
        ("http:///x", ["a"], "HTTP/1.1", "no host"),
        ("ftp://b/", ["a"], "HTTP/1.1", "a path"),
        ("b:443", ["a"], "HTTP/1.1", "a path"),
        ("x", ["a"], "HTTP/1.1", "a path"),
    ],
)
def test_what_is_for_nobody_is_refused(
    target: str, hosts: list[str], version: str, message: str
) -> None:
    """None, two, or what is no host: 400, and the words say which."""
    with pytest.raises(RefusedError, match=message) as refused:
        target_of(target, hosts, version)
    assert refused.value.status == 400


def test_an_old_request_needs_no_host() -> None:
    """HTTP/1.0 knows none; an empty one is none."""
    assert target_of("/", [], "HTTP/1.0") == Target("/", "")
    assert target_of("/", [""], "HTTP/1.1") == Target("/", "")


def _ask(at: str, host: str, path: str = "/healthz", **options: str) -> str:
    """Return the answer to a request that comes to the address ``at``."""
    hall = Hall()
    site = new_site(hall, web="0", **options)
    visitor = Visitor(hall, at, peer=at, site=site)
    visitor.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return visitor.take().decode()


@pytest.mark.parametrize("at", INSIDE)
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("127.0.0.1:8080", 200),
        ("[::1]:8080", 200),
        ("evil.example", 421),
        ("evil.example:8080", 421),
        ("localhost.evil.example", 421),
        ("", 421),
    ],
)
def test_on_loopback_a_name_must_be_known(at: str, host: str, status: int) -> None:
    """A name that somebody pointed here reads nothing: page, health or metrics."""
    for path in ("/healthz", "/metrics", "/", "/nothing"):
        answer = _ask(at, host, path)
        found = 404 if status == 200 and path == "/nothing" else status
        assert answer.startswith(f"HTTP/1.1 {found} "), (path, answer)
        assert ("--web-origin" in answer) == (status == 421)
    assert _ask(OUTSIDE, host).startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize("at", INSIDE)
def test_no_name_joins_by_itself(at: str) -> None:
    """A page whose own name points here is of our own origin, and stays outside; so
    does a whole address in place of the Host."""
    for asked in (
        request("/ws", ["Origin: http://evil.example"], "evil.example"),
        request("/ws", host="evil.example"),
        request("http://evil.example/ws", host=LOCAL),
    ):
        hall = Hall()
        visitor = Visitor(hall, at)
        visitor.send(asked)
        answer = visitor.take()
        assert answer.startswith(b"HTTP/1.1 421 ")
        assert b"\r\nConnection: close" in answer
        assert visitor.is_aborted()
        assert not hall.connections


def test_a_named_origin_makes_its_host_known() -> None:
    """--web-origin names the host, whatever port it comes by; no other."""
    named = "https://chat.example.org https://b.example:81"
    for host in ("chat.example.org", "chat.example.org:8443", "B.example"):
        assert _ask("::1", host, web_origin=named).startswith("HTTP/1.1 200 ")
    assert _ask("::1", "x.example", web_origin=named).startswith("HTTP/1.1 421 ")


def test_an_absolute_target_is_served() -> None:
    """As if it were a path, its own host compared with the Origin."""
    assert _ask("::1", LOCAL, "http://localhost/healthz").endswith("alive\n")
    assert _ask("::1", "evil.example", "http://[::1]/healthz").endswith("alive\n")
    hall = Hall()
    visitor = Visitor(hall)
    origin = ["Origin: https://chat.example.org"]
    visitor.send(request("https://chat.example.org/ws", origin, "other.example"))
    assert visitor.take().startswith(b"HTTP/1.1 101 ")


def test_the_log_tells_both_names() -> None:
    """The refused and the allowed names are logged, safely, once a minute."""
    hall = Hall()
    site = new_site(hall, web="0", web_origin="https://app.example null")
    page = ["Origin: http://evil.example\x9b"]
    with logged() as lines:
        for _ in range(3):
            Visitor(hall, "::1", site=site).send(request(host="evil.example"))
            Visitor(hall, site=site).send(request("/ws", page, "chat.example:80"))
        hall.clock.advance(61)
    host, origin, *more = lines
    assert "Host 'evil.example'" in host
    assert "localhost, IP addresses, https://app.example, null" in host
    assert "Origin 'http://evil.example" in origin
    assert "\x9b" not in origin
    assert "'chat.example:80', https://app.example, null" in origin
    assert all("--web-origin" in line for line in (host, origin))
    assert sorted(more) == [
        "2 more Hosts refused in the last minute",
        "2 more Origins refused in the last minute",
    ]


def test_null_is_warned_of() -> None:
    """When it is listened on, the log says that it admits every site."""
    for value, told in (("null", [NULL_WARNING]), ("file://", [])):
        site = new_site(Hall(), web="0", web_origin=value)
        with logged() as lines:
            site.startFactory()
        site.stopFactory()
        assert lines == told
