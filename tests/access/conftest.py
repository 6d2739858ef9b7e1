"""A house in memory where one has to log in."""

from pathlib import Path

import pytest

from tests.access.gates import GatedHall


@pytest.fixture
def hall(tmp_path: Path) -> GatedHall:
    return GatedHall(tmp_path)
