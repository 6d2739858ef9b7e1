"""Those who begin and never finish are freed by their deadlines."""

from hostile.slow import run


def test_slow_connections_are_freed() -> None:
    """Ninety at once: all freed, and members talk on meanwhile.

    Without HTTP, whose 20 s pass in tests/web/test_http.py, on another clock.
    """
    report = run(90, deadline=1.0, doors=("tcp", "tls"))
    assert report.freed == sum(report.opened.values()) == 90
    assert report.descriptors[1] <= report.descriptors[0]
    assert len(report.storm) > 50
    assert sorted(report.storm)[len(report.storm) // 2] < 0.1
