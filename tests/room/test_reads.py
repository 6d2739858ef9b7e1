"""The reads of the store: how many at once, and whose turn it is."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from broadcast.room.output import Pending
from broadcast.room.reads import MAX_UNREAD, MOST, ReadQueue
from tests.support.hall import Hall


class Reads:
    """A queue, and reads of which the test says when they end."""

    def __init__(self) -> None:
        self.queue = ReadQueue()
        self.begun: list[str] = []
        self._open: dict[str, Deferred[None]] = {}

    def add(self, host: str, name: str) -> None:
        """Have a read wait for its turn."""

        async def read() -> None:
            self.begun.append(name)
            self._open[name] = Deferred()
            await self._open[name]

        self.queue.add(host, read)

    def end(self, name: str, error: Exception | None = None) -> None:
        """End a read."""
        waits: Any = self._open.pop(name)
        waits.errback(error) if error else waits.callback(None)


class Page:
    """Something that is read, and dropped."""


def test_a_host_has_one_at_a_time() -> None:
    """The others of its reads wait, in the order in which they came."""
    reads = Reads()
    for name in "abc":
        reads.add("one", name)
    assert reads.begun == ["a"]
    reads.end("a")
    assert reads.begun == ["a", "b"]
    reads.add("one", "d")
    reads.end("b")
    reads.end("c")
    assert reads.begun == ["a", "b", "c", "d"]


def test_hosts_have_theirs_in_turn() -> None:
    """A host that asks for much comes once a round; four reads go on in all."""
    reads = Reads()
    for n in range(3):
        reads.add("greedy", f"greedy {n}")
    for n in range(MOST + 1):
        reads.add(f"host {n}", f"host {n}")
    begun = ["greedy 0", "host 0", "host 1", "host 2"]
    assert reads.begun == begun
    reads.end("host 1")
    assert reads.begun == [*begun, "host 3"]
    reads.end("greedy 0")
    reads.end("host 0")
    assert reads.begun[5:] == ["host 4", "greedy 1"]


def test_a_read_that_fails_ends_as_well() -> None:
    """It is logged, and the next one has its turn."""
    reads = Reads()
    reads.add("one", "a")
    reads.add("one", "b")
    with capturedLogs() as events:
        reads.end("a", RuntimeError("broken"))
    assert reads.begun == ["a", "b"]
    assert [event["log_format"] for event in events] == ["a read has failed"]


def test_pages_that_nobody_reads_hold_up_their_own_host() -> None:
    """A host's next read waits until some of its pages are read or dropped."""
    reads = Reads()
    pages = [Page(), Page()]
    for page in pages:
        reads.queue.charge("slow", page, MAX_UNREAD // 2)
    del page
    reads.add("slow", "a")
    reads.add("other", "b")
    assert reads.begun == ["b"]
    pages.pop()
    assert reads.begun == ["b", "a"]


def test_all_behind_a_kept_place_waits() -> None:
    """Answers and lines alike; what comes into the place is written before them."""
    hall = Hall()
    talker, guest = hall.join("/name talker"), hall.join("/name al")
    guest.take()
    subscription = guest.protocol.session.subscription
    asked: list[Pending] = []
    first, second = Pending(asked.append), Pending(asked.append)
    subscription.put(b"before\n")
    for output in (first, b"between\n", second, b"after\n"):
        subscription.send(output)
    subscription.writer.wake()
    talker.send("hello")
    assert (guest.lines(), asked) == (["before"], [first])
    second.outputs = [b"two\n"]
    hall.work.add(subscription)
    hall.turn()
    assert (guest.lines(), asked) == ([], [first])
    first.outputs = [b"one\n", b"more\n"]
    hall.work.add(subscription)
    hall.turn()
    assert guest.lines() == ["one", "more", "between", "two", "after", "talker: hello"]
    assert subscription.live
    assert subscription.backlog == 0
