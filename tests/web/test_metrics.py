"""Metrics: their names are a contract, and their values are the room's own."""

import re
from collections import Counter
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

import broadcast
from broadcast.base.histogram import SECONDS, Histogram
from broadcast.base.outside import Outside
from broadcast.base.settings import RoomSettings
from broadcast.protocol import codes
from broadcast.protocol.events import Bye
from broadcast.store.figures import LINES, Figures
from broadcast.store.memory import MemoryStore
from broadcast.web.metrics import FRESH, LAG_INTERVAL, Exporter, LagProbe
from tests.support.hall import Hall, LoginHall

# Names without the prefix, and without the ending of a counter's one sample.
CONTRACT = {
    "build_info": "gauge",
    "members": "gauge",
    "members_limit": "gauge",
    "ready": "gauge",
    "connections": "gauge",
    "lines_said": "counter",
    "deliveries": "counter",
    "received_bytes": "counter",
    "sent_bytes": "counter",
    "too_slow": "counter",
    "joined": "counter",
    "refused": "counter",
    "left": "counter",
    "turned_away": "counter",
    "logins_refused": "counter",
    "bans": "gauge",
    "mutes": "gauge",
    "handshakes_refused": "counter",
    "log_lines_lost": "counter",
    "reactor_lag_seconds": "histogram",
    "fan_out_seconds": "histogram",
    "log_bytes": "gauge",
    "log_limit_bytes": "gauge",
    "log_lines": "gauge",
    "log_last_id": "gauge",
    "members_behind": "gauge",
    "backlog_lines": "gauge",
}


def _families(hall: Hall) -> dict[str, Metric]:
    """Return our metrics by name, as a scrape reads them."""
    text = Exporter(hall.connections).render().decode()
    return {
        family.name.removeprefix("broadcast_"): family
        for family in text_string_to_metric_families(text)
        if family.name.startswith("broadcast_")
    }


def _values(hall: Hall) -> dict[str, float]:
    """Return all samples, labels after the name: ``left_total quit``."""
    return {
        " ".join([sample.name.removeprefix("broadcast_"), *sample.labels.values()]): (
            sample.value
        )
        for family in _families(hall).values()
        for sample in family.samples
    }


def test_the_names_are_these() -> None:
    """No metric of ours is missing, new, or of another type; each says what it is."""
    found = _families(Hall())
    assert {name: family.type for name, family in found.items()} == CONTRACT
    assert all(family.documentation for family in found.values())


def test_an_empty_room_has_its_numbers() -> None:
    """From the start on each number is there, at 0, whatever its labels are."""
    found = _values(Hall(log_size=4711))
    assert found.pop("log_limit_bytes") == 4711
    assert found.pop("members_limit") == 1_000_000
    assert [found.pop(name) for name in tuple(found) if "build_info" in name] == [1]
    assert set(found.values()) == {0.0}
    for reason in codes.LEFT:
        assert f"left_total {reason}" in found
    for reason in codes.ERRORS:
        assert f"refused_total {reason}" in found
    for reason in codes.TURNED_AWAY:
        assert f"turned_away_total {reason}" in found
    for reason in codes.LOGINS:
        assert f"logins_refused_total {reason}" in found
    faces = {name.split()[2] for name in found if name.startswith("members ")}
    kinds = set(re.findall(r'^    kind = "(\w+)"', _source("web"), re.MULTILINE))
    assert faces == {"tcp", "tls", "unix"} | kinds
    assert len(kinds) == 2


def _source(folder: str = "") -> str:
    """Return all of the daemon's source, but the list of codes."""
    return "".join(
        path.read_text("utf-8")
        for path in (Path(broadcast.__file__).parent / folder).rglob("*.py")
        if "client" not in path.parts and path.name != "codes.py"
    )


