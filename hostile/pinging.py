"""``python -m hostile.pinging PORT SECRET``: five members who ping.

Until standard input ends; then the round trips are printed as json: pairs of when
each began (``time.monotonic``) and the seconds that it took.
"""

import asyncio
import json
import sys
import time

MEMBERS = 5
PAUSE = 0.02


async def _ping(port: int, secret: str, trips: list[tuple[float, float]]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"/login {secret}\n".encode())
    while b"You are" not in await reader.readline():
        pass
    while True:
        began = time.monotonic()
        writer.write(b"/ping\n")
        while b"pong" not in await reader.readline():
            pass
        trips.append((began, time.monotonic() - began))
        await asyncio.sleep(PAUSE)


async def main() -> None:
    """Run the command."""
    trips: list[tuple[float, float]] = []
    port, secret = int(sys.argv[1]), sys.argv[2]
    tasks = [asyncio.create_task(_ping(port, secret, trips)) for _ in range(MEMBERS)]
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    print(json.dumps(trips))


if __name__ == "__main__":
    asyncio.run(main())
