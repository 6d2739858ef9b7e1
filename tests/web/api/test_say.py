"""``POST /say``: what is said, what is refused, and what is said once."""

import json

import pytest

from broadcast.auth.bans import Bans
from broadcast.auth.policy import Policy
from broadcast.base.settings import RoomSettings
from broadcast.protocol.events import Bye
from tests.support.hall import EPOCH, Hall
from tests.support.http import Http, answer_in, request

FORM = "Content-Type: application/x-www-form-urlencoded"
JSON = "Content-Type: application/json"


@pytest.fixture
def http() -> Http:
    """Give a room's HTTP port."""
    return Http()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"deploy done", ["deploy done"]),
        (b"a=1&b=%20+", ["a=1&b=%20+"]),
        (b"one\ntwo\r\n\n\r\nthree\n", ["one", "two", "three"]),
        (b"\xef\xbb\xbfafter a mark", ["after a mark"]),
        (b"/quit", ["/quit"]),
        (b"//quit", ["//quit"]),
        (b"\xff\xfd\x06 no telnet", ["��\u2406 no telnet"]),
        (b"\x1b[2J\x9b\xc2\x9b\x7f", ["␛[2J��␡"]),
        ("‮hä".encode(), ["�hä"]),
        (b"a\rb\r", ["a␍b"]),
        (b" \t", [" \t"]),
        (b"x" * 8192, ["x" * 8192]),
        (b"1\n" * 1000, ["1"] * 1000),
    ],
    ids=lambda given: None if isinstance(given, list) else repr(given[:12]),
)
@pytest.mark.parametrize("kind", [FORM, "Content-Type: multipart/form-data", "X: y"])
def test_a_body_is_its_lines(
    http: Http, body: bytes, said: list[str], kind: str
) -> None:
    """Byte for byte, whatever curl calls it, and repaired as on the wire."""
    ear = http.hall.join()
    ear.take()
    answer = http.say(body, kind)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json == {"position": f"{EPOCH}:{len(said)}", "count": len(said)}
    assert ear.lines() == [f"http: {line}" for line in said]


def test_json_has_text_and_name(http: Http) -> None:
    """Of both forms of a surrogate pair, a half one is repaired."""
    ear = http.hall.join()
    ear.take()
    body = (
        rb'{"text": "h\u00e4 \ud83d\ude00\ud83d\nx\r\n\u0000", "name": "bob", "y": 1}'
    )
    assert http.say(body, "content-type: Application/JSON; charset=utf-8").status == 200
    assert http.say(b'{"text": "in the query"}', JSON, query="?name=eve").status == 200
    assert ear.lines() == ["bob: hä 😀�", "bob: x", "bob: ␀", "eve: in the query"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1]",
        b'"x"',
        b"{}",
        b'{"text": 1}',
        b'{"text": null}',
        b'{"text": "x", "name": 2}',
        b'{"text": "\xff"}',
        b"[" * 60_000,
        b'{"text": "x", "n": %b}' % (b"1" * 60_000),
        b'{"text": ""}',
        b'{"text": "\\n\\r\\n"}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_bad_json_is_400(http: Http, body: bytes) -> None:
    """Nothing of it is said, and nothing raises."""
    assert http.say(body, JSON).status == 400
    assert http.hall.room.log.lines == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\n\r\n\n", 400),
        (b"\xef\xbb\xbf", 400),
        (b"1\n" * 1001, 413),
        (b"good\n" + b"x" * 8193, 413),
        (b"x\n" * 32_769, 413),
        (b"\n" * 65_536, 400),
    ],
    ids=lambda given: repr(given[:8]) if isinstance(given, bytes) else None,
)
def test_all_is_said_or_nothing(http: Http, body: bytes, status: int) -> None:
    """No line, too many, one too long, too large: refused whole."""
    answer = http.say(body)
    assert answer.status == status
    assert http.hall.room.log.lines == 0


