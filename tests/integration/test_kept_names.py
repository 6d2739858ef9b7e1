"""A daemon with ``--store``: names outlive it, as its members were told."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient
from tests.support.office import Office

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Name a file that isn't there yet."""
    return str(tmp_path / "room.db")


def join(client: LineClient, *wanted: str) -> str:
    """Join; return the name that is given."""
    client.send("/format json", *(f"/name {each}" for each in wanted), "/ping")
    welcome = client.await_event("welcome")
    client.await_event("pong")
    return str(welcome["name"])


def code_of(client: LineClient, line: str) -> object:
    """Return why a line is refused; None if it isn't."""
    client.send(line, "/ping")
    events = client.events_until("pong")
    return next((each["code"] for each in events if each["event"] == "error"), None)


@pytest.mark.parametrize("end", [Daemon.kill, Daemon.stop])
def test_names_outlive_the_daemon(
    daemon: Start, connect: Connect, path: str, end: Callable[[Daemon], None]
) -> None:
    """A name is held for its key; no guest gets another's number; without a key it
    is free."""
    first = daemon("--store", path)
    keyed, plain, guest = connect(first), connect(first), connect(first)
    assert join(keyed, "ann sesame-open") == "ann"
    assert join(plain, "bob") == "bob"
    assert join(guest) == "guest-1"
    end(first)
    second = daemon("--store", path)
    thief = connect(second)
    assert join(thief, "ann sesame-shut") == "guest-2"
    assert code_of(thief, "/name ann") == "name-taken"
    assert code_of(thief, "/name bob") is None
    assert join(connect(second), "ann sesame-open") == "ann"
    assert join(connect(second)) == "guest-3"


def test_a_mute_stands(
    daemon: Start, connect: Connect, path: str, tmp_path: Path
) -> None:
    """When it has been acknowledged, a kill takes it back no more than a restart."""
    options = "--store", path, "--admin", f"unix:{tmp_path}/admin"
    first = daemon(*options)
    assert join(connect(first), "rude sesame-open") == "rude"
    office = Office(first, tmp_path / "admin")
    assert office.order("mute", "rude") == "muted rude\n"
    assert office.order("mute", "loud") == "muted loud, who is not here\n"
    assert office.order("unmute", "loud") == "unmuted loud\n"
    first.kill()
    second = daemon(*options)
    rude, loud = connect(second), connect(second)
    assert join(rude, "rude sesame-open") == "rude"
    assert code_of(rude, "hello") == "muted"
    assert code_of(rude, "/name other") is None
    assert code_of(rude, "hello") == "muted"
    assert join(loud, "loud") == "loud"
    assert code_of(loud, "hello") is None
