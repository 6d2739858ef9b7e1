"""Unix sockets at a path, each of which only one daemon has.

Beside the socket is ``PATH.flock``, locked with flock(2) as long as the daemon runs.
The kernel lets go of that lock however the daemon ends, which no process id in a
file can tell: in a container the next one has the same. Whoever else may have the
path is asked by connecting to it.
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

from broadcast.base.work import SMALL_READ
from broadcast.net.accept import AcceptQueue, EarlyPort
from broadcast.net.internals import hold_socket, leave_open
from broadcast.net.sockopts import BACKLOG


class PacedUnixServer(Server):
    """A connection that is read as long as the turn of the reactor has time."""

    server: EarlyPort
    bufferSize = SMALL_READ  # Twisted calls it so

    def doRead(self) -> Any:
        """Read; or not, and be told again: the poll is level-triggered."""
        if self.server.acceptor.work.may_read(self):
            return super().doRead()  # type: ignore[no-untyped-call]  # Twisted's
        return None


class PlainPort(EarlyPort, Port):
    """Twisted's own, but for accepting early: ``lockfile=0``."""

    transport = PacedUnixServer

    def startListening(self) -> None:
        """Listen on the path.

        Raises:
            OSError: something is there, or it can't be opened.
        """
        try:
            super().startListening()
        except CannotListenError as error:
            raise _plainly(error.socketError) from None


class OwnPort(PlainPort):
    """Holds the lock while it listens, and at the end removes what it has made."""

    _lock: int
    _made: os.stat_result

    def __init__(self, path: bytes, *args: Any) -> None:
        super().__init__(path, *args)
        self._path = path

    def startListening(self) -> None:
        """Listen on the path; replace a socket on which nobody listens.

        Raises:
            OSError: somebody listens there, or it can't be opened.
        """
        self._lock = _locked(self._path + b".flock")
        try:
            _clear(self._path)
            super().startListening()
            self._made = os.lstat(self._path)
        except BaseException:
            self._let_go()
            raise

    def connectionLost(self, reason: Failure) -> None:
        """Close, and remove the socket and the lock, as far as they are ours."""
        if _is_at(self._path, self._made):
            os.unlink(self._path)
        tcp.Port.connectionLost(self, reason)
        self._let_go()

    def _let_go(self) -> None:
        path = self._path + b".flock"
        if _is_at(path, os.fstat(self._lock)):  # else it is another daemon's
            os.unlink(path)
        os.close(self._lock)


class HeldPort(PlainPort):
    """A socket that the service manager has bound and goes on holding.

    Twisted's own way opens it to everybody (``chmod 666``), and at the end
    unlinks it and shuts it down, so that the next daemon finds none.
    """

    def connectionLost(self, reason: Failure) -> None:
        """Close our descriptor of it, and leave the socket alone."""
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
    """Return a descriptor of the file, made and locked.

    Raises:
        OSError: somebody else has locked it, or it can't be made.
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
        os.close(lock)  # whoever had it has ended meanwhile, and removed it


def _clear(path: bytes) -> None:
    """Remove the socket at the path, if nobody listens on it.

    Raises:
        OSError: somebody does, or it is no socket.
    """
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise OSError(errno.EEXIST, "what is there is no socket")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.setblocking(False)
            probe.connect(path)
    except FileNotFoundError:
        return
    except ConnectionRefusedError:
        os.unlink(path)
    except BlockingIOError:  # so many wait there that it takes no more
        raise _taken() from None
    else:
        raise _taken()


def _plainly(error: OSError) -> OSError:
    """Return ``error``; in its place what Python says without a number, of a path."""
    if error.errno is None:
        return OSError(errno.ENAMETOOLONG, "the path is too long for a unix socket")
    return error


def _taken() -> OSError:
    return OSError(errno.EADDRINUSE, "somebody is listening there")


def _is_at(path: bytes, file: os.stat_result) -> bool:
    """Tell whether that very file is at the path still."""
    try:
        return os.path.samestat(os.lstat(path), file)
    except FileNotFoundError:
        return False