def test_its_lines_are_together_and_in_order(http: Http) -> None:
    """A post is one run: nobody's line comes between, and the last id is told."""
    alice = http.hall.join("/name alice")
    ear = http.hall.join()
    ear.take()
    visitor = http.visit()
    alice.protocol.dataReceived(b"before\n")
    visitor.send(request("POST", "/say", body=b"1\n2\n3"))
    alice.send("after")
    lines = ear.lines()
    at = lines.index("http: 1")
    assert lines[at : at + 3] == ["http: 1", "http: 2", "http: 3"]
    last = answer_in(visitor.take()).json["position"]
    assert last == f"{EPOCH}:{at + 3}"


@pytest.mark.parametrize(
    ("name", "status", "called"),
    [
        ("bob", 200, "bob"),
        ("J%C3%BCrgen", 200, "Jürgen"),
        ("%EF%BD%85ve", 200, "eve"),
        ("", 400, ""),
        ("a%20b", 400, ""),
        ("-x", 400, ""),
        ("x" * 33, 400, ""),
        ("%FF", 400, ""),
        ("alice", 409, ""),
        ("ALICE", 409, ""),
        ("%D0%B0lice", 409, ""),
        ("held", 409, ""),
        ("server", 409, ""),
        ("admin", 409, ""),
        ("http", 409, ""),
    ],
)
def test_a_name_is_had_or_refused(
    http: Http, name: str, status: int, called: str
) -> None:
    """400: it is none; 409: it is in use, held, reserved, or looks like another."""
    http.hall.join("/name alice")
    http.hall.join("/name held key-12345").drop()
    ear = http.hall.join()
    ear.take()
    assert http.say(b"hi", query=f"?name={name}").status == status
    assert ear.lines() == ([f"{called}: hi"] if called else [])


def test_nobody_joins(http: Http) -> None:
    """A post is counted as a line said, and no member comes or goes."""
    ear = http.hall.join("/format json")
    ear.take()
    http.say(b"hi\nho", query="?name=bob")
    stats = http.hall.directory.stats
    assert [json.loads(line)["event"] for line in ear.lines()] == ["message"] * 2
    assert (stats.lines_in, stats.joined, len(http.hall.room.subscriptions)) == (
        2,
        1,
        1,
    )
    assert len(http.hall.directory.sessions) == 1
    assert len(http.hall.connections) == 1


def test_a_muted_or_banned_one_says_nothing() -> None:
    """By the name or by the address: 403, and the reason of a ban."""
    hall = Hall(policy=Policy(Bans(lambda: 0.0)))
    http = Http(hall)
    policy = hall.directory.policy
    hall.room.store.state.mutes.add("bob")
    policy.bans.add("eve", None, "")
    policy.bans.add("192.0.2.66", None, "enough")
    assert http.say(b"x", query="?name=bob").status == 403
    assert http.say(b"x", query="?name=EVE").status == 403
    answer = http.say(b"x", peer="192.0.2.66")
    assert (answer.status, answer.body) == (403, b"you are banned: enough\n")
    assert hall.room.log.lines == 0
    assert http.say(b"x").status == 200


def test_a_fast_one_is_told_when_to_come_back() -> None:
    """``--rate`` counts the lines of a host; more than ``--burst`` borrows."""
    http = Http(Hall(RoomSettings(rate=2, burst=4)))
    assert http.say(b"1\n2\n3\n4\n5\n6\n7\n8").status == 200
    answer = http.say(b"9")
    assert (answer.status, answer.headers["retry-after"]) == (429, "3")
    assert http.say(b"other", peer="192.0.2.8").status == 200
    http.hall.wait(2)
    assert http.say(b"9").headers["retry-after"] == "1"
    http.hall.wait(0.6)
    assert http.say(b"9").status == 200
    assert http.hall.room.log.lines == 10


def test_a_stopping_server_takes_nothing(http: Http) -> None:
    """503, and nothing is said; when to come back is told."""
    http.hall.connections.stop(Bye("shutdown", "The server has shut down"))
    answer = http.say(b"x")
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert http.hall.room.log.lines == 0


