"""Compares ways to read WebSocket frames: ours, wsproto alone, and websockets'.

    python -m benchmarks.ws_framing [--rounds 9] [--seconds 0.2] [--daemon 5]

Frames a second that are taken from reads of 64 KiB, once with nothing but whole text
frames of 64 bytes, once with a message in pieces among sixteen; each gives whole
messages, of which the text is known to be UTF-8. websockets' ``ServerProtocol`` does
not ask that, so here it is asked of what it returns. The ways run by turns, and what
is told is each one's median, and the median of the ratios to ours.

Then the daemon itself, once with our framing and once with websockets' in its place:
the CPU that it takes for a line which one member says over WebSocket to nobody else.
Needs the ``dev`` extra.
"""

import argparse
import contextlib
import os
import re
import runpy
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Final
from unittest.mock import patch

from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, TextMessage

from benchmarks.machine import describe
from broadcast.web import messages, websocket
from broadcast.web.frames import Code, is_utf8

READ: Final = 1 << 16
"""Bytes of one read, as the daemon has it."""

PAYLOAD: Final = b"x" * 64

BURST: Final = 100_000
"""Lines that the daemon is given in one go."""

REQUEST: Final = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n"
)

DEADLINE: Final = 60.0


def frame(opcode: int, payload: bytes, is_last: bool = True) -> bytes:
    """Return a client's frame, of at most 125 bytes."""
    mask = b"\x12\x34\x56\x78"
    body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    head = bytes(((0x80 if is_last else 0) | opcode, 0x80 | len(payload)))
    return head + mask + body


def whole(count: int) -> bytes:
    """Return whole text messages."""
    return frame(1, PAYLOAD) * count


def mixed(count: int) -> bytes:
    """Return text messages, of which every sixteenth is in two pieces."""
    pieces = frame(1, PAYLOAD[:20], is_last=False) + frame(0, PAYLOAD[20:])
    return (frame(1, PAYLOAD) * 15 + pieces) * (count // 16)


class Messages:
    """Counts whole messages; what a parser asks of a connection."""

    def __init__(self) -> None:
        self.count = 0

    def message_received(self, data: bytes, is_text: bool) -> None:
        self.count += 1

    def write_control(self, frame: bytes) -> None:
        """Write nothing."""

    def closed_by_peer(self, code: int) -> None:
        raise AssertionError(code)

    def failed(self, code: Code, reason: str) -> None:
        raise AssertionError


class WebsocketsParser:
    """What ``MessageParser`` is, over websockets' ``ServerProtocol``.

    For measurements: it closes as it should where all goes well, and no better.
    """

    def __init__(self, receiver: messages.IMessageReceiver, max_message: int) -> None:
        self._receiver = receiver
        self._protocol = ServerProtocol(max_size=max_message)
        self._pieces: list[bytes] = []
        self._is_text = True
        self.is_closing = False
        self.is_over = False
        self._protocol.receive_data(REQUEST)
        (request,) = self._protocol.events_received()
        self._protocol.send_response(self._protocol.accept(request))  # type: ignore[arg-type]  # is one
        self._protocol.data_to_send()  # upgrade.py has answered

    has_left = False

    def step(self, until: float, seconds: Callable[[], float]) -> bool:
        """Do nothing: all is parsed as it comes."""
        return False

    def keep(self, data: bytes) -> None:
        """Take bytes as they come."""
        protocol, receiver = self._protocol, self._receiver
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame):
                self._take(event)
        for reply in protocol.data_to_send():
            receiver.write_control(reply)

    def _take(self, event: Frame) -> None:
        if event.opcode is Opcode.CLOSE:
            self.is_over = True
            self._receiver.closed_by_peer(1000)
            return
        if event.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return
        if event.opcode is not Opcode.CONT:
            self._is_text = event.opcode is Opcode.TEXT
        data = bytes(event.data)
        if not event.fin or self._pieces:
            self._pieces.append(data)
            if not event.fin:
                return
            data = b"".join(self._pieces)
            self._pieces.clear()
        if self._is_text and not data.isascii() and not is_utf8(data):
            self.fail(Code.NOT_UTF8, "that is not UTF-8")
            return
        self._receiver.message_received(data, self._is_text)

    def close(self, code: Code, reason: str) -> None:
        """Send a close frame."""
        if not self.is_closing:
            self.is_closing = True
            self._protocol.send_close(code, reason)
            for reply in self._protocol.data_to_send():
                self._receiver.write_control(reply)

    def fail(self, code: Code, reason: str) -> None:
        """Read no more: what came was wrong."""
        self.is_over = True
        self._receiver.failed(code, reason)


Taker = Callable[[bytes], None]


