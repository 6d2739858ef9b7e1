"""The first thing there is to show: two people, one room."""

from collections.abc import Callable

from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient


def test_what_one_says_the_other_hears(
    daemon: Callable[..., Daemon], connect: Callable[[Daemon], LineClient]
) -> None:
    """A line said by one is heard by the other, under the speaker's name."""
    running = daemon()
    alice, bob = connect(running), connect(running)
    alice.since_ping("/name alice")
    bob.since_ping("/name bob")
    alice.until("bob joined")
    alice.send("hello")
    assert bob.line() == "alice: hello"
