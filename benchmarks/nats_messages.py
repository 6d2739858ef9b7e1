"""Measure what a message costs nats-py: paced, each by itself, without a room.

python -m benchmarks.nats_messages [--rate 1000] [--seconds 5]

One process publishes to a stream, another one reads it as a daemon does (``Feed``), and
does nothing with it. What is left of a daemon's cost is the room's.
"""

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from broadcast.store.feed import Feed
from broadcast.store.nats import Access, Link
from broadcast.store.replica import Message
from soak.servers import Servers

STREAM = "paced"
SUBJECT = f"{STREAM}.log"
TEXT = b"x" * 100


async def write(url: str, rate: int, count: int) -> float:
    """Return the seconds of processor time that a message took to publish."""
    link = Link(Access((url,)))
    await link.connect()
    began, spent = time.monotonic(), time.process_time()
    for n in range(count):
        await asyncio.sleep(max(0.0, began + n / rate - time.monotonic()))
        await link.publish(SUBJECT, TEXT, {"N": f"writer:{n + 1}"})
    spent = time.process_time() - spent
    await link.close()
    return spent / count


async def read(url: str, count: int, found: "SimpleQueue[float]") -> float:
    """Return the seconds of processor time that a message took to be heard.

    Args:
        url: where the server is.
        count: how many messages there will be.
        found: is told when this is ready to read.
    """
    link = Link(Access((url,)))
    await link.connect()
    config = {"name": STREAM, "subjects": [SUBJECT], "storage": "file"}
    await link.ask(f"STREAM.CREATE.{STREAM}", config)
    marks: list[float] = []

    async def take(_: Message) -> None:
        marks.append(time.process_time())

    feed = Feed(link, STREAM, take, 0, None)
    reading = asyncio.ensure_future(feed.run())
    while not feed.made:
        await asyncio.sleep(0.1)
    found.put(0.0)
    while len(marks) < count:
        await asyncio.sleep(0.1)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await link.close()
    return (marks[-1] - marks[0]) / (count - 1)


def sleeps(rate: int, count: int) -> float:
    """Return what the writer's waiting takes, without any message."""

    async def wait() -> float:
        began, spent = time.monotonic(), time.process_time()
        for n in range(count):
            await asyncio.sleep(max(0.0, began + n / rate - time.monotonic()))
        return (time.process_time() - spent) / count

    return asyncio.run(wait())


def _reader(url: str, count: int, found: "SimpleQueue[float]") -> None:
    found.put(asyncio.run(read(url, count, found)))


def main() -> None:
    """Print what a message costs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=5.0)
    chosen = parser.parse_args()
    count = int(chosen.rate * chosen.seconds)
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, Servers(Path(folder)) as servers:
        found: SimpleQueue[float] = context.SimpleQueue()
        reader = context.Process(target=_reader, args=(servers.urls, count, found))
        reader.start()
        found.get()
        writing = asyncio.run(write(servers.urls, chosen.rate, count))
        heard = found.get()
        reader.join()
    waiting = sleeps(chosen.rate, count)
    print(
        f"{chosen.rate} messages a second: {(writing - waiting) * 1e6:.0f} µs to"
        f" publish one, {heard * 1e6:.0f} µs to read one"
    )


if __name__ == "__main__":
    main()
