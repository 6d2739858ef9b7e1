"""The harness of ``hostile.waits`` measures what it says, and can fail."""

import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hostile.crowds import CROWDS
from hostile.floods import BURST, MIXTURE, RECORD, chosen_flood, floods, usual_floods
from hostile.healthy import Listener
from hostile.measuring import (
    DRAIN,
    Attack,
    Healthy,
    Row,
    Target,
    Waits,
    measure,
    measure_healthy,
)
from hostile.pinging import Members
from hostile.waits import QUICK, main
from tests.support.daemon import Daemon

FROZEN = 0.5
"""Seconds that a daemon stands still."""

CALM = Waits(p50=0.001, p99=0.002, longest=0.003, answered=50, asked=50, lost=0)
ATTACK = Attack("ping:tcp", "burst", 1, 1.0)
FINE = Row(ATTACK, CALM, CALM, CALM, stopping=DRAIN, grown=0, done=1)


def _freeze(daemon: Daemon, seconds: float) -> None:
    daemon.signal(signal.SIGSTOP)
    time.sleep(seconds)  # that is what is tried
    daemon.signal(signal.SIGCONT)


def test_an_attack_is_measured(tmp_path: Path) -> None:
    """The daemon is attacked, answers all pings, and stops when told to.

    How fast is not asked: other work may be going on here.
    """
    idle = Target(tmp_path)
    try:
        row = measure(ATTACK, tmp_path, idle)
    finally:
        idle.daemon.kill()
    assert row.done >= BURST - 10
    assert row.attacked.answered == row.attacked.asked >= 25
    assert row.attacked.lost == 0
    assert row.elsewhere.answered == row.elsewhere.asked
    assert row.stopping < 10
    assert "ping:tcp" in str(row)


def test_a_crowd_is_counted_when_it_is_served(tmp_path: Path) -> None:
    """Who connects has done so when it is answered."""
    idle = Target(tmp_path)
    try:
        row = measure(Attack("connect:tcp", "crowd", 40, 1.0), tmp_path, idle)
    finally:
        idle.daemon.kill()
    assert row.done == 40


def test_healthy_members_are_measured(tmp_path: Path) -> None:
    """Each line that is said is awaited of each member."""
    attack = replace(ATTACK, kind="flood")
    heard = measure_healthy(attack, 5, 50, tmp_path)
    assert heard.attacked.asked >= 5 * 25
    assert heard.attacked.answered == heard.attacked.asked
    assert heard.attacked.lost == 0


def test_a_daemon_that_stands_still_is_noticed() -> None:
    """Every ping that was due meanwhile counts, not just the one on its way."""
    with Daemon() as daemon, Members(daemon.port, 1) as members:
        began = time.monotonic()
        _freeze(daemon, FROZEN)
        end = time.monotonic()
        waits = Waits.of(members.leave(), began, end)
    assert waits.longest > FROZEN * 0.8
    assert waits.p50 > FROZEN * 0.2
    assert waits.answered == waits.asked > FROZEN / 0.02 * 0.6
    faults = replace(FINE, attacked=waits).faults()
    assert faults == ["p99", "longest"]


def test_a_daemon_that_dies_is_noticed() -> None:
    """What it left unanswered is counted; so is that the member was cut off."""
    with Members((daemon := Daemon()).port, 1) as members:
        began = time.monotonic()
        daemon.signal(signal.SIGSTOP)
        time.sleep(FROZEN / 2)  # so that pings are due
        daemon.kill()
        waits = Waits.of(members.leave(), began, time.monotonic())
    assert waits.lost == 1
    assert waits.answered < waits.asked
    assert "lost" in replace(FINE, attacked=waits).faults()


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (replace(FINE, attacked=replace(CALM, p99=0.028)), "p99"),
        (replace(FINE, attacked=replace(CALM, longest=0.104)), "longest"),
        (replace(FINE, attacked=replace(CALM, answered=49)), "lost"),
        (replace(FINE, stopping=DRAIN + 1.1), "stop"),
        (replace(FINE, grown=33 << 20), "memory"),
        (replace(FINE, done=0), "undone"),
    ],
)
def test_what_is_too_much_is_told(row: Row, fault: str) -> None:
    """Each limit has its own word; an attack that was none proves nothing."""
    assert row.faults() == [fault]
    assert f"SLOW {fault}" in str(row)


def test_what_is_within_the_limits_is_ok() -> None:
    """A little more than in the control is allowed."""
    row = replace(FINE, attacked=replace(CALM, p99=0.026, longest=0.1), grown=32 << 20)
    assert row.faults() == []
    assert str(row).endswith(" ok")


@pytest.mark.parametrize(
    ("attacked", "fault"),
    [
        (replace(CALM, p50=0.0021), "p50"),
        (replace(CALM, p99=0.0041), "p99"),
        (replace(CALM, answered=49), "missing"),
        (replace(CALM, lost=1), "lost"),
    ],
)
def test_what_healthy_members_must_not_bear(attacked: Waits, fault: str) -> None:
    """They wait twice as long at most, and hear it all."""
    assert Healthy(ATTACK, CALM, CALM).faults() == []
    assert Healthy(ATTACK, CALM, attacked).faults() == [fault]


def test_a_line_out_of_its_place_is_not_heard() -> None:
    """One that comes twice, or too late, counts as missing."""
    listener = Listener([0.0] * 4)
    listener.data_received(b"a: said-0\na: said-2\na: said-1\na: sai")
    listener.data_received(b"d-2\na: said-3\n")
    assert sorted(listener.took) == [0, 2, 3]
    assert listener.strays == 2


def test_payloads_are_whole_pieces() -> None:
    """A burst is one send's worth, however short a piece is."""
    for name, flood in floods().items():
        payload = flood.payload(7, "epoch")
        size = len(payload) * (RECORD if flood.is_crumbled else 1)
        assert BURST * 0.9 < size <= BURST, name
        assert b"NUMBER" not in payload
        assert b"EPOCH" not in payload


def test_the_rows_that_are_named_exist() -> None:
    """Those of the quick run, of the usual one, and of the mixture."""
    every = {*floods(), MIXTURE, *CROWDS}
    assert every.issuperset(QUICK)
    assert every.issuperset(usual_floods())
    mixed = {str(chosen_flood(MIXTURE, number)) for number in range(len(floods()))}
    assert mixed == set(floods())


def test_nothing_measured_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    """A crowd is no burst: the command that measures nothing fails."""
    arguments = ["--rows", "connect:tcp", "--kinds", "burst", "--healthy", "1"]
    assert main(arguments) == 1
    assert capsys.readouterr().out.endswith("0 rows, 0 slow\n")
