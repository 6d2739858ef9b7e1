"""The promises that need many members, or much, to be seen."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.support.daemon import Daemon, eventually
from tests.support.lineclient import LineClient, connect_tcp

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]


def _memory(daemon: Daemon) -> int:
    """Return the daemon's resident memory, in bytes.

    From smaps_rollup, which counts; statm and status may be off by 64 pages a
    thread.
    """
    text = Path(f"/proc/{daemon.pid}/smaps_rollup").read_text()
    return int(text.partition("Rss:")[2].split()[0]) * 1024


def test_a_hundred_clients_see_one_order(daemon: Start) -> None:
    """100 clients each send 100 lines: all see the same order, each its own too."""
    running = daemon("--echo")
    clients = [LineClient(connect_tcp(running.port)) for _ in range(100)]
    for number, client in enumerate(clients):
        client.send(f"/name c{number}")
    for client in clients:
        client.since_ping()
    heard: dict[int, list[str]] = {}

    def listen(number: int) -> None:
        lines: list[str] = []
        while len(lines) < 10_000:
            line = clients[number].line()
            if not line.startswith("* "):
                lines.append(line)
        heard[number] = lines

    threads = [threading.Thread(target=listen, args=(n,)) for n in range(100)]
    for thread in threads:
        thread.start()
    for part in range(0, 100, 20):
        for number, client in enumerate(clients):
            client.send(*(f"{number} says {n}" for n in range(part, part + 20)))
    for thread in threads:
        thread.join(60)
    first = heard[0]
    assert all(heard[number] == first for number in range(100))
    for number in range(100):
        own = [line for line in first if line.startswith(f"c{number}: ")]
        assert own == [f"c{number}: {number} says {n}" for n in range(100)]
    for client in clients:
        client.close()


def test_an_endless_line_costs_nothing(daemon: Start, connect: Connect) -> None:
    """100 MB without a line end: at most 64 KiB of memory, and a reason.

    Of memory that was freed, glibc keeps up to a MiB, unless it is told to map
    what is large: then 64 KiB, with what Python keeps of them, take 18 pages.
    """
    running = daemon(env={"MALLOC_MMAP_THRESHOLD_": "32768"})
    bob = connect(running)
    bob.since_ping("/name bob")
    costs = []
    for times, size in enumerate((10, 100, 100, 100), 1):
        flood = connect(running)
        flood.since_ping("/format json")
        before = peak = _memory(running)
        try:
            for _ in range(size):
                flood.send_bytes(b"x" * 1_000_000)
                peak = max(peak, _memory(running))
        except ConnectionError:
            pass  # closed after two seconds, whatever is still on its way
        running.out.wait_for(r"left .*\(flood\)", times)
        costs.append(peak - before)
    # The first one warms up; what else the daemon happens to do is no cost of it.
    assert min(costs[1:]) <= 18 * 4096, costs
    assert all(line.startswith("* ") for line in bob.since_ping())


def test_a_flood_reads_its_reason(daemon: Start, connect: Connect) -> None:
    """However much is still on its way, bye arrives before the connection ends."""
    running = daemon()
    flood = connect(running)
    flood.since_ping("/format json")
    flood.send_bytes(b"x" * 200_000)
    assert flood.await_event("bye")["code"] == "flood"


def test_unwritten_answers_are_bounded(daemon: Start, connect: Connect) -> None:
    """Who asks and reads nothing is itself not read above 64 KiB of answers."""
    running = daemon()
    greedy = LineClient(connect_tcp(running.port, receive_buffer=4096))
    bob = connect(running)
    bob.since_ping("/name bob", *("x" * 4000 for _ in range(300)))
    greedy.since_ping("/name greedy")
    before = _memory(running)
    sent = threading.Event()

    def ask() -> None:
        greedy.send(*["/help", "/history 1000"] * 5000, "/ping end")
        sent.set()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    for _ in range(20):
        begin = time.monotonic()
        bob.since_ping()
        assert time.monotonic() - begin < 5
    assert _memory(running) - before < 8 << 20
    running.kill()
    asking.join(20)
    greedy.close()


def test_all_answers_come_in_the_end(daemon: Start, connect: Connect) -> None:
    """One that was not read for a while gets each of its answers, in order."""
    running = daemon()
    client = connect(running)
    commands = [line for n in range(3000) for line in ("/help", f"/ping {n}")]
    sending = threading.Thread(target=lambda: client.send(*commands), daemon=True)
    sending.start()
    pongs: list[str] = []
    while len(pongs) < 3000:
        line = client.line()
        if line.startswith("* pong"):
            pongs.append(line)
    assert pongs == [f"* pong {n}" for n in range(3000)]
    sending.join(20)


def test_the_too_slow_are_told_on_a_line_of_their_own(
    daemon: Start, connect: Connect
) -> None:
    """Behind what is left of the log: closed, told how much was missed, logged."""
    running = daemon("--log-size", "256K")
    slow = LineClient(connect_tcp(running.port, receive_buffer=4096))
    slow.since_ping("/name slow")
    talker = connect(running)
    talker.since_ping("/name talker")
    said, seen = 0, ""
    while "slow left" not in seen:
        lines = (f"{said + n} " + "x" * 1000 for n in range(100))
        seen = "".join(talker.since_ping(*lines))
        said += 100
    *before, last = slow.rest_lines()
    heard = [line for line in before if line.startswith("talker: ")]
    numbers = [int(line.split()[1]) for line in heard]
    assert numbers == list(range(len(numbers)))
    assert all(len(line) > 1000 for line in heard)
    assert last.startswith("* too slow: you missed ")
    missed = int(last.split()[5])
    told = running.out.wait_for(r"slow left .*\(too-slow, missed (\d+) lines\)")
    assert int(told[0][1]) == missed
    assert len(numbers) + missed <= said
    slow.close()


def test_who_reads_late_finds_the_last_words(daemon: Start, connect: Connect) -> None:
    """What the kernel has taken, it delivers, when the daemon has long closed."""
    running = daemon("--log-size", "256K")
    talker = connect(running)
    talker.since_ping("/name talker")
    begin = running.descriptors
    with ExitStack() as stack:
        slow, quitter = (
            LineClient(connect_tcp(running.port, receive_buffer=4096)) for _ in "12"
        )
        stack.callback(slow.close)
        stack.callback(quitter.close)
        slow.since_ping("/name slow")
        quitter.since_ping("/name quitter")
        talker.since_ping(*["x" * 1000] * 40)  # the kernel takes it, and the pongs
        quitter.send(*[f"/ping {n:060}" for n in range(200)], "/quit")
        seen = ""
        while "slow left" not in seen:
            seen = "".join(talker.since_ping(*["x" * 1000] * 100))
        eventually(lambda: running.descriptors == begin, "the two are closed")
        assert slow.rest_lines()[-1].startswith("* too slow: you missed ")
        told = [line for line in quitter.rest_lines() if line.startswith("* ")]
    assert told.pop() == "* Bye"
    pongs = [line for line in told if "pong" in line]
    assert pongs == [f"* pong {n:060}" for n in range(200)]


def _sum_of(told: list[str], folded: str, single: str) -> int:
    """Add up how many were told of, in folds and one by one.

    The last ones of a burst may come in a window of their own.
    """
    total = sum(line.endswith(single) for line in told)
    for line in told:
        if folded in line:
            total += int(line.partition(folded)[0].split()[-1])
    return total


def test_a_burst_of_arrivals_is_folded(daemon: Start, connect: Connect) -> None:
    """200 who come and go at once are told in a few lines, with the right sums."""
    running = daemon()
    alice, bob = connect(running), connect(running)
    alice.since_ping("/name alice")
    bob.since_ping("/format json")
    alice.until("joined")
    crowd = [connect(running) for _ in range(200)]
    for client in crowd:
        client.send("/ping")
    told: list[str] = []
    while _sum_of(told, " joined, ", " joined the chat") < 200:
        told.append(alice.line())
    assert _sum_of(told, " joined, ", " joined the chat") == 200
    assert len(told) < 30
    presence = bob.await_event("presence")
    assert set(presence) == {"event", "at", "joined", "left", "count"}
    for client in crowd:
        client.close()
    told = []
    while _sum_of(told, " left, ", " left the chat") < 200:
        told.append(alice.line())
    assert _sum_of(told, " left, ", " left the chat") == 200
