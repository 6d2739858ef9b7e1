"""A short run of the PTY soak; docs/client.md has the long one."""

import pytest

from benchmarks.client_soak import soak


@pytest.mark.parametrize(("lines", "rate"), [(42, 500), (24, 5000)])
def test_no_typed_line_is_corrupted(lines: int, rate: int) -> None:
    """Fast typing while lines pour in: 0 lines corrupted, 0 stray characters."""
    typed, damaged, rows, stray = soak(lines, rate, 0.004)
    assert (typed, damaged, stray) == (lines, 0, 0)
    assert rows > 100
