"""The opening handshake: what is asked for, what is answered, and in which order."""

from typing import Any

import pytest
from twisted.internet.testing import StringTransport

from broadcast.base.settings import RoomSettings
from broadcast.options import settings_from
from broadcast.web.site import WebSite
from broadcast.web.upgrade import UpgradeError, handshake_answer, wants_upgrade
from tests.support.hall import Hall
from tests.support.websocket import BINARY, TEXT, frame, request

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
NOT_HERE = "this address speaks WebSocket"
NO_KEY = "Sec-WebSocket-Key is not 16 bytes in base64"
ONLY_13 = "only version 13 of WebSocket is spoken here"
UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\n"


class Caller:
    """Somebody who asks for a WebSocket, in memory."""

    def __init__(self, hall: Hall, **options: str) -> None:
        self.hall = hall
        settings = settings_from({"web": "0", **options})
        site: Any = WebSite(hall.clock, hall.connections, settings)
        self.channel: Any = site.buildProtocol(None)
        self.channel.callLater = hall.clock.callLater
        self.transport: Any = StringTransport()
        self.channel.makeConnection(self.transport)

    def send(self, data: bytes) -> bytes:
        """Send bytes, let an introduction's time pass, return what was answered."""
        self.transport.clear()
        self.channel.dataReceived(data)
        self.hall.turn()
        self.hall.wait(0.3)
        told: bytes = self.transport.value()
        return told


def test_the_answer_is_the_standards() -> None:
    """RFC 6455's own example (1.3), byte for byte."""
    assert handshake_answer(["websocket"], ["Upgrade"], ["13"], [KEY]) == (
        UPGRADED + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("upgrade", "connection"),
    [
        (["WebSocket"], ["UPGRADE"]),
        (["h2c, websocket"], ["keep-alive, Upgrade"]),
        (["h2c", "websocket"], ["keep-alive", "upgrade"]),
        (["h2c ,\twebsocket "], [" upgrade ,close"]),
    ],
)
def test_tokens_are_found_in_any_form(
    upgrade: list[str], connection: list[str]
) -> None:
    """Case, lists and repeated headers don't matter (RFC 9110, 5.6.1)."""
    assert wants_upgrade(upgrade)
    assert handshake_answer(upgrade, connection, ["13"], [KEY])


