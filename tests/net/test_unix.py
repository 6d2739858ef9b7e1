"""Unix sockets that are ours alone: the lock, what is in the way, and the end."""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.protocol import ServerFactory
from twisted.internet.testing import MemoryReactorClock

pytest.importorskip("fcntl")

from broadcast.base.work import Work
from broadcast.net.accept import Acceptor
from broadcast.net.handshakes import Handshakes
from broadcast.net.ports import Ports

Listen = Callable[[Path], Any]

TAKEN = "somebody is listening there"


@pytest.fixture
def reactor() -> MemoryReactorClock:
    """A reactor that polls nothing, and turns by hand."""
    return MemoryReactorClock()


@pytest.fixture
def listen(reactor: MemoryReactorClock) -> Iterator[Listen]:
    """Listen on a path; at the end, no more."""
    ports: list[Any] = []

    def start(path: Path) -> Any:
        own = Ports(reactor, Acceptor(Work(reactor)), Handshakes(reactor))
        ports.append(own.listenUNIX(str(path), ServerFactory(), 5, 0o600))
        return ports[-1]

    yield start
    for port in ports:
        _end(port, reactor)


def _end(port: Any, reactor: MemoryReactorClock) -> None:
    ended: list[Any] = []
    if done := port.stopListening():  # None if it has ended before
        done.addBoth(ended.append)
        reactor.advance(0)
        assert ended == [None]


def _is_listening(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect_ex(str(path)) == 0


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder: paths of sockets are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_next_one_has_the_path_after_the_end(
    listen: Listen, reactor: MemoryReactorClock
) -> None:
    """A refused daemon may retry, and gets the path once the first has ended."""
    path = Path("room")
    first = listen(path)
    with pytest.raises(OSError, match=TAKEN) as caught:
        listen(path)
    assert caught.value.errno == errno.EADDRINUSE
    assert _is_listening(path)
    _end(first, reactor)
    assert list(Path().iterdir()) == []
    listen(path)
    assert _is_listening(path)


def test_the_lock_decides_where_the_socket_is_gone(listen: Listen) -> None:
    """A removed socket doesn't free the path for another daemon."""
    path = Path("room")
    listen(path)
    path.unlink()
    with pytest.raises(OSError, match=TAKEN):
        listen(path)
    assert not path.exists()


def test_the_socket_decides_where_the_lock_is_gone(listen: Listen) -> None:
    """Without its lock file, a listener is found by connecting, and keeps the path."""
    path = Path("room")
    listen(path)
    Path("room.flock").unlink()
    with pytest.raises(OSError, match=TAKEN):
        listen(path)
    assert _is_listening(path)
    assert list(Path().iterdir()) == [path]


def test_what_a_crash_has_left_is_replaced(listen: Listen) -> None:
    """A socket without a listener, and a lock that nobody holds, whatever is in it."""
    path = Path("room")
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))
    Path("room.flock").write_text("1\n")
    listen(path)
    assert _is_listening(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(OSError, match=TAKEN):
        listen(path)


def test_a_link_in_the_locks_place_is_not_followed(listen: Listen) -> None:
    """Nobody has a file made, or held, elsewhere by what is put beside the socket."""
    link = Path("room.flock")
    link.symlink_to("elsewhere/lock")
    with pytest.raises(OSError) as caught:  # noqa: PT011  # its words are the system's
        listen(Path("room"))
    assert caught.value.errno == errno.ELOOP
    assert link.is_symlink()
    assert list(Path().iterdir()) == [link]


@pytest.mark.parametrize("name", ["precious", "folder/room"])
def test_who_can_not_listen_leaves_nothing(listen: Listen, name: str) -> None:
    """A file in the way, or no folder for it: neither lock nor descriptor is left."""
    precious = Path("precious")
    precious.write_text("words")
    with Path(os.devnull).open() as probe:
        free = probe.fileno()
    with pytest.raises(OSError) as caught:  # noqa: PT011  # its words are the system's
        listen(Path(name))
    assert caught.value.errno in (errno.EEXIST, errno.ENOENT)
    with Path(os.devnull).open() as probe:
        assert probe.fileno() <= free
    assert list(Path().iterdir()) == [precious]


def test_the_end_misses_nothing_that_was_removed(
    listen: Listen, reactor: MemoryReactorClock
) -> None:
    """Both files are gone already: the descriptors are closed all the same."""
    port = listen(Path("room"))
    Path("room").unlink()
    Path("room.flock").unlink()
    _end(port, reactor)
    assert not reactor.readers
    listen(Path("room"))
    assert _is_listening(Path("room"))


def test_the_end_leaves_another_daemons_lock(
    listen: Listen, reactor: MemoryReactorClock
) -> None:
    """Both files were removed and the next one has its own: these stay, and hold."""
    path = Path("room")
    first = listen(path)
    path.unlink()
    Path("room.flock").unlink()
    listen(path)
    _end(first, reactor)
    assert _is_listening(path)
    path.unlink()
    with pytest.raises(OSError, match=TAKEN):
        listen(path)


@pytest.mark.parametrize("own", [True, False], ids=["alone", "lockfile=0"])
@pytest.mark.parametrize("length", [120, 300])
def test_a_path_that_is_too_long_is_told(
    reactor: MemoryReactorClock, own: bool, length: int
) -> None:
    """An error of the system, in words, whoever finds it; and nothing is left."""
    ports = Ports(reactor, Acceptor(Work(reactor)), Handshakes(reactor))
    with pytest.raises(OSError, match="too long") as caught:
        ports.listenUNIX("x" * length, ServerFactory(), 5, 0o600, own)
    assert caught.value.errno == errno.ENAMETOOLONG
    assert list(Path().iterdir()) == []
