"""Attackers whose harm is in their number: rows of ``hostile.waits``."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hostile.floods import Flood
from hostile.pump import Pump
from hostile.wires import Attacker, Cipher, await_all, connect, reset, shake_hands

SMALL = 4096
"""Bytes that the kernel receives for one who falls behind."""

LONG = Flood("long", "tcp", (b"x" * 999 + b"\n",))
"""What is said while others read nothing. At the usual rate the log has moved past
them within two seconds."""


@dataclass(slots=True)
class Crowd:
    """Many connections, and where they go.

    Attributes:
        ports: the daemon's, by face.
        count: of them.
        pump: throws away what they are told, and drives who attacks.
        done: connections that have done what they are here for.
    """

    ports: dict[str, int]
    count: int
    pump: Pump
    done: int = 0


Go = Callable[[], None]
"""Has a crowd attack, or do so once more."""


def _connects(crowd: Crowd, first: bytes) -> Go:
    """Return a go at which all connect at once, say the same, and stay.

    Done is who has been answered.
    """

    def connecting() -> Iterator[None]:
        for _ in range(crowd.count):
            sock = connect(crowd.ports["tcp"])
            sock.sendall(first)
            crowd.pump.watch(sock)
            yield

    return lambda: crowd.pump.do(connecting())


def _hellos(crowd: Crowd) -> Go:
    """Return a go at which all begin a TLS handshake and reset the connection.

    All with the same first message: to make one takes longer than to send it.
    """
    model = connect(crowd.ports["tls"])
    hello = Cipher(model).hello()
    reset(model)

    def connecting() -> Iterator[None]:
        for _ in range(crowd.count):
            sock = connect(crowd.ports["tls"])
            sock.sendall(hello)
            reset(sock)
            crowd.done += 1
            yield

    return lambda: crowd.pump.do(connecting())


def _behind(crowd: Crowd, face: str) -> Go:
    """Have all join who read nothing; return a go at which another says much."""
    socks = _join(crowd, face, SMALL)
    talker = Attacker(LONG, 0, crowd.ports, "")
    crowd.pump.add(talker)

    def go() -> None:
        crowd.done = len(socks)
        crowd.pump.attack()

    return go


def _closes(crowd: Crowd, face: str) -> Go:
    """Have all join; return a go at which all go, every other with a reset."""
    socks = _join(crowd, face)

    def go() -> None:
        while socks:
            sock = socks.pop()
            reset(sock) if len(socks) % 2 else sock.close()
            crowd.done += 1

    return go


def _join(crowd: Crowd, face: str, receive_buffer: int = 0) -> list[socket.socket]:
    """Have all of a crowd join, over ``tcp``, ``json`` or ``ws``."""
    socks = []
    for _ in range(crowd.count):
        sock = connect(crowd.ports["http" if face == "ws" else "tcp"], receive_buffer)
        if face == "ws":
            shake_hands(sock)
        elif face == "json":
            sock.sendall(b"/format json\n")
        socks.append(sock)
    await_all(socks)
    return socks


CROWDS: dict[str, Callable[[Crowd], Go]] = {
    "connect:tcp": lambda crowd: _connects(crowd, b"CONNECT a\n"),
    "guests:tcp": lambda crowd: _connects(crowd, b"/ping\n"),
    "hellos:tls": _hellos,
    "behind:tcp": lambda crowd: _behind(crowd, "tcp"),
    "behind:json": lambda crowd: _behind(crowd, "json"),
    "behind:ws": lambda crowd: _behind(crowd, "ws"),
    "closes:tcp": lambda crowd: _closes(crowd, "tcp"),
    "closes:ws": lambda crowd: _closes(crowd, "ws"),
}
"""What sets each crowd up, by row."""
