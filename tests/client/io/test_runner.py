"""The words for a connection that is gone."""

from broadcast.client.io.runner import Outage

HERE = "host:8000"


def test_what_is_missing_is_told_for_what_it_is() -> None:
    """After a return the log began anew; otherwise the position may be a wrong one."""
    outage = Outage()
    assert outage.gap(0) is None
    assert str(outage.gap(7)).startswith("* (7 lines are missing here")
    given = str(outage.gap(None))
    assert given.startswith("* (that position is not in the server's log")
    outage.lost("reset", HERE)
    outage.over()
    assert str(outage.gap(None)).startswith("* (the server's log began anew")
    assert outage.gap(None) == given


def test_nothing_is_told_twice() -> None:
    """The loss once, each reason of failed tries at a server once, the return once."""
    outage = Outage()
    assert outage.over() is None
    assert outage.lost("reset", HERE) == "connection lost: reset"
    refused = "can't reach host:8000: connection refused"
    assert outage.lost("connection refused", HERE) == refused
    assert outage.lost("connection refused", HERE) is None
    assert outage.lost("connection refused", "b:1") == (
        "can't reach b:1: connection refused"
    )
    assert outage.lost("timed out", HERE) == "can't reach host:8000: timed out"
    assert outage.lost("connection refused", HERE) is None
    assert outage.over() == "connected again"
    assert outage.over() is None
    assert outage.lost("reset", HERE) == "connection lost: reset"