def ours(received: Messages) -> Taker:
    """Return what takes bytes as the daemon does."""
    parser = messages.MessageParser(received, 1 << 17)

    def take(data: bytes) -> None:
        parser.keep(data)
        while parser.step(0.0, time.monotonic):
            pass

    return take


def wsproto_alone(received: Messages) -> Taker:
    """Return what takes bytes with wsproto and nothing before it."""
    connection = Connection(ConnectionType.SERVER)

    def take(data: bytes) -> None:
        connection.receive_data(data)
        for event in connection.events():
            if isinstance(event, TextMessage | BytesMessage) and event.message_finished:
                received.message_received(b"", True)

    return take


def websockets_alone(received: Messages) -> Taker:
    """Return what takes bytes with websockets."""
    return WebsocketsParser(received, 1 << 17).keep


WAYS: Final = {
    "ours": ours,
    "wsproto": wsproto_alone,
    "websockets": websockets_alone,
}


def rate(make: Callable[[Messages], Taker], data: bytes, seconds: float) -> float:
    """Return how many messages a second one connection takes out of ``data``."""
    received = Messages()
    take = make(received)
    reads = [data[at : at + READ] for at in range(0, len(data), READ)]
    start = time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        for read in reads:
            take(read)
    return received.count / spent


def by_turns(
    measures: Mapping[str, Callable[[], float]], rounds: int
) -> dict[str, list[float]]:
    """Measure each by turns, the order turned round each time."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(rounds):
        names = list(measures)
        for name in names if number % 2 else reversed(names):
            found[name].append(measures[name]())
    return found


def ratio(values: Sequence[float], to: Sequence[float]) -> float:
    """Return the median of the ratios, round by round."""
    return statistics.median(one / other for one, other in zip(values, to, strict=True))


def tell(title: str, unit: str, found: dict[str, list[float]]) -> None:
    """Print each one's median, and its ratio to ours."""
    print(f"\n{title} ({unit}; median, ratio to ours round by round)")
    for name, values in found.items():
        median = statistics.median(values)
        print(f"  {name:11} {median:12,.2f}  {ratio(values, found['ours']):.2f}")


@contextlib.contextmanager
def daemon(way: str) -> Iterator[tuple[int, int]]:
    """Run the daemon with one way of framing; yield its process id and port."""
    command = [sys.executable, "-m", "benchmarks.ws_framing", "--serve", way]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.search(r"page is on http://127\.0\.0\.1:(\d+)", line):
                    yield process.pid, int(found[1])
                    break
        finally:
            process.terminate()
            process.communicate(timeout=DEADLINE)


def serve(way: str) -> None:
    """Be the daemon."""
    parsers = {"ours": messages.MessageParser, "websockets": WebsocketsParser}
    options = ["--port", "0", "--web", "0", "--rate", "0", "--max-line", "4096"]
    with patch.object(websocket, "MessageParser", parsers[way]):
        sys.argv = ["twist", "broadcast", *options]
        runpy.run_module("twisted", run_name="__main__")


def cost(way: str, data: bytes) -> float:
    """Return the microseconds of CPU that a line takes the daemon."""
    with (
        daemon(way) as (pid, port),
        socket.create_connection(("127.0.0.1", port), DEADLINE) as sock,
    ):
        sock.sendall(REQUEST)
        _read_until(sock, b"You are")
        before = _cpu(pid)
        sock.sendall(data + frame(1, b"/ping over"))
        _read_until(sock, b"pong over")
        return (_cpu(pid) - before) / BURST * 1e6


def _read_until(sock: socket.socket, end: bytes) -> None:
    came = b""
    while end not in came:
        more = sock.recv(1 << 16)
        if not more:
            raise SystemExit(f"the daemon has closed, after {came!r}")
        came = came[-len(end) :] + more


def _cpu(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        words = file.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.ws_framing", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--daemon", type=int, default=5, help="rounds of the daemon")
    parser.add_argument("--serve", choices=("ours", "websockets"), help="be a daemon")
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
        return
    versions = {name: version(name) for name in ("wsproto", "websockets")}
    for name, value in (describe(()) | versions).items():
        print(f"{name}: {value}")
    for title, data in (
        ("whole messages of 64 bytes", whole(16_000)),
        ("one in sixteen in two pieces", mixed(16_000)),
    ):
        measures = {
            name: partial(rate, make, data, given.seconds)
            for name, make in WAYS.items()
        }
        tell(title, "messages a second", by_turns(measures, given.rounds))
    if given.daemon:
        for title, data in (("whole", whole(BURST)), ("in pieces", mixed(BURST))):
            costs = {way: partial(cost, way, data) for way in ("ours", "websockets")}
            found = by_turns(costs, given.daemon)
            tell(f"the daemon, {title}", "µs of CPU a line", found)


if __name__ == "__main__":
    main()
