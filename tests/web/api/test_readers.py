"""``GET /lines`` and ``GET /events``: what is read, where it begins, how it ends."""

import json
from typing import Any

import pytest

from broadcast.auth.bans import Bans
from broadcast.auth.policy import Policy
from broadcast.base.settings import RoomSettings
from broadcast.protocol.events import Bye
from broadcast.room.directory import When
from tests.support.hall import EPOCH, Hall
from tests.support.http import Http, Reader, answer_in, events_in, request

NDJSON = "Accept: application/x-ndjson"


@pytest.fixture
def http() -> Http:
    """Give a room's HTTP port."""
    return Http()


def _messages(events: list[dict[str, str]]) -> list[str]:
    found = [event for event in events if event.get("event") == "message"]
    return [json.loads(event["data"])["text"] for event in found]


def _say(http: Http, *lines: str) -> None:
    for line in lines:
        assert http.say(line.encode()).status == 200


class TestLines:
    """What people and pipes read."""

    def test_text_is_the_text_dialect_without_a_greeting(self, http: Http) -> None:
        """In chunks, for ever, with joins of those that are not quiet."""
        reader = http.read("/lines")
        assert reader.head.status == 200
        assert reader.head.headers["content-type"] == "text/plain; charset=utf-8"
        assert reader.head.headers["transfer-encoding"] == "chunked"
        alice = http.hall.join("/name alice")
        alice.send("hi")
        _say(http, "posted")
        http.read("/lines")
        assert reader.lines() == [
            "* alice joined the chat",
            "alice: hi",
            "http: posted",
        ]
        assert not reader.is_over

    def test_ndjson_is_the_json_dialect_from_the_greeting_on(self, http: Http) -> None:
        """The same objects as on the wire, in the same order."""
        ear = http.hall.join("/format json")
        reader = http.read("/lines?name=bob", NDJSON)
        assert reader.head.headers["content-type"] == "application/x-ndjson"
        ear.take()
        _say(http, "a", "b")
        first, *found = reader.objects()
        assert (first["event"], first["name"], first["id"]) == ("welcome", "bob", 0)
        assert found == [json.loads(line) for line in ear.lines()]

    @pytest.mark.parametrize(
        ("accept", "kind"),
        [
            ("application/x-ndjson", "application/x-ndjson"),
            ("text/html, Application/X-NDJSON;q=0.1", "application/x-ndjson"),
            ("application/x-ndjson;q=0", "text/plain; charset=utf-8"),
            ("application/json", "text/plain; charset=utf-8"),
            ("*/*", "text/plain; charset=utf-8"),
        ],
    )
    def test_accept_decides(self, http: Http, accept: str, kind: str) -> None:
        """Text for all that don't ask for objects."""
        assert (
            http.read("/lines", f"Accept: {accept}").head.headers["content-type"]
            == kind
        )

    def test_history_comes_first(self, http: Http) -> None:
        """Then what is said from then on, each line once."""
        _say(http, "1", "2", "3")
        reader = http.read("/lines?history=2")
        _say(http, "4")
        first, *lines, last, live = reader.lines()
        assert first == "* the last 2 lines:"
        assert [line[22:] for line in lines] == ["http: 2", "http: 3"]
        assert (last, live) == ("* that was the last 2 lines", "http: 4")

    def test_since_goes_on_there(self, http: Http) -> None:
        """Of another log, all there is, and that the rest is not known."""
        _say(http, "1", "2", "3")
        events = http.read(f"/lines?since={EPOCH}:1", NDJSON).objects()
        assert [event.get("text") for event in events[2:-1]] == ["2", "3"]
        assert events[0]["id"] == 1
        assert events[1] == {"event": "replay", "count": 2, "missing": 0}
        assert events[-1]["position"] == f"{EPOCH}:3"
        other = http.read("/lines?since=other:7", NDJSON).objects()
        assert other[1] == {"event": "replay", "count": 3, "missing": None}

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("?follow=0", ["1", "2", "3"]),
            ("?follow=0&history=1", ["3"]),
            ("?follow=0&history=0", []),
            (f"?follow=0&since={EPOCH}:2", ["3"]),
            (f"?follow=0&since={EPOCH}:3", []),
            (f"?follow=0&history=1&since={EPOCH}:1", ["2", "3"]),
        ],
    )
    def test_one_that_does_not_follow_joins_nobody(
        self, http: Http, query: str, said: list[str]
    ) -> None:
        """It is sent what there is, and the end; nobody is told of it."""
        _say(http, "1", "2", "3")
        ear = http.hall.join("/format json")
        ear.take()
        reader = http.read(f"/lines{query}", NDJSON)
        found = reader.objects()
        assert reader.is_over
        assert [one["text"] for one in found if one["event"] == "message"] == said
        assert reader.visitor.is_aborted()
        assert ear.lines() == []
        assert http.hall.directory.stats.joined == 1

    def test_one_that_does_not_follow_keeps_its_place(self) -> None:
        """It is no member, and counts as an HTTP connection; a stream does not."""
        hall = Hall(max_members=1)
        http = Http(hall, web_max_connections="5")
        http.read("/lines")
        assert len(http.site.places) == 0
        visitor = http.visit()
        visitor.transport.pauseProducing = lambda: None
        visitor.send(request("GET", "/lines?follow=0"))
        assert visitor.channel in list(http.site.places)
        assert answer_in(visitor.take()).status == 200

    @pytest.mark.parametrize(
        "query",
        [
            "history=x",
            "history=-1",
            "history=1&history=",
            "history=99999999999999999",
            "since=x",
            "since=:1",
            "since=e1:x",
            "follow=2",
            "follow=",
            "name=a%20b",
            "name=",
            "name=%FF",
        ],
    )
    def test_a_bad_question_is_400(self, http: Http, query: str) -> None:
        """And nobody has joined."""
        assert http.read(f"/lines?{query}").head.status == 400
        assert http.hall.directory.stats.joined == 0

    def test_http_1_0_has_no_chunks(self, http: Http) -> None:
        """The same lines, ended by the end of the connection."""
        _say(http, "1")
        visitor = http.visit()
        visitor.send(request("GET", "/lines?follow=0", version="1.0"))
        answer = answer_in(visitor.take())
        assert "transfer-encoding" not in answer.headers
        assert answer.body.startswith(b"* the last line:\n")
        assert answer.body.endswith(b"* that was the last line\n")

    def test_a_head_is_told_without_a_stream(self, http: Http) -> None:
        """HEAD joins nobody; a length that the stream hasn't is not told."""
        answer = http.ask("HEAD", "/lines")
        assert answer.status == 200
        assert "content-length" not in answer.headers
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert http.hall.directory.stats.joined == 0


