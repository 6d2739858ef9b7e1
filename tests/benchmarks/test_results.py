"""What the benchmarks make of what was measured."""

from pathlib import Path

import pytest

from benchmarks.__main__ import estimate
from benchmarks.cells import Cell, full, quick
from benchmarks.results import Medians, Result, loads, read, values_of
from benchmarks.servers import SERVERS
from benchmarks.tables import PEERS, faults, limit_of, number, report
from benchmarks.targets import Targets

CELL = Cell("throughput", "window", 100)
CLEAN = dict.fromkeys(("missing", "disordered", "doubled", "corrupt", "closed"), 0.0)


def result(server: str, rate: float, cell: Cell = CELL, **values: float) -> Result:
    return Result(server, cell, CLEAN | {"per_second": rate, "delivered": 10} | values)


def test_values_are_read_from_what_the_generator_prints() -> None:
    """Every number arrives, each storm under its own name."""
    said = '{"mode": "storm", "subscribers": 5, "storm_s": [0.5, 1.25]}'
    wanted = {"subscribers": 5.0, "storm_0_s": 0.5, "storm_1_s": 1.25}
    assert values_of(said) == wanted


def test_no_values_of_a_broken_line() -> None:
    """What is cut off is no result."""
    with pytest.raises(ValueError, match="Expecting"):
        values_of('{"mode": "window", "sent": 12')


def test_results_survive_the_file(tmp_path: Path) -> None:
    """A result is the same after it was written and read."""
    cell = Cell("stalled", "paced", 100, stalled=50, only=("chat",))
    kept = Result("chat", cell, {"per_second": 1.5}, ((0.1, 2000), (0.2, 2100)))
    assert loads(kept.dumps()) == kept
    path = tmp_path / "results"
    path.write_text(kept.dumps() + "\n")
    assert read(path) == [kept]
    assert read(tmp_path / "none") == []


def test_medians_leave_out_what_failed() -> None:
    """A run without values moves no median, an outlier hardly does."""
    runs = [result("chat", rate) for rate in (10, 12, 1000)]
    medians = Medians([*runs, Result("chat", CELL, failed="it doesn't listen")])
    assert medians.get("chat", CELL, "per_second") == 12
    assert medians.get("relay", CELL, "per_second") is None


def test_chat_is_compared_with_the_limit_at_its_own_length() -> None:
    """Chat's lines are longer, and so are those of the limit beside it."""
    longer = SERVERS[limit_of("chat")]
    assert limit_of("relay") == limit_of("redis") == "limit"
    assert longer.extra == len("talk000: ")
    words = CELL.arguments(longer)
    assert words[words.index("--size") + 1] == "73"


def test_ratios_are_to_the_limit_and_to_the_best_peer() -> None:
    """The best peer is somebody else's server: no limit, no textbook, not ours."""
    rates = {"relay": 90, "limit": 100, "textbook": 95, "nats": 10, "redis": 30}
    text = report([result(name, rate) for name, rate in rates.items()])
    assert "| relay | 0.9 / 3 |" in text
    assert "| redis | 0.3 / 1 |" in text
    assert not {"limit", "textbook", "chat", "relay"} & set(PEERS)


@pytest.mark.parametrize("fault", ["missing", "disordered", "doubled", "corrupt"])
def test_faults_are_told(fault: str) -> None:
    """A run in which a delivery was wrong is named, with what was wrong."""
    assert "none missing" in faults([result("chat", 1)])
    text = faults([result("chat", 1), result("relay", 1, CELL, **{fault: 3})])
    assert "none missing" not in text
    assert f"- relay, throughput, N 100, P 1, 64 B: {fault} 3" in text


def test_a_target_that_is_missed_is_told_by_its_worst_cell() -> None:
    """Of several cells the worst counts; what is missed is bold."""
    other = Cell("throughput", "window", 1000)
    measured = [
        result("relay", 95),
        result("limit", 100),
        result("relay", 80, other),
        result("limit", 100, other),
    ]
    rows = Targets(Medians(measured)).table()
    assert "| N 100, 1000; 64 B: of the limit | **0.8 (≥ 0.9) missed** | – |" in rows
    better = [*measured[:2], result("relay", 91, other), measured[3]]
    assert "| 0.91 (≥ 0.9) met | – |" in Targets(Medians(better)).table()


def test_numbers_keep_three_digits() -> None:
    """Large ones lose their fractions, small ones none that matter."""
    assert number(53123.4) == "53,123"
    assert number(0.012345) == "0.0123"
    assert number(None) == "–"


def test_cells_are_within_what_their_servers_take() -> None:
    """Nobody is asked for more members, or longer lines, than it takes."""
    for cell in [*quick(), *full()]:
        for server in filter(cell.takes, SERVERS.values()):
            assert cell.subscribers + cell.publishers <= server.most
            words = cell.arguments(server)
            assert int(words[words.index("--size") + 1]) <= server.longest


def test_a_rate_that_the_generator_held_back_is_marked() -> None:
    """Who reads it sees that the server could have done more."""
    measured = [
        result("relay", 50_000_000, generator_load=0.97),
        result("limit", 60_000_000, generator_load=0.6),
    ]
    text = report(measured)
    assert "| relay | 50,000 g |" in text
    assert "| limit | 60,000 |" in text


def test_runs_that_shared_their_cores_are_told() -> None:
    """What is measured beside other work doesn't pass for a quiet machine's."""
    quiet = result("chat", 1, server_waited=0.1, generator_waited=0.1)
    busy = result("chat", 1, server_waited=0.3)
    assert "share" not in faults([quiet])
    assert "1 runs had to share" in faults([quiet, busy])


def test_the_estimate_counts_who_takes_part() -> None:
    """Each run of each server counts; what runs once is counted once."""
    both = [SERVERS["chat"], SERVERS["relay"]]
    one = Cell("throughput", "window", 100, only=("chat",))
    idle = Cell("idle", "idle", 1000, once=True)
    assert estimate([one], both, 3) == pytest.approx(3 * one.estimate)
    assert estimate([one, idle], both, 3) == pytest.approx(
        3 * one.estimate + 2 * idle.estimate
    )


def test_every_figure_to_reach_has_its_cells() -> None:
    """The full size measures whatever the table of targets needs."""
    names = ("chat", "relay", "limit", "limit at chat's length", "textbook", "nats")
    keys = ("per_second", "bytes_per_second", "cpu_us", "p50_ms", "p99_ms")
    others = ("member_kib", "storm_0_s", "storm_1_s")
    measured = [
        Result(name, cell, CLEAN | dict.fromkeys((*keys, *others), 1.0))
        for cell in full()
        for name in names
        if cell.takes(SERVERS[name])
    ]
    rows = Targets(Medians(measured)).table().splitlines()[2:]
    assert len(rows) == 18
    unmeasured = [row for row in rows if "–" in row]
    assert len(unmeasured) == 2, "json is of chat alone"
    assert all(row.startswith("| half on json") for row in unmeasured)
