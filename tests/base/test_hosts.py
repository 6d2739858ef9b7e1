"""Addresses: which are the same host, network, and this machine."""

import pytest

from broadcast.base.hosts import host_of, is_loopback, network_of


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("192.0.2.7:1234", "192.0.2.7"),
        ("[2001:db8:1:2:3:4:5:6]:1234", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:1", "2001:db8:1:2::/64"),
        ("[::ffff:192.0.2.7]:1234", "192.0.2.7"),
        ("[fe80::1%eth0]:1", "fe80::/64"),
        ("unix:/run/x", "local"),
        ("unix", "local"),
    ],
)
def test_who_counts_as_one_host(address: str, host: str) -> None:
    """IPv4 one by one, mapped or not; IPv6 by /64; unix sockets together."""
    assert host_of(address) == host


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("2001:db8::7/32", "2001:db8::/32"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("::ffff:c000:207", "192.0.2.7/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("fe80::1%eth0", "fe80::1/128"),
        ("alice", "None"),
    ],
)
def test_networks(text: str, network: str) -> None:
    """Mapped addresses are IPv4; an address is a network of one; a name is none."""
    assert str(network_of(text)) == network


@pytest.mark.parametrize(
    ("text", "is_own"),
    [
        *(("127.0.0.1", True), ("127.9.9.9", True), ("::1", True)),
        *(("::ffff:127.0.0.1", True), ("::ffff:7f00:1", True), ("::1%lo", True)),
        *(("192.0.2.7", False), ("::ffff:192.0.2.7", False), ("localhost", False)),
        *(("127.0.0.1.evil.example", False), ("", False)),
    ],
)
def test_loopback(text: str, is_own: bool) -> None:
    """127/8 and ::1, mapped or with a zone or not, and nothing else."""
    assert is_loopback(text) is is_own
