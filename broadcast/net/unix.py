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
from contextlib import suppress
from typing import Any

from twisted.internet import tcp
from twisted.internet.unix import Port
from twisted.python.failure import Failure


class UnixSockets:
    """A reactor for Twisted's ``UNIXServerEndpoint``: opens what is ours alone.

    With ``lockfile=0`` it is as Twisted has it: whatever is there is in the way.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def listenUNIX(
        self,
        address: str,
        factory: Any,
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: bool = True,  # noqa: N803  # Twisted calls it so
    ) -> Any:
        """Listen on the path; replace a socket on which nobody listens.

        Raises:
            OSError: somebody listens there, or it can't be opened.
        """
        if not wantPID:
            return self._reactor.listenUNIX(address, factory, backlog, mode)
        port = _OwnPort(os.fsencode(address), factory, backlog, mode, self._reactor)
        port.startListening()
        return port


class _OwnPort(Port):
    """Holds the lock while it listens, and at the end removes what it has made."""

    _lock: int
    _made: os.stat_result

    def startListening(self) -> None:
        self._lock = _locked(self._bindPath + b".flock")
        try:
            _clear(self._bindPath)
            super().startListening()  # type: ignore[no-untyped-call]  # Twisted's
            self._made = os.lstat(self._bindPath)
        except BaseException:
            self._let_go()
            raise

    def connectionLost(self, reason: Failure) -> None:
        if _is_at(self._bindPath, self._made):
            os.unlink(self._bindPath)
        tcp.Port.connectionLost(self, reason)
        self._let_go()

    def _let_go(self) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._bindPath + b".flock")
        os.close(self._lock)


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


def _taken() -> OSError:
    return OSError(errno.EADDRINUSE, "somebody is listening there")


def _is_at(path: bytes, file: os.stat_result) -> bool:
    """Tell whether that very file is at the path still."""
    try:
        return os.path.samestat(os.lstat(path), file)
    except FileNotFoundError:
        return False
