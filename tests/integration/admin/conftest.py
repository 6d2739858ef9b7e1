"""A daemon with an admin socket, and somebody who is there."""

from pathlib import Path

import pytest

from tests.support.lineclient import LineClient
from tests.support.office import Connect, Office, Start


@pytest.fixture
def office(daemon: Start, tmp_path: Path) -> Office:
    path = tmp_path / "admin"
    started = daemon(
        *("--admin", f"unix:{path}", "--ban-file", str(tmp_path / "bans")),
        *("--greeting-delay", "0.01"),
    )
    started.out.wait_for("for bcast-admin")
    return Office(started, path)


@pytest.fixture
def alice(office: Office, connect: Connect) -> LineClient:
    client = connect(office.daemon)
    client.send("/format json", "/name alice")
    client.await_event("welcome")
    return client