def test_all_reasons_are_known() -> None:
    """Each code that the daemon gives is one of those that have a series; none else."""

    def given(pattern: str) -> set[str]:
        return set(re.findall(pattern, _source()))

    errors = given(
        r'\b(?:\w*Error|Refusal|Refused)\(\s*"([a-z]+-[a-z-]+|muted|slowed)"'
    )
    errors |= given(r'silenced = (?:member\.silenced or )?"([a-z-]+)"')
    errors |= given(r'silenced\("([a-z-]+)"')
    errors |= given(r'\brefused\["([a-z-]+)"\]')
    ends = given(r'\bBye\(\s*"([a-z-]+)"') | given(r'\.close\(\s*"([a-z-]+)"')
    assert errors <= set(codes.ERRORS)
    page = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")
    told = page.partition("Codes of `error`:")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z-]+)`", told)) - set(codes.LEFT) >= set(codes.ERRORS)
    assert ends == {*codes.LEFT, *codes.TURNED_AWAY, *codes.NEVER_JOINED}


def test_members_and_connections_are_told_apart() -> None:
    """Members count by face and dialect; who has not joined is a connection alone."""
    hall = Hall()
    hall.join("/name al"), hall.join("/name bo")
    program = hall.join("/name bot")
    hall.connect()
    program.send("/format json")
    text = Exporter(hall.connections).render().decode()
    assert 'broadcast_members{dialect="text",face="tcp"} 2.0' in text
    assert 'broadcast_members{dialect="json",face="tcp"} 1.0' in text
    assert "broadcast_connections 4.0" in text


def test_what_is_said_is_counted() -> None:
    """Lines, bytes each way, and lines times hearers, the sender being one."""
    hall = Hall()
    al, bo = hall.join("/name al"), hall.join("/name bo")
    al.send("one", "two")
    bo.send("three")
    found = _values(hall)
    assert found["lines_said_total"] == found["log_lines"] == found["log_last_id"] == 3
    assert found["deliveries_total"] == 3 * 2
    heard = len(b"/name al\n/name bo\none\ntwo\nthree\n")
    assert found["received_bytes_total"] == heard
    assert found["sent_bytes_total"] == len(al.take()) + len(bo.take())
    assert found["log_bytes"] > 0


def test_refusals_and_leavings_are_counted_by_reason() -> None:
    """Each code has a number of its own, as the protocol calls it."""
    hall = Hall(RoomSettings(max_line=10))
    al, bo, cy = (hall.join(f"/name {name}") for name in ("al", "bo", "cy"))
    al.send("/nope", "/nope", "/who a b", "x" * 11)
    al.send("/quit")
    bo.drop()
    hall.directory.close(cy.protocol.session.member, Bye("kicked", "out"))
    found = _values(hall)
    labelled = ("refused_total", "left_total")
    assert {k: v for k, v in found.items() if k.startswith(labelled) and v} == {
        "refused_total unknown-command": 2,
        "refused_total bad-argument": 1,
        "refused_total too-long": 1,
        "left_total quit": 1,
        "left_total lost": 1,
        "left_total kicked": 1,
    }


def test_the_histogram_adds_up() -> None:
    """Each bucket holds all that were as fast; the last one, and the count, all."""
    hall = Hall()
    for seconds in (SECONDS[0], 0.003, 0.003, 20.0):
        hall.room.stats.fan_out.add(seconds)
    found = _values(hall)
    buckets = [
        value for name, value in found.items() if name.startswith("fan_out_seconds_b")
    ]
    assert buckets == [1, 1, 1, 1, 1, *[3] * (len(SECONDS) - 5), 4]
    assert found["fan_out_seconds_count"] == found["fan_out_seconds_bucket +Inf"] == 4
    assert found["fan_out_seconds_sum"] == pytest.approx(20.0061)


def test_who_is_behind_is_told_until_it_has_read() -> None:
    """Members that catch up are counted, and how far the furthest of them is."""
    hall = Hall()
    talker, slow, slower = (hall.join(f"/name {name}") for name in ("al", "bo", "cy"))
    slower.protocol.writer.pauseProducing()  # type: ignore[union-attr]  # it is one
    talker.send("one", "two")
    slow.protocol.writer.pauseProducing()  # type: ignore[union-attr]
    talker.send("three")
    found = _values(hall)
    assert (found["members_behind"], found["backlog_lines"]) == (2, 3)
    slower.protocol.writer.resumeProducing()
    assert _values(hall)["backlog_lines"] == 1
    slow.protocol.writer.resumeProducing()
    found = _values(hall)
    assert (found["members_behind"], found["backlog_lines"]) == (0, 0)


def test_they_are_rendered_once_a_second() -> None:
    """However often they are asked for; a second later they are as things are then."""
    hall = Hall()
    exporter = Exporter(hall.connections)
    first = exporter.render()
    hall.connect()
    assert exporter.render() is first
    hall.clock.advance(FRESH - 0.01)
    assert exporter.render() is first
    hall.clock.advance(0.01)
    assert b"broadcast_connections 1.0" in exporter.render()
    assert b"broadcast_connections 0.0" in first


def test_lag_is_how_late_a_timer_comes() -> None:
    """A reactor that is held up shows it, and goes on to be measured."""
    hall = Hall()
    probe = LagProbe(hall.clock)
    probe.start()
    probe.start()
    for _ in range(3):
        hall.clock.advance(LAG_INTERVAL)
    assert (probe.lags.buckets[0], sum(probe.lags.buckets)) == (3, 3)
    hall.clock.advance(LAG_INTERVAL + 2)
    assert probe.lags.total == pytest.approx(2)
    assert sum(probe.lags.buckets) == 4


def test_the_certificate_expires_when_it_says() -> None:
    """There is none without TLS."""
    hall = Hall()
    told = Exporter(hall.connections, Outside(lambda: 1234.5)).render()
    assert b"broadcast_certificate_expiry_timestamp_seconds 1234.5" in told
    assert b"certificate" not in Exporter(hall.connections).render()


def test_what_is_counted_outside_is_told() -> None:
    """Refused handshakes, and lines of the log that were lost, by where to."""
    outside = Outside(None, lambda: 3, lambda: 4, lambda: 5)
    told = Exporter(Hall().connections, outside).render()
    assert b"broadcast_handshakes_refused_total 3.0" in told
    assert b'broadcast_log_lines_lost_total{to="console"} 4.0' in told
    assert b'broadcast_log_lines_lost_total{to="file"} 5.0' in told


def test_logins_bans_and_mutes_are_counted(tmp_path: Path) -> None:
    hall = LoginHall(tmp_path)
    hall.directory.policy.bans.add("mallory", None, "")
    hall.room.store.state.mutes.add("eve")
    hall.authenticator.refused["login-failed"] += 2
    found = _values(hall)
    assert (found["bans"], found["mutes"]) == (1, 1)
    assert found["logins_refused_total login-failed"] == 2


def test_who_is_turned_away_is_counted() -> None:
    """By reason: the room is full, or closing."""
    hall = Hall(max_members=1)
    hall.join("/name al")
    hall.join("/name bo")
    hall.connections.stop(Bye("shutdown", "going down"))
    hall.join("/name cy")
    found = _values(hall)
    assert found["turned_away_total full"] == found["turned_away_total shutdown"] == 1
    assert found["joined_total"] == 1


STORE = {
    "store_bytes": "gauge",
    "store_limit_bytes": "gauge",
    "store_syncs": "counter",
    "store_failures": "counter",
    "commit_seconds": "histogram",
    "commit_lines": "histogram",
    "commit_waiting_seconds": "gauge",
    "clogged_seconds": "counter",
}


class LastingStore(MemoryStore):
    """A store in memory with the figures of one that lasts."""

    figures = Figures(
        size=7,
        limit=10,
        syncs=3,
        failures=Counter({"the disk is full": 2}),
        seconds=Histogram(),
        lines=Histogram(LINES),
        waiting=1.5,
    )


def test_a_store_that_lasts_has_its_own() -> None:
    """They are there with ``--store`` alone, and are the store's figures."""
    hall = Hall()
    hall.room.store = LastingStore(hall.clock.seconds)
    assert hall.room.store.figures is not None
    hall.room.store.figures.lines.add(16)
    hall.room.stats.clogged = 2.5
    types = {name: family.type for name, family in _families(hall).items()}
    assert types == CONTRACT | STORE
    values = _values(hall)
    assert values["store_failures_total the disk is full"] == 2
    assert [values[f"commit_lines_bucket {n}"] for n in ("4.0", "16.0", "+Inf")] == [
        *(0, 1, 1)
    ]
    assert {name: values[name] for name in values if name in STORE} == {
        "store_bytes": 7,
        "store_limit_bytes": 10,
        "commit_waiting_seconds": 1.5,
    }
    assert values["store_syncs_total"] == 3
    assert values["clogged_seconds_total"] == 2.5
