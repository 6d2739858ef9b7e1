"""Members of a room of several daemons whose names change hands, as ``soak.cluster``.

Each has a key of its own and sometimes none, and comes, speaks, renames itself, is
refused a name that another one has, is replaced by itself at another daemon, and
leaves, with a word or without.
"""

import json
import random
import socket
import threading
import time
from contextlib import suppress

from soak.recording import Recorder, Recording

NAMES = ("red", "green", "blue", "grey")
"""The names that they want: fewer than there are movers and their connections."""

PAUSE = 0.25
"""Seconds between two acts, on average: more at once would be told as one burst."""

PATIENCE = 30.0


class Mover:
    """A member that moves.

    Args:
        number: which.
        ports: where the daemons are.
        recorder: records what it sends and is told.
        seed: chooses what it does.
    """

    def __init__(
        self, number: int, ports: list[int], recorder: Recorder, seed: int
    ) -> None:
        self._client = f"mover-{number}"
        self._ports = ports
        self._recorder = recorder
        self._luck = random.Random(f"{seed} {number}")
        self._said = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._move)
        self._thread.start()

    def end(self) -> None:
        """Have it leave, and wait for that."""
        self._is_over.set()
        self._thread.join()

    def _move(self) -> None:
        while not self._is_over.is_set():
            key = f"key-of-{self._client}" if self._luck.random() < 0.7 else None
            try:
                self._visit(key)
            except OSError:
                time.sleep(0.1)

    def _visit(self, key: str | None) -> None:
        """Come once, and act some times."""
        luck = self._luck
        with Talk(self._client, key, luck.choice(self._ports), self._recorder) as here:
            here.act(f"/name {luck.choice(NAMES)} {key or ''}".rstrip(), "/ping in")
            for _ in range(luck.randint(1, 8)):
                if self._is_over.is_set() or here.has_ended:
                    return
                time.sleep(luck.uniform(0, 2 * PAUSE))
                self._act(here, key)
            if luck.random() < 0.5:
                here.act("/quit")
                here.wait_for_end()

    def _act(self, here: "Talk", key: str | None) -> None:
        luck, kind = self._luck, self._luck.random()
        if kind < 0.5:
            self._said += 1
            text = f"{self._client} {self._said}"
            here.act(f"/say u{self._said} {text}" if luck.random() < 0.5 else text)
        elif kind < 0.8:
            here.act(f"/name {luck.choice(NAMES)} {key or ''}".rstrip())
        elif kind < 0.9 and key is not None:
            self._replace(here, key)
        else:
            here.act("/ping")

    def _replace(self, here: "Talk", key: str) -> None:
        """Come once more, under the same name, so that it is replaced."""
        if here.name not in NAMES:
            return
        port = self._luck.choice(self._ports)
        with Talk(self._client, key, port, self._recorder) as again:
            again.act(f"/name {here.name} {key}", "/ping in")
            time.sleep(self._luck.uniform(0, 2 * PAUSE))


class Talk:
    """A connection whose events are read by a thread of its own.

    Attributes:
        name: what it was told last that it is called.
    """

    def __init__(
        self, client: str, key: str | None, port: int, recorder: Recorder
    ) -> None:
        self.name = ""
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._record: Recording = recorder.begin(client, key, port)
        self._lines = self._socket.makefile("rb")
        self._end = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.act("/format json")

    @property
    def has_ended(self) -> bool:
        """Nothing more will be told."""
        return self._end.is_set()

    def __enter__(self) -> "Talk":
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._lines.close()
        self._socket.close()
        self._record.close()

    def act(self, *lines: str) -> None:
        """Send lines."""
        self._record.sent(lines)
        self._socket.sendall("".join(f"{line}\n" for line in lines).encode())

    def wait_for_end(self) -> None:
        """Wait until the daemon has closed the connection."""
        self._end.wait(PATIENCE)

    def _read(self) -> None:
        try:
            while (line := self._lines.readline()).endswith(b"\n"):
                self._record.told(line)
                self._note(line)
        except OSError:
            pass
        finally:
            self._end.set()

    def _note(self, line: bytes) -> None:
        """Note one's own name."""
        if line.startswith((b'{"event":"welcome"', b'{"event":"rename"')):
            event = json.loads(line)
            if event["event"] == "welcome":
                self.name = event["name"]
            elif event["name"] == self.name:
                self.name = event["to"]
