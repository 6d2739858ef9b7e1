"""Two checkouts by turns: what the interval of their ratio says."""

import pytest

from benchmarks.servers import SERVERS
from benchmarks.turns import interval, of


def test_equal_ones_have_no_interval() -> None:
    """Where all pairs agree, so do the mean and both ends."""
    assert interval([1.05] * 12) == pytest.approx((1.05, 1.05, 1.05))


def test_noise_widens_the_interval() -> None:
    """The mean is of ratios: twice and half are equal; noise is in the interval."""
    mean, low, high = interval([2.0, 0.5] * 6)
    assert mean == pytest.approx(1)
    assert low < 0.8
    assert high > 1.25


def test_a_slower_one_is_found() -> None:
    """One that takes a tenth more, with little noise, is told apart from an equal."""
    mean, low, high = interval([1.08, 1.1, 1.12] * 4)
    assert 1.05 < low < mean < high < 1.15


def test_another_checkout_is_not_ours() -> None:
    """The other interpreter takes what is installed there, not what lies here."""
    server = of("/opt/other/bin/python", SERVERS["relay"])
    assert server.command[:4] == ("/opt/other/bin/python", "-P", "-m", "twisted")
    assert server.command[-1] == "--relay"
