"""URLs of servers."""

import pytest

from broadcast.client.address import (
    CLOSED,
    RESET,
    SILENT,
    advice,
    is_likely,
    parse_address,
)
from broadcast.client.errors import AddressError


@pytest.mark.parametrize(
    ("text", "url", "where"),
    [
        ("chat.example", "tcp://chat.example:8000", "chat.example:8000"),
        ("chat.example:1", "tcp://chat.example:1", "chat.example:1"),
        ("TCP://h:2/", "tcp://h:2", "h:2"),
        ("tls://h", "tls://h:8000", "h:8000"),
        ("[::1]:7", "tcp://[::1]:7", "[::1]:7"),
        ("ws://h", "ws://h:80/ws", "h:80"),
        ("wss://h/", "wss://h:443/ws", "h:443"),
        ("wss://h:1/room?x=1", "wss://h:1/room?x=1", "h:1"),
        ("ws://h/?x=1", "ws://h:80/ws?x=1", "h:80"),
        ("unix:/run/x.sock", "unix:/run/x.sock", "/run/x.sock"),
        ("unix:///run/x", "unix:/run/x", "/run/x"),
    ],
)
def test_addresses(text: str, url: str, where: str) -> None:
    """Parts that may be left out are filled in."""
    address = parse_address(text)
    assert (str(address), address.where) == (url, where)


@pytest.mark.parametrize(
    "text",
    [
        "http://h",
        "unix:",
        "tcp://",
        "tcp://h:x",
        "tcp://h:99999",
        "tcp://h:0",
        "::1",
        "tcp://user@h",
        "tcp://h/path",
        "ws://h/a b",
        "ws://h/\r\nx",
        "tcp://h#x",
        "tcp://8000:9000",
        "",
    ],
)
def test_no_addresses(text: str) -> None:
    """A text that is no address is refused in words."""
    with pytest.raises(AddressError):
        parse_address(text)


def test_a_port_is_no_host() -> None:
    """Who gives a port alone is told how."""
    told = r"'8000': 8000 is a port, and no host; give -p 8000, or HOST:8000"
    with pytest.raises(AddressError, match=told):
        parse_address("8000")


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("tcp://h", False),
        ("ws://h", False),
        ("tls://h", True),
        ("wss://h", True),
        ("unix:/x", True),
        ("localhost", True),
        ("127.0.0.2", True),
        ("[::1]", True),
    ],
)
def test_privacy(text: str, private: bool) -> None:
    """A secret may travel over TLS, or inside this machine."""
    assert parse_address(text).is_private is private


@pytest.mark.parametrize(
    ("reason", "url", "hint"),
    [
        (CLOSED, "tcp://h", "speaks TLS, try tls://h:8000"),
        (RESET, "tls://h", "speaks no TLS, try tcp://h:8000"),
        ("[SSL: WRONG_VERSION_NUMBER] x", "wss://h", "speaks no TLS, try ws://h:443"),
        (CLOSED, "ws://h", "speaks TLS, try wss://h:80"),
        (SILENT, "tcp://h", "is a web port, try ws://h:8000"),
    ],
)
def test_the_other_kind_of_port_is_advised(reason: str, url: str, hint: str) -> None:
    """A server that hangs up, or says nothing, may speak otherwise."""
    assert advice(reason, parse_address(url)) == f"{reason}; if it {hint}"


@pytest.mark.parametrize(
    ("reason", "url"),
    [
        ("connection refused", "tcp://h"),
        ("no such host", "tls://h"),
        ("its certificate is not accepted: x", "tls://h"),
        (CLOSED, "unix:/s"),
        (SILENT, "ws://h"),
    ],
)
def test_no_advice_where_none_helps(reason: str, url: str) -> None:
    """Another kind of port would change nothing."""
    assert advice(reason, parse_address(url)) == reason


def test_several_addresses() -> None:
    """They are those of one room's servers: the first one, and others."""
    address = parse_address("a:8001,tls://b,[::1]:9")
    assert str(address) == "tcp://a:8001"
    assert [str(each) for each in address.others] == ["tls://b:8000", "tcp://[::1]:9"]
    assert is_likely("a:8001,b:8002")
    assert parse_address("localhost,127.0.0.1:9").is_private
    assert not parse_address("localhost,a").is_private
    with pytest.raises(AddressError):
        parse_address("a,")
