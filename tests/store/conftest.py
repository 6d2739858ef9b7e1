"""A store in which something was said, and its file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stores import Kept


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    """Give a running store in which something was said, at 00:00:01 to 00:00:03."""
    seconds = iter([1.0, 2.0, 3.0])
    kept = Kept(tmp_path / "room.db", time=lambda: next(seconds)).start()
    kept.say("one", "two")
    kept.say("drei", name="Zoë", token="t1", key="a-secret-key")
    kept.say("four")
    yield kept
    kept.stop()


@pytest.fixture
def file(kept: Kept, tmp_path: Path) -> str:
    """Return the file's name; the store runs."""
    return str(tmp_path / "room.db")
