"""Whose time it is."""

import shutil
import sys

import pytest

from benchmarks.build import build, compiler
from benchmarks.cells import Cell
from benchmarks.profile import profile, shares
from benchmarks.servers import SERVERS

REPORT = """
# Overhead  Shared Object
# ........  .......................
#
    82.28%  [kernel.kallsyms]
    10.03%  libpython3.11.so.1.0
     4.00%  python3.13
     2.44%  libc.so.6
     1.25%  [vdso]
"""


def test_the_report_is_read() -> None:
    """The kernel's, the interpreter's however it is linked, and all others'."""
    found = shares(REPORT)
    assert found == pytest.approx(
        {"kernel": 0.8228, "interpreter": 0.1403, "rest": 0.0369}
    )


@pytest.mark.skipif(compiler() is None, reason="no C compiler (cc)")
@pytest.mark.skipif(shutil.which("perf") is None, reason="no perf")
@pytest.mark.skipif(sys.platform != "linux", reason="it uses epoll and memfd")
@pytest.mark.parametrize("name", ["limit", "relay"])
def test_all_time_is_somebodys(name: str) -> None:
    """A second or two of it: only what is written in Python has an interpreter."""
    build()
    try:
        cpu, found = profile(SERVERS[name], Cell("", "window", 20, window=1))
    except RuntimeError as error:
        if str(error).startswith("perf"):
            pytest.skip(str(error))  # the kernel's to allow
        raise
    assert cpu > 0
    assert sum(found.values()) == pytest.approx(1, abs=0.02)
    assert (found["interpreter"] > 0) == (name == "relay")
