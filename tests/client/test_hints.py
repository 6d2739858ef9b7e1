"""What address is tried next, where nobody greets us."""

import pytest

from broadcast.client.address import CLOSED, RESET, SILENT, advice, parse_address


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
