"""Memory that is not there: one line and the end, wherever Python tells of it."""

import subprocess
import sys

import pytest

from tests.support.daemon import DEADLINE

MAIN = "raise MemoryError"
THREAD = """
import threading, time
threading.Thread(target=lambda: bytes(1 << 60)).start()
time.sleep(60)"""
DESTRUCTOR = """
class Thing:
    def __del__(self):
        raise MemoryError
Thing()"""
LOGGED = """
from twisted.logger import Logger, globalLogBeginner
globalLogBeginner.beginLoggingTo([exhaustion.observe])
try:
    raise MemoryError
except MemoryError:
    Logger().failure("it failed")"""
LOGGED_AS_OF_OLD = """
from twisted.logger import globalLogBeginner
from twisted.python import log
globalLogBeginner.beginLoggingTo([exhaustion.observe])
try:
    raise MemoryError
except MemoryError:
    log.err()"""
IMPORT = "raise ImportError('x.so: failed to map segment from shared object')"


def _ended(script: str) -> tuple[int, str]:
    """Run a script under the hooks; return its exit code and what is on stderr."""
    head = "from broadcast import exhaustion\nexhaustion.catch_uncaught()\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{head}{script}\nprint('survived')"],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.stdout in ("", "survived\n")
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "script",
    [MAIN, THREAD, DESTRUCTOR, LOGGED, LOGGED_AS_OF_OLD, IMPORT],
    ids=["main", "thread", "destructor", "logged", "logged-as-of-old", "import"],
)
def test_it_is_one_line(script: str) -> None:
    """It ends the process at once, with 1."""
    assert _ended(script) == (1, "broadcast: out of memory\n")


@pytest.mark.parametrize("script", ["raise ValueError", "raise ImportError('x')"])
def test_other_errors_are_pythons(script: str) -> None:
    """They have their traceback, as ever."""
    code, err = _ended(script)
    assert code == 1
    assert err.startswith("Traceback")
