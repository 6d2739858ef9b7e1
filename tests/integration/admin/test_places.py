"""Where the admin socket can be, and ``bcast-admin`` where there is none."""

from pathlib import Path

import pytest

from tests.support.daemon import refused_start
from tests.support.office import Office, Start


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
        ("unix:{missing}/admin", "unix:{missing}/admin: no such file"),
        ("tcp:8001", "'tcp:8001' is not unix:/PATH"),
    ],
)
def test_a_bad_place_is_one_line(where: str, words: str, tmp_path: Path) -> None:
    """No socket, no daemon: one line says why."""
    missing = tmp_path / "missing"
    where = where.format(missing=missing)
    code, _, err = refused_start("--port", "0", "--admin", where)
    assert code != 0
    assert words.format(missing=missing) in err
    assert err.count("\n") == 1
