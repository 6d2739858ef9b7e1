"""A client written from docs/protocol.md alone: plain sockets, and nothing of ours.

It does what that page's "How to write a client that loses nothing" says, in its order.
That it works is what shows that the page says enough.
"""

import json
import socket
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]


class PlainClient:
    """Joins in json, remembers where it is, says things once, comes back.

    Args:
        connect: returns a connected socket with a timeout.
        name: what it is called.
        key: keeps the name for it.
        is_quiet: nobody is to be told of its coming and going.

    Attributes:
        lines: what was said, by id.
        epoch: the log that the ids are of.
        last: the id that it has read up to.
        missing: lines that could not be had any more; None: nobody knows how many.
        unacknowledged: token and text of what it has said, until the answer.
        joined: those that came, but for the quiet ones.
        bye: why the server ended the connection, if it said so.
        first: the position of the oldest line of the last answer.
        position: the position that the last answer has read up to.
        has_more: there is more than the last answer had, in its direction.
    """

    def __init__(
        self,
        connect: Callable[[], socket.socket],
        name: str,
        key: str,
        is_quiet: bool = False,
    ) -> None:
        self._connect = connect
        self._introduction = f"/format json\n/name {name} {key}\n"
        self._introduction += "/quiet\n" * is_quiet
        self.first = self.position = ""
        self.has_more = False
        self.lines: dict[int, str] = {}
        self.epoch, self.last = "", 0
        self.missing: int | None = 0
        self.unacknowledged: dict[str, str] = {}
        self.joined: list[str] = []
        self.bye: Event | None = None
        self._tokens = 0
        self._open()

    def say(self, text: str) -> str:
        """Say a line once, whatever becomes of the connection; return its token."""
        self._tokens += 1
        token = f"t{self._tokens}"
        self.unacknowledged[token] = text
        self._send(f"/say {token} {text}")
        return token

    def settle(self) -> None:
        """Read until all that it has said is acknowledged."""
        while self.unacknowledged:
            self.read()

    def history(self, count: int) -> list[int]:
        """Return the ids of the last ``count`` lines said."""
        self._send(f"/history {count}")
        return self._replayed()

    def page_back(self, count: int) -> list[int]:
        """Return the ids of all that may be had, read ``count`` at a time backwards."""
        ids = self.history(count)
        while self.has_more:
            self._send(f"/history {count} {self.first}")
            ids = self._replayed() + ids
        return ids

    def page_on(self, id: int) -> list[int]:
        """Return the ids of all lines after ``id``, as many answers as that takes."""
        self._send(f"/since {self.epoch}:{id}")
        ids = self._replayed()
        while self.has_more:
            self._send(f"/since {self.position}")
            ids += self._replayed()
        return ids

    def come_back(self) -> None:
        """Connect anew and get what was said meanwhile; repeat what is in doubt."""
        epoch, last = self.epoch, self.last
        self.close()
        self._open()
        self._send(f"/since {epoch}:{last}")
        self._replayed()
        for token, text in self.unacknowledged.items():
            self._send(f"/say {token} {text}")

    def read(self) -> Event:
        """Return the next event, having taken note of it; unknown ones are fine."""
        line = self._file.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the end")
        event: Event = json.loads(line)
        kind = event["event"]
        if kind == "message":
            self.lines[event["id"]] = f"{event['name']}: {event['text']}"
            self.last = max(self.last, event["id"])
        elif kind == "ack":
            self.unacknowledged.pop(event["token"], None)
        elif kind == "replay":
            known = None not in (self.missing, event["missing"])
            self.missing = self.missing + event["missing"] if known else None
        elif kind == "join" and not event.get("quiet"):
            self.joined.append(event["name"])
        elif kind == "bye":
            self.bye = event
        return event

    def break_off(self) -> None:
        """Lose the connection, with whatever is under way."""
        self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close."""
        self._file.close()
        self._socket.close()

    def _open(self) -> None:
        self._socket = self._connect()
        self._file = self._socket.makefile("rb")
        self._socket.sendall(self._introduction.encode())
        welcome: Event = {}
        while welcome.get("event") != "welcome":  # what comes before is discarded
            line = self._file.readline()
            if not line:
                raise ConnectionError("the end, and no welcome")
            welcome = json.loads(line) if line.startswith(b"{") else {}
        if welcome["epoch"] != self.epoch:
            self.epoch, self.last, self.lines = welcome["epoch"], welcome["id"], {}

    def _send(self, line: str) -> None:
        self._socket.sendall(f"{line}\n".encode())

    def _replayed(self) -> list[int]:
        ids: list[int] = []
        while (event := self.read())["event"] != "replayed":
            if event.get("replayed"):
                ids.append(event["id"])
        self.first, self.position = event.get("first", ""), event["position"]
        self.has_more = event.get("more", False)
        epoch, _, last = event["position"].rpartition(":")
        self.epoch, self.last = epoch, max(self.last, int(last))
        return ids
