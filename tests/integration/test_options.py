"""Options of the real daemon: a wrong one is one line, a file alone is enough."""

from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest

from tests.support.daemon import Daemon, refused_start
from tests.support.lineclient import LineClient


def test_the_real_daemon_refuses_in_one_line(tmp_path: Path) -> None:
    """No traceback, no usage text of screens: one line and a non-zero exit."""
    missing = ["--config", str(tmp_path / "missing")]
    for wrong in (["--port", "x"], ["--nonsense"], missing):
        code, out, err = refused_start(*wrong)
        assert code > 0
        assert (out, len(err.splitlines())) == ("", 1)
        assert err.startswith("broadcast: ")


@pytest.mark.parametrize("words", [("--listen", "tcp:1\n2"), ("--host", "a\nb")])
def test_no_endpoint_breaks_the_line(words: tuple[str, str]) -> None:
    """What an endpoint is called is told in one line, whatever is in its name."""
    code, out, err = refused_start(*words)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "\\n" in err


@pytest.mark.skipif(which("prlimit") is None, reason="needs prlimit")
def test_a_room_for_hardly_anybody_does_not_open() -> None:
    """A limit on open files that leaves room for a few members is told at the start."""
    code, out, err = refused_start("--port=0", files=70)
    assert (code, out) == (1, "")
    assert err == (
        "broadcast: 70 open files leave room for 6 members; allow 80 or more"
        " (ulimit -n, or LimitNOFILE= in the unit)\n"
    )


def test_a_config_file_for_the_real_daemon(
    daemon: Callable[..., Daemon],
    connect: Callable[[Daemon], LineClient],
    tmp_path: Path,
) -> None:
    """The file alone is enough to run it."""
    path = tmp_path / "config"
    path.write_text("[server]\nport = 0\nwelcome = from the file\n")
    client = connect(daemon("--config", str(path)))
    assert client.line() == "* from the file"