@pytest.mark.parametrize(
    ("upgrade", "connection", "version", "key", "status", "message"),
    [
        ([], ["Upgrade"], ["13"], [KEY], 426, NOT_HERE),
        (["websocket"], [], ["13"], [KEY], 426, NOT_HERE),
        (["websocket"], ["close"], ["8"], [], 426, NOT_HERE),
        (["websocket"], ["Upgrade"], ["13", "13"], [KEY], 426, ONLY_13),
        (["websocket"], ["Upgrade"], ["13, 8"], [KEY], 426, ONLY_13),
        (["websocket"], ["Upgrade"], ["8"], ["x"], 426, ONLY_13),
        (["websocket"], ["Upgrade"], ["13"], [], 400, NO_KEY),
        (["websocket"], ["Upgrade"], ["13"], [KEY, KEY], 400, NO_KEY),
        (["websocket"], ["Upgrade"], ["13"], [KEY[:-1]], 400, NO_KEY),
        (["websocket"], ["Upgrade"], ["13"], [f"{KEY}\n"], 400, NO_KEY),
        (["websocket"], ["Upgrade"], ["13"], ["é" + KEY[1:]], 400, NO_KEY),
    ],
)
def test_what_is_wrong_first_is_told(
    upgrade: list[str],
    connection: list[str],
    version: list[str],
    key: list[str],
    status: int,
    message: str,
) -> None:
    """A refusal names the first thing that is missing or wrong, with its status."""
    with pytest.raises(UpgradeError) as refused:
        handshake_answer(upgrade, connection, version, key)
    assert (refused.value.status, str(refused.value)) == (status, message)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/ws?name=a%0D", b"name is one line"),
        ("/ws?format=json%0Ahello", b"format is one line"),
        ("/ws?frames=", b"frames is batch or line"),
        ("/ws?frames=LINE", b"frames is batch or line"),
        ("/ws?quiet=yes", b"quiet is 1 or 0"),
    ],
)
def test_a_wrong_query_is_told(path: str, message: bytes) -> None:
    """The answer says which word is wrong, and the version spoken; nobody joins."""
    hall = Hall()
    head, _, body = Caller(hall).send(request(path)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nsec-websocket-version: 13" in head.lower()
    assert body == message + b"\n"
    assert not hall.connections


def test_the_last_of_a_word_counts_and_others_are_nothing() -> None:
    """A word given twice is the later one; an unknown one is no introduction."""
    hall = Hall()
    path = "/ws?name=one&format=json&echo=1&name=two&format=text"
    told = Caller(hall).send(request(path))
    assert told.startswith(UPGRADED)
    assert b"* You are two, 1 here." in told
    assert b"error" not in told


@pytest.mark.parametrize(("word", "is_quiet"), [("1", True), ("0", False)])
def test_a_quiet_one_comes_unannounced(word: str, is_quiet: bool) -> None:
    """``?quiet=1`` is the introduction's line, in whatever order it stands."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    watcher.take()
    told = Caller(hall).send(request(f"/ws?quiet={word}&name=al"))
    assert b"* You are al, 2 here." in told
    assert watcher.lines() == ([] if is_quiet else ["* al joined the chat"])


def test_a_foreign_page_learns_nothing_else() -> None:
    """The origin is looked at before the handshake; two of them are one too many."""
    for origins in (
        ["http://evil.example"],
        ["http://localhost", "http://localhost"],
        ["null"],
    ):
        asked = request(headers=[f"Origin: {origin}" for origin in origins])
        for data in (asked, asked.replace(b"Upgrade: websocket\r\n", b"")):
            told = Caller(Hall()).send(data)
            assert told.startswith(b"HTTP/1.1 403 ")
            assert told.endswith(
                b"\n\r\npages from there may not talk to this server\n"
            )
    own = request(headers=["Origin: http://localhost"])
    assert Caller(Hall()).send(own).startswith(UPGRADED)


def test_a_relay_takes_no_introduction_from_the_query() -> None:
    """In a relay the query says nothing to anybody, and what is no text is binary."""
    hall = Hall(RoomSettings(relay=True))
    ear, speaker = Caller(hall, relay="yes"), Caller(hall, relay="yes")
    for caller in (ear, speaker):
        caller.send(request("/ws?name=al&frames=line"))
    assert ear.transport.value().endswith(b"\r\n\r\n")
    ear.transport.clear()
    speaker.send(frame(TEXT, b"a\nb") + frame(BINARY, b"\xff"))
    assert ear.transport.value() == b"\x82\x05a\nb\n\xff"


@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        (frame(TEXT), b"\x81\x00"),
        (frame(BINARY), b"\x81\x00"),
        (frame(TEXT, fin=False) + frame(0, fin=False) + frame(0), b"\x81\x00"),
        (frame(TEXT, b"a") + frame(TEXT) + frame(TEXT, b"b"), b"\x81\x04a\n\nb"),
    ],
)
def test_a_relay_passes_an_empty_message_on(sent: bytes, heard: bytes) -> None:
    """It is a blank line, as over TCP; in a chat it is nothing."""
    for relay in (True, False):
        hall = Hall(RoomSettings(relay=relay))
        options = {"relay": "yes"} if relay else {}
        ear, speaker = Caller(hall, **options), Caller(hall, **options)
        for caller in (ear, speaker):
            caller.send(request())
        ear.transport.clear()
        speaker.send(sent)
        if relay:
            assert ear.transport.value() == heard
        else:
            assert b"\x81\x00" not in ear.transport.value()
            assert b"\n\n" not in ear.transport.value()
