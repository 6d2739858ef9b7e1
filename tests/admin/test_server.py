"""The admin socket's lines: each order is answered in its turn, in pieces."""

import json
from typing import Any

import pytest
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs, formatEvent

from broadcast.admin.actions import AdminActions
from broadcast.admin.server import MAX_CONNECTIONS, PIECE, AdminFactory
from broadcast.logstyle import LineFormat
from tests.support.hall import Hall


class Admin:
    """One admin's connection, that reads when it is told to."""

    def __init__(self, factory: AdminFactory) -> None:
        made: Any = factory.buildProtocol(None)  # Twisted types the base
        self.protocol = made
        self.send = made.dataReceived
        self.transport: Any = StringTransport()
        self.protocol.makeConnection(self.transport)

    def take(self) -> list[dict[str, object]]:
        """Return the objects written since the last time."""
        data = self.transport.value()
        self.transport.clear()
        return [json.loads(line) for line in data.splitlines()]

    def pull(self) -> list[dict[str, object]]:
        """Have room for one more piece; return what was written."""
        self.transport.producer.resumeProducing()
        return self.take()

    def read(self) -> list[dict[str, object]]:
        """Read until nothing more comes; return all of it."""
        rows = self.take()
        while self.transport.producer is not None:
            rows += self.pull()
        return rows

    def leave(self) -> None:
        """Close, as seen from here."""
        self.protocol.connectionLost()


@pytest.fixture
def factory() -> AdminFactory:
    actions = AdminActions(Hall().room, [], LineFormat(), lambda: None)
    return AdminFactory(actions)


def add_bans(factory: AdminFactory, count: int) -> None:
    """Have so many rows to answer ``bans`` with."""
    for number in range(count):
        factory.actions.bans.add(f"n{number}", None, "")


def test_an_answer_is_written_as_there_is_room(factory: AdminFactory) -> None:
    """Nothing is written before the admin reads, and no more than a piece at once."""
    add_bans(factory, PIECE)
    admin = Admin(factory)
    admin.send(b"bans\n")
    assert admin.take() == []
    assert len(admin.pull()) == PIECE
    assert admin.pull() == [{"ok": True, "count": PIECE}]
    assert admin.transport.producerState == "producing"


def test_an_order_waits_for_the_answer_before_it(factory: AdminFactory) -> None:
    """Several in one read are carried out one by one, and no more is read meanwhile."""
    admin = Admin(factory)
    admin.send(b"bans\nban x\n\n \r\nunban x\r\nhelp")
    assert admin.transport.producerState == "paused"
    assert list(factory.actions.bans) == []
    assert admin.pull() == [{"ok": True, "count": 0}]
    assert [row["text"] for row in admin.read()] == [
        "banned x for good, 0 closed",
        "unbanned x",
    ]
    admin.send(b"\n")
    assert str(admin.read()[0]["text"]).startswith("who ")


def test_a_ban_in_the_midst_of_a_list_does_not_disturb_it(
    factory: AdminFactory,
) -> None:
    """A list is what there was when it began, whatever another admin orders."""
    add_bans(factory, PIECE + 2)
    first, second = Admin(factory), Admin(factory)
    first.send(b"bans\n")
    rows = first.pull()
    second.send(b"unban n0\nban more\n")
    assert all(row["ok"] for row in second.read())
    rows += first.read()
    assert rows[-1] == {"ok": True, "count": PIECE + 2}
    assert [row["ban"] for row in rows[:-1]] == [f"n{n}" for n in range(PIECE + 2)]


def test_an_admin_who_leaves_ends_its_answer(factory: AdminFactory) -> None:
    """Its place is free at once; the order after it is not carried out."""
    add_bans(factory, PIECE + 2)
    admin = Admin(factory)
    admin.send(b"bans\nban alice\n")
    admin.pull()
    admin.leave()
    assert admin.take() == []
    assert not factory.connections
    assert factory.actions.bans.for_name("alice") is None


def test_the_longest_order_is_taken(factory: AdminFactory) -> None:
    """One byte more is refused, and nothing that came with it is carried out."""
    admin = Admin(factory)
    order = b"ban alice ".ljust(8192, b"x")
    admin.send(order + b"\n")
    assert admin.read()[0]["ok"]
    told = {"ok": False, "error": "the command is too long; give 8192 bytes at most"}
    for end in (b"x\nban bob\n", b"xx"):
        admin = Admin(factory)
        admin.send(order + end)
        assert admin.read() == [told]
        assert admin.transport.disconnecting
    assert factory.actions.bans.for_name("bob") is None


def test_one_admin_too_many_is_told_so(factory: AdminFactory) -> None:
    """It is closed, the others are not; when it is gone, one who leaves has a heir."""
    admins = [Admin(factory) for _ in range(MAX_CONNECTIONS)]
    late = Admin(factory)
    assert late.read() == [
        {"ok": False, "error": "too many admins at once; try again later"}
    ]
    assert late.transport.disconnecting
    late.leave()
    admins.pop().leave()
    admins.append(Admin(factory))
    for admin in admins:
        admin.send(b"bans\n")
        assert admin.read() == [{"ok": True, "count": 0}]
        assert not admin.transport.disconnecting


def test_each_order_is_one_line_of_the_log(factory: AdminFactory) -> None:
    """It stands there as it was given: no terminal is harmed, no brace is a format."""
    admin = Admin(factory)
    with capturedLogs() as events:
        admin.send(b"\nsay \x1b[2J {x} \xe2\x80\xa8\xff\n")
    assert [formatEvent(event) for event in events] == [
        r"admin: say \x1b[2J {x} \u2028�"
    ]
