"""Unix sockets at a path, each exclusive to a single daemon.

Beside the socket is ``PATH.flock``, locked with flock(2) while the daemon runs. The
kernel releases that lock however the daemon ends. A process id in a file is not
reliable: in a container the next daemon has the same. A listener that has no lock is
found by connecting to the path.
"""

import errno
import fcntl
import os
import socket
import stat
from typing import Any

from twisted.internet import tcp
from twisted.internet.error import CannotListenError
from twisted.internet.unix import Port, Server
from twisted.python.failure import Failure

from broadcast.net.accept import AcceptQueue, EarlyPort, PacedReading
from broadcast.net.internals import hold_socket, leave_open
from broadcast.net.sockopts import BACKLOG


class PacedUnixServer(PacedReading, Server):
    """A connection over a unix socket that is read in turn."""


class PlainPort(EarlyPort, Port):
    """Twisted's port, except that it accepts early: ``lockfile=0``."""

    transport = PacedUnixServer

    def startListening(self) -> None:
        """Listen on the path.

        Raises:
            OSError: the path exists, or the socket can't be opened.
        """
        try:
            super().startListening()
        except CannotListenError as error:
            raise _with_number(error.socketError) from None


class OwnPort(PlainPort):
    """A port that holds the lock while it listens, and finally removes its socket."""

    _lock: int
    _made: os.stat_result

    def __init__(self, path: bytes, *args: Any) -> None:
        super().__init__(path, *args)
        self._path = path

    def startListening(self) -> None:
        """Listen on the path; replace a socket without a listener.

        Raises:
            OSError: another process listens there, or the socket can't be opened.
        """
        self._lock = _locked(self._path + b".flock")
        try:
            _clear(self._path)
            super().startListening()
            self._made = os.lstat(self._path)
        except BaseException:
            self._unlock()
            raise

    def connectionLost(self, reason: Failure) -> None:
        """Close, and remove the socket and the lock, unless they were replaced."""
        if _is_at(self._path, self._made):
            os.unlink(self._path)
        tcp.Port.connectionLost(self, reason)
        self._unlock()

    def _unlock(self) -> None:
        path = self._path + b".flock"
        if _is_at(path, os.fstat(self._lock)):  # otherwise it is another daemon's
            os.unlink(path)
        os.close(self._lock)


class HeldPort(PlainPort):
    """A port on a socket that the service manager has bound and keeps open.

    Twisted would open it to every account (``chmod 666``), and at the end unlink it and
    shut it down, so that the next daemon could not use it.
    """

    def connectionLost(self, reason: Failure) -> None:
        """Close the port's descriptor, and leave the socket alone."""
        leave_open(self)
        tcp.Port.connectionLost(self, reason)


def held_port(held: AcceptQueue, factory: Any, reactor: Any) -> HeldPort:
    """Return a port that listens on ``held``, whose permissions stay as they are."""
    path = held.getsockname()
    is_file = isinstance(path, str) and path != ""
    mode = stat.S_IMODE(os.stat(path).st_mode) if is_file else 0
    port = HeldPort(path, factory, BACKLOG, mode, reactor)
    hold_socket(port, held)
    return port


def _locked(path: bytes) -> int:
    """Make and lock a file; return its descriptor.

    Raises:
        OSError: another process has locked the file, or it can't be made.
    """
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise _taken() if error.errno == errno.EWOULDBLOCK else error from None
        if _is_at(path, os.fstat(lock)):
            return lock
        os.close(lock)  # its owner has ended meanwhile, and removed it


def _clear(path: bytes) -> None:
    """Remove the socket at the path, if it has no listener.

    Raises:
        OSError: another process listens there, or the path is no socket.
    """
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise OSError(
                errno.EEXIST,
                "what is there is no socket; move it away, or name another path",
            )
        with socket.socket(socket.AF_UNIX) as probe:
            probe.setblocking(False)
            probe.connect(path)
    except FileNotFoundError:
        return
    except ConnectionRefusedError:
        os.unlink(path)
    except BlockingIOError:  # the listener's queue is full
        raise _taken() from None
    else:
        raise _taken()


def _with_number(error: OSError) -> OSError:
    """Return ``error``, or an ``OSError`` with a number for Python's that has none."""
    if error.errno is None:
        return OSError(
            errno.ENAMETOOLONG,
            "the path is too long for a unix socket; name a shorter one",
        )
    return error


def _taken() -> OSError:
    return OSError(
        errno.EADDRINUSE,
        "somebody is listening there; stop that program, or name another path",
    )


def _is_at(path: bytes, file: os.stat_result) -> bool:
    """Tell whether the path still leads to this very file."""
    try:
        return os.path.samestat(os.lstat(path), file)
    except FileNotFoundError:
        return False
