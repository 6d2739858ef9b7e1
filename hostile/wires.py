"""An attacker's connection, on any face: how it is made, and how it sends."""

import contextlib
import socket
import ssl
import struct
import time

from hostile.floods import Flood
from tests.support.websocket import request

TIMEOUT = 30.0
"""Seconds that a connection may take until it may attack."""

SEND_BUFFER = 1 << 20
"""Bytes, so that a burst is one send."""


def connect(port: int, receive_buffer: int = 0) -> socket.socket:
    """Return a socket that is connected to a port of this machine."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(TIMEOUT)
    sock.connect(("127.0.0.1", port))
    return sock


def reset(sock: socket.socket) -> None:
    """Close so that the other end sees a reset."""
    linger = struct.pack("ii", 1, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    sock.close()


def shake_hands(sock: socket.socket) -> None:
    """Make a WebSocket of the connection.

    Raises:
        OSError: the daemon has none.
    """
    sock.sendall(request())
    head = b""
    while b"\r\n\r\n" not in head:
        data = sock.recv(4096)
        if not data:
            raise ConnectionError("no WebSocket")
        head += data


class Cipher:
    """TLS over a socket, of which only the sending half is done after the handshake."""

    def __init__(self, sock: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # not what is tried here
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing)
        self._sock = sock

    def hello(self) -> bytes:
        """Return the first message of a handshake."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
        return self._outgoing.read()

    def shake_hands(self) -> None:
        """Do the whole handshake.

        Raises:
            OSError: it fails.
        """
        self._sock.sendall(self.hello())
        while True:
            self._incoming.write(self._sock.recv(1 << 16))
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                continue
            finally:
                self._sock.sendall(self._outgoing.read())
            return

    def encrypt(self, data: bytes, record: int) -> bytes:
        """Return the records for ``data``, each of ``record`` bytes at most."""
        for begin in range(0, len(data), record):
            self._tls.write(data[begin : begin + record])
        return self._outgoing.read()


class Attacker:
    """One connection that sends a payload, once or again and again.

    Args:
        flood: what it does.
        number: its own.
        ports: the daemon's, by face; ``ws`` is ``http``.
        epoch: the room's.

    Attributes:
        sock: its socket.
        sent: bytes so far.
    """

    def __init__(
        self, flood: Flood, number: int, ports: dict[str, int], epoch: str
    ) -> None:
        self._flood = flood
        self._cipher: Cipher | None = None
        self._payload = flood.payload(number, epoch)
        self._rest = memoryview(b"")
        self._port = ports["http" if flood.face == "ws" else flood.face]
        self.sent = 0
        self.join()

    def join(self) -> None:
        """Connect, with all that comes before the attack.

        Raises:
            OSError: that fails.
        """
        self.sock = connect(self._port)
        if self._flood.face == "tls":
            self._cipher = Cipher(self.sock)
            self._cipher.shake_hands()
        elif self._flood.face == "ws":
            shake_hands(self.sock)
        self.sock.sendall(self._flood.first)
        self.sock.setblocking(False)
        self._rest = memoryview(b"")

    @property
    def is_loaded(self) -> bool:
        """Something of the payload is still to be sent."""
        return bool(self._rest)

    def load(self) -> None:
        """Begin another payload, behind the last."""
        payload = self._payload
        if self._cipher is not None:
            record = 1 if self._flood.is_crumbled else len(payload)
            payload = self._cipher.encrypt(payload, record)
        self._rest = memoryview(payload)

    def send(self) -> bool:
        """Send what is taken of the payload; tell whether that was all of it.

        Raises:
            OSError: the connection is broken.
        """
        try:
            sent = self.sock.send(self._rest)
        except BlockingIOError:
            return False
        self.sent += sent
        self._rest = self._rest[sent:]
        return not self._rest


def await_all(socks: list[socket.socket]) -> None:
    """Wait until each has been told something: it has joined.

    Raises:
        OSError: one has not, in time.
    """
    end = time.monotonic() + TIMEOUT
    for sock in socks:
        sock.settimeout(max(0.1, end - time.monotonic()))
        if not sock.recv(1 << 16):
            raise ConnectionError("not let in")
        sock.setblocking(False)
