"""What is told of a connection that is gone."""

from broadcast.client.io.runner import Absence


def test_what_is_missing_is_told_for_what_it_is() -> None:
    """After a return the log began anew; otherwise the position may be a wrong one."""
    absence = Absence("host:8000")
    assert absence.gap(0) is None
    assert str(absence.gap(7)).startswith("* (7 lines are missing here")
    given = str(absence.gap(None))
    assert given.startswith("* (that position is not in the server's log")
    absence.lost("reset")
    absence.over()
    assert str(absence.gap(None)).startswith("* (the server's log began anew")
    assert absence.gap(None) == given


def test_nothing_is_told_twice() -> None:
    """The loss once, each reason of failed tries once, the return once."""
    absence = Absence("host:8000")
    assert absence.over() is None
    assert absence.lost("reset") == "connection lost: reset"
    refused = "can't reach host:8000: connection refused"
    assert absence.lost("connection refused") == refused
    assert absence.lost("connection refused") is None
    assert absence.lost("timed out") == "can't reach host:8000: timed out"
    assert absence.lost("connection refused") is None
    assert absence.over() == "connected again"
    assert absence.over() is None
    assert absence.lost("reset") == "connection lost: reset"
