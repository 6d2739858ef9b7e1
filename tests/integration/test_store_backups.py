"""Backups of a store that is in use, and what clients are told of a restored one."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient
from tests.support.stores import store_command

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]


def with_ours(path: str, copy: str) -> None:
    """Back up as our manual says."""
    store_command("backup", path, copy)


def with_sqlites_own(path: str, copy: str) -> None:
    """Back up as ``sqlite3 FILE ".backup COPY"`` does; mark the copy as one."""
    with closing(sqlite3.connect(path)) as file, closing(sqlite3.connect(copy)) as to:
        file.backup(to)
    store_command("new-epoch", copy)


@pytest.mark.parametrize("back_up", [with_ours, with_sqlites_own])
def test_a_restored_backup_is_another_log(
    back_up: Callable[[str, str], None],
    daemon: Start,
    connect: Connect,
    tmp_path: Path,
) -> None:
    """It has all that was said before, none of what was said since, and a new epoch.

    Who comes with a position of the lost log is told that nobody knows what it missed.
    """
    path, copy = str(tmp_path / "room.db"), str(tmp_path / "copy.db")
    first = daemon("--store", path)
    client = connect(first)
    client.send("/format json", "/name al a-secret-key", "/say t1 kept")
    epoch = client.await_event("welcome")["epoch"]
    client.await_event("ack")
    back_up(path, copy)
    client.send(*(f"/say l{n} lost {n}" for n in range(10)))
    last = [client.await_event("ack")["id"] for _ in range(10)][-1]
    first.kill()

    for file in tmp_path.glob("room.db*"):
        file.unlink()
    shutil.move(copy, path)
    restored = daemon("--store", path)
    client = connect(restored)
    client.send("/format json", "/name al a-secret-key", f"/since {epoch}:{last}")
    welcome = client.await_event("welcome")
    assert (welcome["id"], welcome["epoch"] == epoch) == (1, False)
    assert client.await_event("replay") == {
        "event": "replay",
        "count": 1,
        "missing": None,
    }
    assert client.event()["text"] == "kept"
    client.send("/say t1 kept")
    assert client.await_event("ack")["double"]
    restored.stop()

    again = connect(daemon("--store", path))
    again.send("/format json", "/name bo")
    assert again.await_event("welcome")["epoch"] == welcome["epoch"]


def test_a_running_store_is_looked_at(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """check and dump have what was acknowledged; prune says that it has to wait."""
    path = str(tmp_path / "room.db")
    client = connect(daemon("--store", path))
    client.send("/name al")
    client.since_ping("one", "two")
    assert "2 lines" in store_command("check", path)
    dumped = store_command("dump", path).splitlines()
    assert [line.split("] ")[1] for line in dumped] == ["al: one", "al: two"]
    with pytest.raises(subprocess.CalledProcessError) as error:
        store_command("prune", "--size", "1M", path)
    assert "is in use by a running daemon" in error.value.stderr
    client.since_ping("three")