class TestEvents:
    """What an EventSource reads."""

    def test_events_are_the_objects_with_their_positions(self, http: Http) -> None:
        """``event`` is the object's; messages and the greeting have positions."""
        _say(http, "before")
        reader = http.read("/events")
        assert reader.head.headers["content-type"] == "text/event-stream"
        alice = http.hall.join("/name alice")
        alice.send("hä\u2028")
        retry, welcome, join, message = reader.events()
        assert 1000 <= int(retry["retry"]) <= 5000
        assert (welcome["event"], welcome["id"]) == ("welcome", f"{EPOCH}:1")
        assert json.loads(welcome["data"])["name"] == "guest-1"
        assert (join["event"], "id" in join) == ("join", False)
        assert (message["event"], message["id"]) == ("message", f"{EPOCH}:2")
        assert json.loads(message["data"])["text"] == "hä�"

    def test_they_come_back_spread_out(self, http: Http) -> None:
        """Not all of them after the same time."""
        found = {http.read("/events").events()[0]["retry"] for _ in range(20)}
        assert len(found) > 5

    @pytest.mark.parametrize("how", ["header", "query", "both"])
    def test_it_goes_on_where_it_was(self, http: Http, how: str) -> None:
        """``Last-Event-ID`` wins; each line comes once, with its position."""
        _say(http, "1", "2", "3", "4")
        path = {"header": "", "query": f"?since={EPOCH}:2", "both": f"?since={EPOCH}:4"}
        given = () if how == "query" else (f"Last-Event-ID: {EPOCH}:2",)
        reader = http.read("/events" + path[how], *given)
        _say(http, "5")
        _, welcome, replay, *rest = reader.events()
        assert welcome["id"] == f"{EPOCH}:2"
        assert json.loads(replay["data"]) == {
            "event": "replay",
            "count": 2,
            "missing": 0,
        }
        assert _messages(rest) == ["3", "4", "5"]
        assert [event.get("id") for event in rest] == [
            f"{EPOCH}:3",
            f"{EPOCH}:4",
            f"{EPOCH}:4",
            f"{EPOCH}:5",
        ]
        assert [event["event"] for event in rest[2:]] == ["replayed", "message"]

    @pytest.mark.parametrize("last", ["nonsense", "other:3", "0", f"{EPOCH}:x", ":3"])
    def test_what_is_no_position_is_another_logs(self, http: Http, last: str) -> None:
        """All there is comes, and that it is not known what was missed."""
        _say(http, "1", "2")
        events = http.read("/events", f"Last-Event-ID: {last}").events()
        assert json.loads(events[2]["data"])["missing"] is None
        assert _messages(events) == ["1", "2"]
        assert events[1]["id"] == f"{EPOCH}:0"

    def test_a_long_absence_is_made_good_page_by_page(self) -> None:
        """Without a gap and in order, though others go on speaking meanwhile."""
        http = Http(Hall(RoomSettings(history=None), log_size=8 << 20))
        for number in range(5):
            text = "".join(f"{number}-{line}\n" for line in range(700))
            assert http.say(text.encode()).status == 200
        visitor = http.visit()
        visitor.send(request("GET", "/events", f"Last-Event-ID: {EPOCH}:100"))
        http.hall.turn()
        reader = Reader(visitor)
        events = reader.events()
        _say(http, "live")
        events += reader.events()
        ids = [event["id"] for event in events if event.get("event") == "message"]
        assert ids == [f"{EPOCH}:{id}" for id in range(101, 3502)]
        replays = [json.loads(e["data"]) for e in events if e.get("event") == "replay"]
        assert [one["count"] for one in replays] == [1000, 1000, 1000, 400]
        assert {one["missing"] for one in replays} == {0}

    def test_a_slow_one_hears_live_lines_after_the_old_ones(self) -> None:
        """While a page waits for it, what is said waits too, in the log."""
        http = Http(Hall(RoomSettings(history=None), log_size=8 << 20))
        for number in range(4):
            text = "".join(f"{number}-{line}\n" for line in range(500))
            http.say(text.encode())
        visitor = http.visit()
        visitor.send(request("GET", "/events", f"Last-Event-ID: {EPOCH}:0"))
        (stream,) = http.hall.connections
        stream.writer.pauseProducing()  # type: ignore[attr-defined]
        http.hall.turn()
        for number in range(300):
            _say(http, f"live {number}")
        stream.writer.resumeProducing()  # type: ignore[attr-defined]
        http.hall.turn(10)
        events = Reader(visitor).events()
        ids = [event["id"] for event in events if event.get("event") == "message"]
        assert ids == [f"{EPOCH}:{id}" for id in range(1, 2301)]

    def test_the_depth_of_history_is_all_that_can_be_had(self) -> None:
        """``--history`` bounds a long absence too, and how much is gone is told."""
        http = Http(Hall(RoomSettings(history=2)))
        _say(http, "1", "2", "3", "4")
        events = http.read("/events", f"Last-Event-ID: {EPOCH}:0").events()
        assert json.loads(events[2]["data"]) == {
            "event": "replay",
            "count": 2,
            "missing": 2,
        }
        assert _messages(events) == ["3", "4"]

    def test_a_comment_comes_every_fifteen_seconds(self, http: Http) -> None:
        """To each EventSource, and to nobody else."""
        reader, other = http.read("/events"), http.read("/lines")
        reader.text()
        for _ in range(3):
            http.hall.wait(14)
            assert reader.text() == ""
            http.hall.wait(1)
            assert reader.text() == ":\n\n"
        assert other.text() == ""
        reader.visitor.lose()
        http.hall.wait(15)

    def test_a_last_bye_is_final(self, http: Http) -> None:
        """One that must not come back is known by its ``id``, and gets 204."""
        reader = http.read("/events?name=bob")
        reader.text()
        (stream,) = http.hall.connections
        stream.session.close(Bye("kicked", "enough"), When.NOW)
        http.hall.turn()
        (bye,) = reader.events()
        assert reader.is_over
        assert json.loads(bye["data"])["reconnect"] is False
        assert http.read("/events", f"Last-Event-ID: {bye['id']}").head.status == 204
        assert http.read("/events").head.status == 200

    @pytest.mark.parametrize("code", ["shutdown", "too-slow", "restarted"])
    def test_another_bye_is_not(self, http: Http, code: str) -> None:
        """It leaves the position, from which the EventSource goes on."""
        reader = http.read("/events")
        reader.text()
        (stream,) = http.hall.connections
        stream.session.close(Bye(code, "come back"), When.AFTER_READ)
        http.hall.turn()
        (bye,) = reader.events()
        assert (bye["event"], "id" in bye) == ("bye", False)
        assert reader.is_over

    @pytest.mark.parametrize("most", [0, 1])
    def test_a_full_room_asks_it_to_come_back(self, most: int) -> None:
        """200, ``bye`` and the end: after a 503 it never would."""
        http = Http(Hall(max_members=most))
        http.read("/lines")
        answer = http.ask("GET", "/events")
        assert answer.status == 200
        retry, bye = events_in(answer.body.decode())
        assert 1000 <= int(retry["retry"]) <= 5000
        assert bye["event"] == "bye"
        assert json.loads(bye["data"])["code"] == "full"
        assert http.ask("GET", "/lines").status == 503

    def test_a_stopping_server_asks_it_to_come_back(self, http: Http) -> None:
        """The same, with the reason."""
        http.hall.connections.stop(Bye("shutdown", "The server has shut down"))
        answer = http.ask("GET", "/events")
        (_, bye) = events_in(answer.body.decode())
        assert (answer.status, json.loads(bye["data"])["code"]) == (200, "shutdown")
        assert http.ask("GET", "/lines").status == 503


