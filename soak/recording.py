"""Records what clients send and are told, for ``soak.histories``.

A connection is a file, ``CLIENT.NUMBER.ndjson``: an object a line, each with ``t``,
seconds of the machine's monotonic clock. The first has the ``client``, its ``key``
(null: it has none) and the ``port``; then each has a line that was ``sent`` or an event
that was ``told``. What is sent is recorded before, what is told after it.
"""

import itertools
import json
import threading
import time
from collections import defaultdict
from pathlib import Path


class Recording:
    """The record of one connection.

    Args:
        path: where it goes; None: nowhere.
        client: which client has the connection.
        key: the key of its names.
        port: the daemon's.
    """

    def __init__(
        self, path: Path | None, client: str, key: str | None, port: int
    ) -> None:
        self._file = None if path is None else path.open("w")
        self._lock = threading.Lock()  # one thread may send, and another one hear
        self._write(json.dumps({"client": client, "key": key, "port": port})[1:])

    def sent(self, lines: tuple[str, ...]) -> None:
        """Record lines that will be sent."""
        for line in lines:
            self._write(f'"sent":{json.dumps(line)}}}')

    def told(self, event: bytes) -> None:
        """Record an event, in json, that was told."""
        if self._file is not None:
            self._write(f'"told":{event.decode().rstrip()}}}')

    def close(self) -> None:
        """End it."""
        if self._file is not None:
            with self._lock:
                self._file.close()

    def _write(self, rest: str) -> None:
        if self._file is not None:
            with self._lock:
                self._file.write(f'{{"t":{time.monotonic():.6f},{rest}\n')


class Recorder:
    """Makes the records of connections.

    Args:
        folder: where they go; None: nothing is recorded.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._numbers: dict[str, itertools.count[int]] = defaultdict(itertools.count)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def begin(self, client: str, key: str | None, port: int) -> Recording:
        """Begin the record of a client's next connection."""
        path = None
        if self._folder is not None:
            number = next(self._numbers[client])
            path = self._folder / f"{client}.{number}.ndjson"
        return Recording(path, client, key, port)


NOTHING = Recorder(None)
"""Records nothing."""
