"""Where the admin socket can be, and ``bcast-admin`` where there is none."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast import __version__
from broadcast.admin.cli import main
from broadcast.auth.passwd import main as passwd
from tests.admin.office import Office, Start
from tests.support.daemon import refused_start


def test_a_stale_socket_is_no_obstacle(daemon: Start, tmp_path: Path) -> None:
    """After a crash the daemon starts again at the same place."""
    path = tmp_path / "admin"
    first = daemon("--admin", f"unix:{path}")
    first.kill()
    assert path.is_socket()
    second = daemon("--admin", f"unix:{path}")
    second.out.wait_for("for bcast-admin")
    assert "members: 0" in Office(second, path).order("stats")


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("unix:/nonexistent/admin", "unix:/nonexistent/admin: no such file"),
        ("tcp:8001", "'tcp:8001' is not unix:/PATH"),
    ],
)
def test_a_bad_place_is_one_line(where: str, words: str) -> None:
    """No socket, no daemon: one line says why."""
    code, _, err = refused_start("--port", "0", "--admin", where)
    assert code != 0
    assert words in err
    assert err.count("\n") == 1


def test_without_a_daemon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command says that it can't reach anybody."""
    path = tmp_path / "admin"
    assert main(["-s", str(path), "who"]) == 1
    assert (
        capsys.readouterr().err == f"bcast-admin: {path}: no such file or directory\n"
    )


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
