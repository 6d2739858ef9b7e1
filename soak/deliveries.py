"""Many deliveries, every one checked: none lost, doubled or out of order.

Each sender says lines with its number, a sequence and a checksum. Every
receiver's whole stream is hashed; the first one's is read line by line. All
hashes equal: one identical order at all receivers, and each line checked.

    python -m soak.deliveries [--deliveries 100000000] [--senders 20]
                              [--receivers 50]
"""

import argparse
import hashlib
import selectors
import socket
import sys
import time
import zlib

from soak.room import CHUNK, Pump, Room, room

BLOCK = 200
"""Lines that a sender makes at a time."""


class Sender:
    """Says ``goal`` lines as fast as they are taken, then a last one."""

    def __init__(self, number: int, goal: int, joined: socket.socket) -> None:
        self.number = number
        self.goal = goal
        self.joined = joined
        self.sent = 0
        self._waiting = b""

    def write(self) -> bool:
        """Write what is taken; tell whether there is more to say."""
        if not self._waiting:
            if self.sent == self.goal:
                return False
            count = min(BLOCK, self.goal - self.sent)
            first = self.sent
            self._waiting = b"".join(
                line_of(self.number, seq) for seq in range(first, first + count)
            )
            self.sent += count
        taken = self.joined.send(self._waiting)
        self._waiting = self._waiting[taken:]
        return True


def line_of(sender: int, sequence: int) -> bytes:
    """Return a line with its checksum."""
    body = b"%d %d" % (sender, sequence)
    return b"%b %08x\n" % (body, zlib.crc32(body))


class Receiver:
    """Hashes what it hears; the one that ``checks`` reads it too."""

    def __init__(self, checks: bool, senders: int, wanted: int) -> None:
        self.digest = hashlib.blake2b(digest_size=16)
        self.lines = 0
        self.wanted = wanted
        self.problems: list[str] = []
        self._checks = checks
        self._next = [0] * senders
        self._rest = b""

    def hear(self, data: bytes) -> None:
        """Take what came: only lines that senders said count."""
        data = self._rest + data
        end = data.rfind(b"\n") + 1
        self._rest = data[end:]
        whole = data[:end]
        if b"* " in whole:
            kept = [x for x in whole.split(b"\n")[:-1] if not x.startswith(b"* ")]
            whole = b"".join([line + b"\n" for line in kept])
        self.digest.update(whole)
        self.lines += whole.count(b"\n")
        if self._checks:
            for line in whole.split(b"\n")[:-1]:
                self._check(line)

    def _check(self, line: bytes) -> None:
        _, _, said = line.partition(b": ")
        body, _, checksum = said.rpartition(b" ")
        number, _, sequence = body.partition(b" ")
        if int(checksum, 16) != zlib.crc32(body):
            self.problems.append(f"corrupt: {line!r}")
        elif int(sequence) != self._next[int(number)]:
            expected = self._next[int(number)]
            self.problems.append(f"{line!r}: {expected} was expected")
        self._next[int(number)] = int(sequence) + 1


def run(
    here: Room, deliveries: int, senders: int, receivers: int
) -> tuple[list[Receiver], float]:
    """Say and hear it all; return the receivers, and how many seconds it took.

    Raises:
        SystemExit: the server has closed a connection.
    """
    each = -(-deliveries // (senders * receivers))
    ears = [here.connect(f"/name ear-{n}") for n in range(receivers)]
    mouths = [here.connect(f"/name mouth-{n}") for n in range(senders)]
    heard = [Receiver(n == 0, senders, each * senders) for n in range(receivers)]
    pump = Pump()
    for ear, receiver in zip(ears, heard, strict=True):
        pump.add(ear, selectors.EVENT_READ, receiver)
    both = selectors.EVENT_READ | selectors.EVENT_WRITE
    for number, mouth in enumerate(mouths):
        pump.add(mouth, both, Sender(number, each, mouth))
    begin, open_ears = time.monotonic(), receivers
    quiet_until = begin + 120
    while open_ears and time.monotonic() < quiet_until:
        for key, events in pump.ready(5):
            sock, who = key.fileobj, key.data
            assert isinstance(sock, socket.socket)
            if events & selectors.EVENT_WRITE and not who.write():
                pump.change(sock, selectors.EVENT_READ, who)
            if not events & selectors.EVENT_READ:
                continue
            data = sock.recv(CHUNK)
            quiet_until = time.monotonic() + 60
            if not data:
                raise SystemExit(f"FAILED: closed by the server ({who})")
            if isinstance(who, Receiver):
                who.hear(data)
                if who.lines >= who.wanted:
                    open_ears -= 1
                    pump.remove(sock)
    seconds = time.monotonic() - begin
    for joined in (*ears, *mouths):
        joined.close()
    pump.close()
    return heard, seconds


def problems_of(heard: list[Receiver]) -> list[str]:
    """Return a line that begins with FAILED for each problem."""
    problems = [f"FAILED: {p}" for p in heard[0].problems[:10]]
    problems += [
        f"FAILED: receiver {n} heard {r.lines} of {r.wanted} lines"
        for n, r in enumerate(heard)
        if r.lines != r.wanted
    ]
    if len(digests := digests_of(heard)) != 1:
        problems.append(f"FAILED: {len(digests)} different orders")
    return problems


def digests_of(heard: list[Receiver]) -> list[str]:
    """Return the digests of what they heard: one, if all heard the same."""
    return sorted({receiver.digest.hexdigest() for receiver in heard})


def report(heard: list[Receiver], seconds: float, here: Room) -> list[str]:
    """Return the report, problems first."""
    problems, digests = problems_of(heard), digests_of(heard)
    total = sum(receiver.lines for receiver in heard)
    return [
        *problems,
        f"{total} deliveries to {len(heard)} receivers in {seconds:.1f} s"
        f" ({total / seconds / 1000:.0f}k/s): {len(problems)} problems,"
        f" {len(digests)} order",
        f"digest {digests[0]}; the daemon took {here.cpu:.1f} s of CPU and"
        f" {here.memory >> 20} MiB",
    ]


def main() -> None:
    """Run it and print the report; exit 1 if there is a problem."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--deliveries", type=int, default=100_000_000)
    parser.add_argument("--senders", type=int, default=20)
    parser.add_argument("--receivers", type=int, default=50)
    chosen = parser.parse_args()
    with room("--rate", "0", "--log-size", "64M") as here:
        heard, seconds = run(here, chosen.deliveries, chosen.senders, chosen.receivers)
        lines = report(heard, seconds, here)
    print("\n".join(lines))
    sys.exit(any(line.startswith("FAILED") for line in lines))


if __name__ == "__main__":
    main()
