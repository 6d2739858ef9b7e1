"""The tests pass whatever started them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENDS = "tests/integration/behaviour/test_ends.py::test_shutting_down_is_told"
RELOAD = "tests/integration/test_reload.py::test_what_can_change_changes"


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to ignore there")
def test_signals_that_the_parent_ignores() -> None:
    """A shell ignores SIGINT in the background, and ``nohup`` SIGHUP: no test minds."""
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    tests = [f"{ENDS}[tcp-2]", RELOAD]
    done = subprocess.run(
        ["sh", "-c", "trap '' HUP INT TERM; exec \"$@\"", "sh", *pytest_, *tests],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
