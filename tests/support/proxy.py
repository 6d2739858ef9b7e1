"""A TCP proxy that can cut what goes through it, and change what is asked."""

import contextlib
import socket
import threading
from collections.abc import Callable


class Proxy:
    """Listens on a port of its own, and passes all on to another port.

    Args:
        target: the other port.
        change: changes what goes there, in the pieces that come.
    """

    def __init__(
        self, target: int, change: Callable[[bytes], bytes] = lambda data: data
    ) -> None:
        self._target = target
        self._change = change
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: list[socket.socket] = []
        self.is_open = True
        self._is_deaf = False
        threading.Thread(target=self._accept, daemon=True).start()

    def deafen(self) -> None:
        """Drop what comes back from the other port, until ``mend``."""
        self._is_deaf = True

    def cut(self) -> None:
        """Cut all that goes through, and refuse what comes until ``mend``."""
        self.is_open = False
        pairs, self._pairs = self._pairs, []
        for sock in pairs:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Pass on again."""
        self.is_open = True
        self._is_deaf = False

    def close(self) -> None:
        """End."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self.is_open:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._target))
            self._pairs += [near, far]
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        is_inward = sink.getpeername()[1] == self._target
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if is_inward:
                    sink.sendall(self._change(data))
                elif not self._is_deaf:
                    sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
        source.close()