def test_a_store_that_can_not_write_takes_nothing(http: Http) -> None:
    """503 before it has anything; a repeat of what it has is answered all the same."""
    key = "Idempotency-Key: k1"
    assert http.say(b"x", key).status == 200
    http.hall.room.keeper.stalled("no space left on device")
    answer = http.say(b"y")
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert http.say(b"x", key).json["double"] is True
    http.hall.room.keeper.flowing()
    assert http.say(b"y").status == 200
    assert http.hall.room.log.lines == 2


@pytest.mark.parametrize("lines", [1, 500])
def test_a_post_waits_for_a_clogged_room(http: Http, lines: int) -> None:
    """It is not refused: it is said when the room takes lines again."""
    commits = http.hall.room.commits
    visitor = http.visit()
    commits.is_clogged = True
    visitor.send(request("POST", "/say", body=b"\x1b wide\n" * lines))
    http.hall.turn(20)
    assert (visitor.take(), http.hall.room.log.lines) == (b"", 0)
    commits.open()
    http.hall.turn(200)
    assert answer_in(visitor.take()).status == 200
    assert http.hall.room.log.lines == lines


class TestIdempotencyKey:
    """The same post is said once."""

    def test_the_same_body_is_the_same_answer(self, http: Http) -> None:
        """With ``double``; nothing is said again."""
        first = http.say(b"a\r\nb", "Idempotency-Key: k1")
        again = http.say(b"a\nb\n", "Idempotency-Key: k1")
        assert again.json == first.json | {"double": True}
        assert http.hall.room.log.lines == 2

    def test_another_body_is_422(self, http: Http) -> None:
        """Whether it is longer, shorter or another text."""
        http.say(b"a\nb", "Idempotency-Key: k1")
        for body in (b"a", b"a\nb\nc", b"a\nB"):
            assert http.say(body, "Idempotency-Key: k1").status == 422
        assert http.hall.room.log.lines == 2

    def test_it_belongs_to_name_and_host(self, http: Http) -> None:
        """Another one's key is another key."""
        key = "Idempotency-Key: k1"
        answers = [
            http.say(b"x", key),
            http.say(b"x", key, query="?name=bob"),
            http.say(b"x", key, peer="192.0.2.8"),
            http.say(b"x", key, peer="192.0.2.7"),
        ]
        assert ["double" in one.json for one in answers] == [False] * 3 + [True]

    def test_two_at_once_are_one(self, http: Http) -> None:
        """The second waits for the commit of the first."""
        visitors = [http.visit(), http.visit()]
        for visitor in visitors:
            post = request("POST", "/say", "Idempotency-Key: k", body=b"x")
            visitor.channel.dataReceived(post)
        http.hall.turn()
        answers = [answer_in(visitor.take()).json for visitor in visitors]
        assert [one["position"] for one in answers] == [f"{EPOCH}:1"] * 2
        assert [one.get("double") for one in answers] == [None, True]

    @pytest.mark.parametrize(
        "key", ["", "a b", "ä", "x" * 65, "1\r\nIdempotency-Key: 2"]
    )
    def test_a_bad_one_is_400(self, http: Http, key: str) -> None:
        """It is 1 to 64 printable ASCII, and one."""
        assert http.say(b"x", f"Idempotency-Key: {key}").status == 400
        assert http.hall.room.log.lines == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_only_post_says(http: Http, method: str) -> None:
    """Other methods are told which there is."""
    answer = http.ask(method, "/say?name=bob")
    assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_a_lost_poster_leaves_nothing(http: Http) -> None:
    """What it had sent whole is said, and no answer waits for it."""
    visitor = http.visit()
    visitor.channel.dataReceived(request("POST", "/say", body=b"x"))
    visitor.lose()
    http.hall.turn()
    assert len(http.hall.directory.sessions) == 0
    assert http.site.bodies.size == 0
    assert not http.hall.work.queued
