"""The behaviour suite runs over every face, against daemons that are shared.

A test says with ``@pytest.mark.options("--echo")`` how its daemon is started.
Daemons are kept for the whole session, one for each face and each choice of
options; a test begins in an empty room whose log may hold what others said.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.daemon import Daemon
from tests.support.faces import FACES, Face
from tests.support.room import Room


class Daemons:
    """Daemons by face and options, started when first asked for."""

    def __init__(self, folder: pytest.TempPathFactory) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._running: dict[tuple[str, tuple[str, ...]], Daemon] = {}

    def get(self, face: Face, options: tuple[str, ...]) -> Daemon:
        """Return the daemon for ``face`` with ``options``."""
        key = (face.name, options)
        if key not in self._running:
            folder = Path(self._folder.mktemp("face"))
            started = Daemon(*face.options(folder), *options)
            self._running[key] = self._stack.enter_context(started)
        return self._running[key]

    def stop(self) -> None:
        """End them all; none may have run into trouble."""
        self._stack.close()


@pytest.fixture(scope="session")
def daemons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemons]:
    """Give the session's daemons."""
    kept = Daemons(tmp_path_factory)
    yield kept
    kept.stop()


@pytest.fixture(params=FACES, ids=str)
def face(request: pytest.FixtureRequest) -> Face:
    """Run the test over every face."""
    face = request.param
    assert isinstance(face, Face)
    return face


@pytest.fixture
def room(
    face: Face, daemons: Daemons, request: pytest.FixtureRequest
) -> Iterator[Room]:
    """Give an empty room behind ``face``."""
    marker = request.node.get_closest_marker("options")
    options = tuple(marker.args) if marker else ()
    with Room(face, daemons.get(face, options)) as room:
        yield room


@pytest.fixture
def own_room(
    face: Face, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Room]:
    """Give a room behind ``face`` that no other test has been in."""
    marker = request.node.get_closest_marker("options")
    options = marker.args if marker else ()
    with (
        Daemon(*face.options(tmp_path), *options) as daemon,
        Room(face, daemon, is_shared=False) as room,
    ):
        yield room


@pytest.fixture
def stream(room: Room) -> Room:
    """Give a room behind a face that carries bytes as they are."""
    if not room.face.is_stream:
        pytest.skip("lines are framed here")
    return room
