"""Both ends of a session in memory: the server's is scripted."""

import json
from typing import Any

from broadcast.client.core.requests import Profile
from broadcast.client.core.session import Session, State
from broadcast.client.events import Event, Message

AT = "2026-01-02T03:04:05.678Z"


def ids(events: list[Event]) -> list[int]:
    """The numbers of the messages among them."""
    return [event.id for event in events if isinstance(event, Message)]


class ScriptedSession:
    """A session at `now`, with helpers to speak as the server."""

    def __init__(self, **profile: Any) -> None:
        profile = {"name": "bob", "key": "12345678", "prefix": "t"} | profile
        self.session = Session(Profile(**profile))
        self.now = 100.0
        self.log = 0

    def state(self) -> State:
        return self.session.state

    def sent(self) -> list[str]:
        return self.session.take_output().decode().splitlines()

    def hear(self, event: str, **fields: Any) -> list[Event]:
        line = json.dumps({"event": event, **fields}).encode() + b"\n"
        return self.hear_bytes(line)

    def hear_bytes(self, data: bytes) -> list[Event]:
        self.session.receive(data, self.now)
        return self.session.take_events()

    def message(self, number: int, text: str = "x", **more: Any) -> list[Event]:
        return self.hear("message", id=number, at=AT, name="eve", text=text, **more)

    def connect(self) -> list[str]:
        self.session.connected(self.now)
        return self.sent()

    def welcome(self, **fields: Any) -> list[Event]:
        default = {"name": "bob", "epoch": "e", "id": 5, "count": 2, "max_line": 100}
        return self.hear("welcome", **(default | fields))

    def live(self) -> None:
        self.connect()
        self.welcome()
        self.sent()

    def reconnect(self, missing: int | None, **welcome: Any) -> list[Event]:
        """Lost, back, and nothing said meanwhile but what is missing."""
        self.session.disconnected()
        self.connect()
        self.welcome(**welcome)
        self.hear("replay", count=0, missing=missing)
        return self.hear("replayed", position="e:5")
