"""What keeps attackers busy: each is sent for when its socket has room.

All that comes is thrown away, so that nobody is held back for not reading.
"""

import os
import select
import socket
import sys
from collections.abc import Callable, Iterator

from hostile.wires import Attacker

_IN, _OUT = select.EPOLLIN, select.EPOLLOUT


class Pump:
    """Attackers and their sockets.

    Args:
        is_endless: they send their payload again and again, and come back when they
            are closed.
    """

    def __init__(self, is_endless: bool) -> None:
        self._is_endless = is_endless
        self._poll = select.epoll()
        self._attackers: dict[int, Attacker] = {}
        self._watched: dict[int, socket.socket] = {}
        self._unheard: set[int] = set()
        self._tasks: list[Iterator[None]] = []
        self._gone_sent = 0
        self.heard = 0
        self._trash = bytearray(1 << 18)

    @property
    def sent(self) -> int:
        """How many bytes all of them have sent."""
        return self._gone_sent + sum(one.sent for one in self._attackers.values())

    def watch(self, sock: socket.socket) -> None:
        """Throw away what comes there."""
        sock.setblocking(False)
        self._watched[sock.fileno()] = sock
        self._unheard.add(sock.fileno())
        self._poll.register(sock, _IN)

    def add(self, attacker: Attacker) -> None:
        """Have one more attacker, who waits for ``attack`` with its payload ready."""
        attacker.load()
        self._attackers[attacker.sock.fileno()] = attacker
        self._poll.register(attacker.sock, _IN)

    def attack(self) -> None:
        """Let every attacker begin a payload: sent at once, as far as there is room."""
        for number, attacker in self._attackers.items():
            if not attacker.is_loaded:
                attacker.load()
            self._poll.modify(number, _IN | _OUT)

    def do(self, task: Iterator[None]) -> None:
        """Do a task step by step, beside everything else, until it or a step fails."""
        self._tasks.append(task)

    def run(self, go: Callable[[], None]) -> None:
        """Call ``go`` for each line on standard input, and work until it ends."""
        self._poll.register(sys.stdin, _IN)
        while True:
            self._step()
            for number, events in self._poll.poll(0 if self._tasks else None):
                if number == sys.stdin.fileno():
                    if not os.read(number, 64):
                        return
                    go()
                else:
                    self._serve(number, events)

    def _step(self) -> None:
        for task in tuple(self._tasks):
            try:
                next(task)
            except (StopIteration, OSError):  # the daemon takes no more of it
                self._tasks.remove(task)

    def _serve(self, number: int, events: int) -> None:
        attacker = self._attackers.get(number)
        try:
            if events & _OUT and attacker is not None and attacker.send():
                self._go_on(number, attacker)
            if events & ~_OUT:
                self._throw_away(number)
        except BlockingIOError:
            pass
        except OSError:
            self._lose(number)

    def _go_on(self, number: int, attacker: Attacker) -> None:
        if self._is_endless:
            attacker.load()
        else:
            self._poll.modify(number, _IN)

    def _throw_away(self, number: int) -> None:
        attacker = self._attackers.get(number)
        sock = self._watched[number] if attacker is None else attacker.sock
        if not sock.recv_into(self._trash):
            raise ConnectionError("closed")
        if number in self._unheard:
            self._unheard.remove(number)
            self.heard += 1

    def _lose(self, number: int) -> None:
        """Forget a connection that is broken; an endless attacker comes again."""
        self._poll.unregister(number)
        self._unheard.discard(number)
        if number in self._watched:
            self._watched.pop(number).close()
            return
        attacker = self._attackers.pop(number)
        attacker.sock.close()
        if self._is_endless:
            try:
                attacker.join()
            except OSError:
                pass
            else:
                self.add(attacker)
                self._poll.modify(attacker.sock, _IN | _OUT)
                return
        self._gone_sent += attacker.sent
