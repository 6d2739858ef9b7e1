"""Orders and takings that meet others' lines, with ``--nats``: exactly one of each.

Members of both daemons speak without a pause meanwhile, so that an order, or a claim,
is one entry among theirs.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from soak.servers import Servers, program
from tests.integration.test_nats import code_of, join
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.office import Office

pytestmark = pytest.mark.skipif(program() is None, reason="there is no nats-server")

Connect = Callable[[Daemon], LineClient]
Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Daemon, Daemon, Office]]:
    """Start two daemons of one room, and the first one's office."""
    folder = tmp_path_factory.mktemp("orders")
    with Servers(folder) as servers:
        options = ("--nats", servers.urls, "--rate", "0", "--admin")
        with (
            Daemon(*options, f"unix:{folder}/one") as one,
            Daemon(*options, f"unix:{folder}/two") as two,
        ):
            yield one, two, Office(one, folder / "one")


Pair = tuple[Daemon, Daemon, Office]


def join_quietly(client: LineClient, name: str) -> None:
    """Join without being one of those who make a burst, which would be folded."""
    client.send("/quiet")
    join(client, name)


@contextmanager
def chatter(*daemons: Daemon) -> Iterator[None]:
    """Have a member of each daemon speak without a pause."""
    is_over = threading.Event()

    def speak(name: str, daemon: Daemon) -> None:
        mouth = LineClient(connect_tcp(daemon.port))
        join_quietly(mouth, name)
        number = 0
        while not is_over.is_set():
            number += 1
            mouth.send(f"{number}", f"/ping {number}")
            mouth.await_event("pong", token=str(number))
        mouth.send("/quit")
        mouth.rest()
        mouth.close()

    threads = [
        threading.Thread(target=speak, args=(f"mouth-{n}", each))
        for n, each in enumerate(daemons)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def about(events: Events, name: str) -> Events:
    """Return what a hearer was told of a member, in order."""
    return [each for each in events if name in (each.get("name"), each.get("to"))]


def farewells(client: LineClient) -> list[str]:
    """Return how somebody is sent away, each time that it is told, until the end."""
    return [event["code"] for event in ends(client) if event["event"] == "bye"]


def ends(client: LineClient) -> Iterator[dict[str, Any]]:
    """Yield events up to the farewell; nothing follows it."""
    while True:
        event = client.event()
        yield event
        if event["event"] == "bye":
            assert client.rest() == b""
            return


def heard_at(hearers: list[LineClient], end: str) -> list[Events]:
    """Return what hearers were told until a member's line that says ``end``."""
    return [[*until_line(hearer, end)] for hearer in hearers]


def until_line(client: LineClient, text: str) -> Iterator[dict[str, Any]]:
    """Yield events until a line."""
    while (event := client.event()).get("text") != text:
        yield event


def kinds(events: Events) -> list[tuple[str, str]]:
    """Return what happened, each with its reason or text."""
    return [(e["event"], str(e.get("reason") or e.get("text", ""))) for e in events]


def test_orders_are_for_members_of_another_daemon(pair: Pair, connect: Connect) -> None:
    """Each is carried out once, in the same place for the hearers of both daemons."""
    one, two, office = pair
    hearers = [connect(one), connect(two)]
    for hearer, name in zip(hearers, ("ear-1", "ear-2"), strict=True):
        join_quietly(hearer, name)
    with chatter(one, two):
        far = connect(two)
        join(far, "far away-key-1")
        far.send("before")
        assert office.order("mute", "far") == "muted far\n"
        notices = [e for e in far.events_until("notice") if e["event"] == "notice"]
        assert [each["text"] for each in notices] == ["you are muted"]
        assert code_of(far, "unheard") == "muted"
        assert office.order("unmute", "far") == "unmuted far\n"
        assert far.await_event("notice")["text"] == "you may speak again"
        far.send("between")
        far.await_event("message", text="between")
        assert office.order("kick", "far", "enough") == "kicked far\n"
        assert farewells(far) == ["kicked"]
        again = connect(two)
        join(again, "far away-key-1")
        assert office.run("ban", "far", "1h").returncode == 0
        assert farewells(again) == ["banned"]
        for daemon in (one, two):
            late = connect(daemon)
            late.send("/format json", "/name far away-key-1")
            assert late.await_event("bye")["code"] == "banned"
        office.order("unban", "far")
        office.order("say", "that is all")
    expected = [
        ("join", ""),
        ("message", "before"),
        ("message", "between"),
        ("leave", "kicked"),
        ("join", ""),
        ("leave", "banned"),
    ]
    told_at = heard_at(hearers, "that is all")
    first, second = (about(events, "far") for events in told_at)
    assert kinds(first) == expected
    assert [whole(event) for event in first] == [whole(event) for event in second]
    lines = [[e for e in events if e["event"] == "message"] for events in told_at]
    assert lines[0] == lines[1]


def whole(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event without what each daemon counts for itself."""
    return {key: value for key, value in event.items() if key != "count"}


def test_a_member_is_replaced_by_itself_at_another_daemon(
    pair: Pair, connect: Connect
) -> None:
    """Once for each time that it comes; nobody hears of it twice, nor in two orders."""
    one, two, office = pair
    hearers = [connect(one), connect(two)]
    for hearer, name in zip(hearers, ("ear-1", "ear-2"), strict=True):
        join_quietly(hearer, name)
    with chatter(one, two):
        former = connect(one)
        join(former, "zoe key-of-zoe")
        for turn, daemon in enumerate((two, one, two), 1):
            latter = connect(daemon)
            welcome = join(latter, "zoe key-of-zoe")
            assert welcome["name"] == "zoe"
            assert farewells(former) == ["replaced"]
            latter.send(f"turn {turn}")
            latter.await_event("message", text=f"turn {turn}")
            former = latter
        office.order("say", "enough of it")
    expected = [("join", "")]
    for turn in (1, 2, 3):
        expected += [("leave", "replaced"), ("join", ""), ("message", f"turn {turn}")]
    first, second = (about(e, "zoe") for e in heard_at(hearers, "enough of it"))
    assert kinds(first) == expected
    assert [whole(event) for event in first] == [whole(event) for event in second]
