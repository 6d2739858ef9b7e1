"""What is told of a connection that is gone."""

from broadcast.client.absence import Absence


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
