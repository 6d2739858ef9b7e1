"""Somebody who has much to read and does not: a daemon that stops waits for it."""

from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient, connect_tcp


def stuck_member(daemon: Daemon) -> LineClient:
    """Return a member for whom more waits than the kernel keeps."""
    stuck = LineClient(connect_tcp(daemon.port, receive_buffer=4096))
    stuck.until("You are")
    talker = LineClient(connect_tcp(daemon.port))
    talker.until("You are")
    for _ in range(20):
        talker.since_ping(*["x" * 1000] * 400)
    talker.close()
    return stuck
