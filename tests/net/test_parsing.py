"""Endpoints that can't be read: a person is told in plain words."""

import socket
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactor

from broadcast.net.parsing import endpoint_from

PEM = "give PEM files that can be read"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tcp", "it has no port; give one"),
        ("tcp:", "'' is no number; give one"),
        ("tcp:x", "'x' is no number; give one"),
        ("tcp:-1", "there is no port -1; give 0 to 65535"),
        ("tcp6:port=65536:interface=x", "there is no port 65536; give 0 to 65535"),
        ("tcp:0:colour=red", "it has no field colour; leave it out"),
        ("tcp:0:port=1", "its port is there twice; leave one out"),
        ("tcp:0:1:2:3:4", "it has too many fields; leave some out"),
        ("unix:/run/room:mode=999", "'999' is no mode; give 660, say"),
        ("systemd:name=x", "it has no domain; give one"),
        ("stdio:", "nobody can connect to it; name another endpoint"),
        ("foo:1", "Unknown endpoint type: 'foo'; name another endpoint"),
        (
            "ssl:0:privateKey=/none/key.pem",
            f"/none/key.pem: no such file or directory; {PEM}",
        ),
        (
            f"ssl:0:privateKey={__file__.replace(':', chr(92) + ':')}",
            f"its certificate or its key can't be used; {PEM}",
        ),
    ],
)
def test_what_can_not_be_read_is_told_plainly(text: str, told: str) -> None:
    """No word of Python's, nor of Twisted's parsers, is in it."""
    pytest.importorskip("OpenSSL")
    with pytest.raises(ValueError, match=r".") as raised:
        endpoint_from(MemoryReactor(), text)
    assert str(raised.value) == told


def test_a_socket_of_no_family(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of families are those of the system."""
    monkeypatch.setenv("LISTEN_PID", "0")
    assert not hasattr(socket, "AF_FOO")
    reactor: Any = MemoryReactor()
    with pytest.raises((ValueError, LookupError)) as raised:
        endpoint_from(reactor, "systemd:domain=FOO:index=0")
    assert "attribute" not in str(raised.value)
