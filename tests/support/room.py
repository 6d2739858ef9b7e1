"""A room behind one face: who joins it, and leaves at the end of the test."""

from contextlib import ExitStack

from tests.support.daemon import Daemon, eventually
from tests.support.faces import Face
from tests.support.lineclient import LineClient


class Room:
    """A daemon, reached by one face.

    Args:
        is_shared: another test comes after this one: clients are shown nothing
            of who comes and goes, since that may be told late, and all must have
            left at the end.
    """

    def __init__(self, face: Face, daemon: Daemon, is_shared: bool = True) -> None:
        self.face = face
        self.daemon = daemon
        self._is_shared = is_shared
        self._stack = ExitStack()
        self._clients: list[LineClient] = []

    def connect(self) -> LineClient:
        """Return somebody connected, who has said nothing yet."""
        client = LineClient(self.face.connect(self.daemon))
        client.shows_presence = not self._is_shared
        self._stack.callback(client.close)
        return client

    def join(self, name: str, key: str = "") -> LineClient:
        """Return somebody called ``name``, greeted, in the text dialect."""
        client = self.connect()
        greeting = client.since_ping(f"/name {name} {key}".rstrip())
        assert f"* You are {name}," in greeting[-1]
        return client

    def join_json(self, name: str, key: str = "") -> LineClient:
        """Return somebody called ``name``, greeted, in the json dialect."""
        client = self.connect()
        client.since_ping("/format json", f"/name {name} {key}".rstrip())
        return client

    def is_empty(self) -> bool:
        """Tell whether nobody else is here."""
        probe = LineClient(self.face.connect(self.daemon))
        try:
            here = probe.since_ping("/who")
            probe.send("/quit")
            probe.rest()
            return any(line.startswith("* 1 here:") for line in here)
        finally:
            probe.close()

    def __enter__(self) -> "Room":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        if self._is_shared:
            eventually(self.is_empty, "that all have left")
