"""Options of the real daemon: a wrong one is one line, a file alone is enough."""

from collections.abc import Callable
from pathlib import Path

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
