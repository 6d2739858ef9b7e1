"""The commands ``bcast-admin`` and ``bcast-passwd`` where there is no daemon."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast import __version__
from broadcast.admin.cli import main
from broadcast.auth.passwd import main as passwd


def test_without_a_daemon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command says that it can't reach anybody, with the path as it was given."""
    path = tmp_path / "Admin"
    assert main(["-s", str(path), "who"]) == 1
    told = f"{path}: no such file or directory; name the daemon's --admin socket"
    assert capsys.readouterr().err == f"bcast-admin: {told}\n"


def test_the_longest_command_is_the_daemons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the daemon takes is sent to it, and what is refused here it would not."""
    path = str(tmp_path / "none")
    for size, told in (
        (8192, "no such file"),
        (8193, "one line of at most 8192 bytes"),
    ):
        assert main(["-s", path, "say " + "x" * (size - 4)]) == 1
        assert told in capsys.readouterr().err


@pytest.mark.parametrize(("main", "name"), [(main, "admin"), (passwd, "passwd")])
def test_version(
    main: Callable[[list[str]], int], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command tells its own name and the version."""
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"bcast-{name} {__version__}\n"


def test_the_command_needs_no_twisted() -> None:
    """It starts fast: only the standard library is imported."""
    code = "import sys, broadcast.admin.cli; sys.exit('twisted' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
