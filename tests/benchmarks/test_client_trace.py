"""The way of a line through the client is as short as it is said to be."""

import pytest

from benchmarks.client_trace import GOALS, main


def test_ways_are_short(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither way has more moves than its goal, and both are followed to the end."""
    assert main() == 0, capsys.readouterr().out
    out = capsys.readouterr().out
    for name, last in zip(
        GOALS, ("_Connection.write", "ui.screen.Screen.print"), strict=True
    ):
        way = out.partition(f"{name}: ")[2]
        assert last in way
