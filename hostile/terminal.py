"""``python -m hostile.terminal``: everything that could act on a terminal.

Every code point, and mutated escape sequences, are said to a real daemon; what a
plain ``nc`` prints is fed to a terminal (pyte), which may only ever draw.
"""

import argparse
import itertools
import json
import random
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator

import pyte

from tests.support.daemon import DEADLINE, Daemon

POINTS_A_LINE = 64
BATCH = 200
"""Lines said before it is waited that they arrive."""

_INTRODUCERS = (
    "\x1b",
    "\x1b[",
    "\x9b",
    "\x1b]",
    "\x9d",
    "\x1bP",
    "\x90",
    "\x1b(",
    "\x0e",
)
_MIDDLES = (
    "0123456789;?:<=>!\"#$%&'()*+,-./ @ABCDHJKLMPSTXZ[\\]^_`abcdefghlmnpqrstu{|}~"
)
_ENDERS = (
    "m",
    "H",
    "J",
    "K",
    "h",
    "l",
    "r",
    "c",
    "n",
    "\x07",
    "\x1b\\",
    "\x9c",
    "\r",
    "\x08",
)


class Screen:
    """A terminal's screen that only notes what it is told to do."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.drawn = 0

    def draw(self, text: str) -> None:
        """Draw: what text may do."""
        self.drawn += len(text)

    def linefeed(self) -> None:
        """Go to the next line: what the end of a line does."""

    def tab(self) -> None:
        """Go to the next stop: TAB is allowed."""

    def carriage_return(self) -> None:
        """Not allowed by itself: nc gets LF alone here."""
        self.done["carriage_return"] += 1

    def __getattr__(self, name: str) -> object:
        """Anything else acts."""
        if name not in pyte.Stream.events and name != "define_charset":
            raise AttributeError(name)

        def note(*arguments: object, **more: object) -> None:
            self.done[name] += 1

        return note


def code_points(step: int = 1) -> Iterator[str]:
    """Yield lines that hold every code point, surrogates left out, LF too."""
    points = [
        p for p in range(0, 0x110000, step) if p != 10 and not 0xD800 <= p < 0xE000
    ]
    for at in range(0, len(points), POINTS_A_LINE):
        yield "x" + "".join(map(chr, points[at : at + POINTS_A_LINE]))


def sequences(count: int, seed: int) -> Iterator[str]:
    """Yield lines that each hold a mutated escape sequence."""
    pick = random.Random(seed)
    for _ in range(count):
        middle = "".join(pick.choices(_MIDDLES, k=pick.randrange(8)))
        line = f"{pick.choice(_INTRODUCERS)}{middle}{pick.choice(_ENDERS)}after"
        if pick.random() < 0.5:
            at = pick.randrange(len(line))
            line = line[:at] + chr(pick.randrange(1, 0x2100)) + line[at + 1 :]
        yield "x" + line.replace("\n", "")


def show(port: int, lines: Iterator[str], screen: Screen, name: str = "mouth") -> int:
    """Say lines as ``name``; show what another is sent; return how many came."""
    with (
        socket.create_connection(("127.0.0.1", port), DEADLINE) as mouth,
        socket.create_connection(("127.0.0.1", port), DEADLINE) as ear,
    ):
        terminal = pyte.ByteStream(screen)
        reader = ear.makefile("rb")
        terminal.feed(reader.readline())  # the greeting
        mouth.sendall(f"/name {name}\n".encode())
        threading.Thread(target=_discard, args=(mouth,), daemon=True).start()
        count = 0
        batch: list[str] = []
        for line in lines:
            batch.append(line)
            if len(batch) == BATCH:
                count += _pass_on(mouth, reader, terminal, batch, name)
                batch = []
        return count + _pass_on(mouth, reader, terminal, batch, name)


def show_client(lines: Iterator[str], screen: Screen) -> int:
    """Send lines as they are, from a server that mends nothing, to bcast-client.

    Returns how many it has shown.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        tail = ("tail", "--url", where, "-n", "0", "--retry", "0", "--quiet")
        command = [sys.executable, "-m", "broadcast.client.cli.main", *tail]
        server.settimeout(DEADLINE)
        with subprocess.Popen(command, stdout=subprocess.PIPE) as client:
            assert client.stdout is not None
            accepted, _ = server.accept()
            threading.Thread(target=_serve, args=(accepted, lines), daemon=True).start()
            terminal = pyte.ByteStream(screen)
            count = 0
            for data in client.stdout:
                terminal.feed(data)
                count += b"x" in data
            return count


def _serve(sock: socket.socket, lines: Iterator[str]) -> None:
    """Be a daemon, badly: send every line as a message's text, and as its name."""
    head: dict[str, object] = {"protocol": 1, "server": "bad", "name": "ear"}
    rest: dict[str, object] = {"epoch": "e", "id": 0, "count": 1, "text": "\x1b[2J"}
    _send(sock, {"event": "welcome", "max_line": 8192} | head | rest)
    at = "2026-01-01T00:00:00.000Z"
    for id, text in enumerate(lines, 1):
        name = text[:20] if id % 2 else "mouth"
        what = {"event": "message", "id": id, "at": at, "name": name, "text": text}
        _send(sock, what)
    _send(sock, {"event": "bye", "code": "quit", "text": "\x1bc", "reconnect": False})
    sock.shutdown(socket.SHUT_WR)
    _discard(sock)
    sock.close()


def _send(sock: socket.socket, event: dict[str, object]) -> None:
    sock.sendall(json.dumps(event).encode() + b"\n")


def _pass_on(
    mouth: socket.socket,
    reader: object,
    terminal: pyte.ByteStream,
    batch: list[str],
    name: str,
) -> int:
    mouth.sendall("".join(f"{line}\n" for line in [*batch, "that was all"]).encode())
    count = 0
    prefix = f"{name}: ".encode()
    for data in reader:  # type: ignore[attr-defined]  # a socket's file
        terminal.feed(data)
        if data == prefix + b"that was all\n":
            return count
        count += data.startswith(prefix)
    raise AssertionError("the daemon has closed")


def _discard(sock: socket.socket) -> None:
    try:
        while sock.recv(65536):
            pass
    except OSError:
        pass


def main() -> int:
    """Run the command; 1 if anything acted."""
    parser = argparse.ArgumentParser("hostile.terminal", description=__doc__)
    parser.add_argument("--sequences", type=int, default=100_000)
    parser.add_argument("--step", type=int, default=1, help="every so many code points")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    screen = Screen()
    with Daemon("--greeting-delay", "0.01") as daemon:
        points = show(daemon.port, code_points(given.step), screen)
        acted = dict(screen.done)
        others = show(
            daemon.port, sequences(given.sequences, given.seed), screen, "other"
        )
    print(f"nc: {points} lines of code points, {others} of sequences,", end=" ")
    print(
        f"{screen.drawn} drawn, acted: {acted or 'none'}, {dict(screen.done) or 'none'}"
    )
    client = Screen()
    lines = itertools.chain(code_points(given.step), sequences(given.sequences, 1))
    shown = show_client(lines, client)
    print(f"bcast-client: {shown} lines, {client.drawn} drawn,", end=" ")
    print(f"acted: {dict(client.done) or 'none'}")
    return 1 if screen.done or client.done else 0


if __name__ == "__main__":
    sys.exit(main())