class TestMembers:
    """A reader is a member."""

    @pytest.mark.parametrize("path", ["/lines", "/events"])
    def test_it_is_a_quiet_one(self, http: Http, path: str) -> None:
        """Text isn't told; json is; it is counted and can be listed."""
        text, programme = http.hall.join(), http.hall.join("/format json")
        text.take()
        programme.take()
        reader = http.read(f"{path}?name=bob")
        assert text.lines() == []
        (join,) = (json.loads(line) for line in programme.lines())
        assert (join["event"], join["quiet"], join["count"]) == ("join", True, 3)
        text.send("/who")
        assert "bob (quiet)" in text.lines()[0]
        reader.visitor.lose()
        (leave,) = (json.loads(line) for line in programme.lines())
        assert (leave["event"], leave["reason"]) == ("leave", "left")

    def test_a_name_in_use_is_a_guests(self, http: Http) -> None:
        """It is told so, as on the wire; an EventSource would not outlive a 409."""
        http.hall.join("/name bob")
        events = http.read("/events?name=bob").events()
        assert json.loads(events[1]["data"])["name"].startswith("guest-")
        error = json.loads(events[2]["data"])
        assert (events[2]["event"], error["code"]) == ("error", "name-taken")

    def test_a_banned_one_is_403(self) -> None:
        """By its address, and by the name that it wants."""
        hall = Hall(policy=Policy(Bans(lambda: 0.0)))
        http = Http(hall)
        hall.directory.policy.bans.add("192.0.2.66", None, "")
        hall.directory.policy.bans.add("eve", None, "")
        assert http.ask("GET", "/events", peer="192.0.2.66").status == 403
        assert http.ask("GET", "/lines", peer="192.0.2.66").status == 403
        assert http.ask("GET", "/lines?name=eve").status == 403
        assert hall.directory.stats.joined == 0

    def test_what_it_sends_is_dropped(self, http: Http) -> None:
        """Little is ignored, much ends it."""
        reader = http.read("/lines")
        reader.visitor.send(b"GET / HTTP/1.1\r\n\r\n")
        _say(http, "x")
        assert reader.lines() == ["http: x"]
        assert not reader.visitor.is_aborted()
        reader.visitor.send(b"x" * 17_000)
        assert reader.visitor.is_aborted()

    def test_one_that_ends_its_side_has_left(self, http: Http) -> None:
        """As anybody else; but one that doesn't follow is still answered."""
        reader = http.read("/lines")
        reader.visitor.end()
        assert http.hall.directory.stats.left == {"left": 1}
        whole = http.visit()
        whole.channel.dataReceived(request("GET", "/lines?follow=0"))
        whole.end()
        assert b"that was the last 0 lines" in whole.take()

    def test_one_that_is_too_slow_is_closed_and_resumes(self) -> None:
        """It is told how much it has missed; the log has moved past it."""
        http = Http(Hall(log_size=64 * 1024))
        reader = http.read("/events")
        first = reader.events()
        (stream,) = http.hall.connections
        stream.writer.pauseProducing()  # type: ignore[attr-defined]
        for _ in range(20):
            _say(http, "x" * 8000)
        stream.writer.resumeProducing()  # type: ignore[attr-defined]
        http.hall.turn(10)
        *_, bye = reader.events()
        data: dict[str, Any] = json.loads(bye["data"])
        assert (data["code"], data["reconnect"]) == ("too-slow", True)
        assert data["missed"] > 0
        again = http.read("/events", f"Last-Event-ID: {first[1]['id']}").events()
        gone = json.loads(again[2]["data"])["missing"]
        assert gone + len(_messages(again)) == 20

    def test_one_whose_replay_is_dropped_by_the_log_is_told(self) -> None:
        """It had not begun to hear: it is closed all the same, and resumes."""
        http = Http(Hall(RoomSettings(history=None), log_size=64 * 1024))
        for _ in range(5):
            _say(http, "y" * 8000)
        visitor = http.visit()
        visitor.channel.dataReceived(request("GET", "/events?history=5"))
        for _ in range(2):
            http.hall.clock.advance(0)
            for stream in http.hall.connections:
                stream.writer.pauseProducing()  # type: ignore[attr-defined]
        http.hall.turn()
        for _ in range(20):
            _say(http, "x" * 8000)
        for stream in http.hall.connections:
            stream.writer.resumeProducing()  # type: ignore[attr-defined]
        http.hall.turn(10)
        *_, last = Reader(visitor).events()
        assert (last["event"], "too-slow" in last["data"]) == ("bye", True)

    def test_nothing_is_left_of_one_that_is_gone(self, http: Http) -> None:
        """No session, no connection, no place, no job."""
        for path in ("/lines", "/events?history=5", "/lines?follow=0"):
            http.read(path).visitor.lose()
        http.hall.wait(20)
        directory = http.hall.directory
        assert (len(directory.sessions), len(http.hall.connections)) == (0, 0)
        assert (len(http.site.places), len(http.hall.room.fanout.behind)) == (0, 0)
        assert not http.hall.work.queued


@pytest.mark.parametrize("path", ["/say", "/lines", "/events"])
def test_a_relay_has_none_of_it(path: str) -> None:
    """404: there are no names, and no lines but raw ones."""
    http = Http(relay="yes")
    assert http.ask("GET", path).status == 404


@pytest.mark.parametrize("path", ["/say/x", "/lines/x", "/events/"])
def test_there_is_nothing_below(http: Http, path: str) -> None:
    """404, as elsewhere."""
    method = "POST" if path.startswith("/say") else "GET"
    assert http.ask(method, path).status == 404


def test_all_of_a_kind_are_sent_the_same_bytes(http: Http) -> None:
    """Rendered and framed once a batch, however many read it."""
    for path in ("/events", "/events?history=1", "/lines", "/lines?history=3"):
        http.read(path)
    audiences = http.hall.room.fanout.readers.audiences
    assert sorted(len(one.sends) for one in audiences.values()) == [2, 2]
