"""docs/protocol.md is true: each of its examples is replayed against the daemon.

An example's lines begin with ``NAME>`` (sent) or ``NAME<`` (received). ``…``
stands for anything, a line of it for any lines, ``{epoch}`` for the epoch. alice
and bob are here, unless it is an ``example of coming`` or ``of asking``. Who is
neither, connects where its first line stands. An empty line is one, but received it is
the end of the stream. At the end nobody may have got anything more. An ``example of
asking`` is of a listener that asks for a name; ``NAME=`` is what is received without a
line end.
"""

import re
from contextlib import closing
from itertools import groupby
from pathlib import Path

import pytest

from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient, connect_tcp

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
_FENCE = re.compile(r"^```example( of \w+)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"(\w+)([<>=]) ?(.*)")
_PRESENCE = re.compile(r"(joined|left) the chat|\"event\":\"(join|leave)\"")

ASKING = (
    *("--ask", "tcp:0:interface=127.0.0.1", "--name-prompt", "NICK?"),
    *("--joined-text", "Welcome, {name}, number {count}!"),
)

EXAMPLES = [
    pytest.param(found[1] or "", found[2], id=f"line {line}")
    for found in _FENCE.finditer(PAGE.read_text("utf-8"))
    for line in [PAGE.read_text("utf-8").count("\n", 0, found.start()) + 1]
]


class Play:
    """One example, and those who are in it."""

    def __init__(self, daemon: Daemon, text: str) -> None:
        self._daemon = daemon
        self._text = text
        self._epoch = ""
        self.clients: dict[str, LineClient] = {}
        self._opened: list[LineClient] = []

    def enter(self, name: str, *lines: str) -> LineClient:
        """Let ``name`` connect; it sees who comes and goes only if that is shown."""
        client = LineClient(connect_tcp(self._daemon.port))
        shown = re.findall(rf"^{name}< (.*)$", self._text, re.MULTILINE)
        client.shows_presence = any(_PRESENCE.search(line) for line in shown)
        self.clients[name] = client
        self._opened.append(client)
        if lines:
            client.since_ping(*lines)
        return client

    def send(self, name: str, lines: list[str]) -> None:
        """Send ``lines`` at once."""
        client = self.clients.get(name) or self.enter(name)
        client.send(*(line.replace("{epoch}", self._epoch) for line in lines))

    def receive(self, name: str, patterns: list[str]) -> None:
        """Check that ``name`` gets what is told."""
        client = self.clients[name]
        for at, pattern in enumerate(patterns):
            if not pattern:
                assert client.rest() == b""
                del self.clients[name]
                break
            if pattern == "…":
                client.until(self._regex(patterns[at + 1]))
                return self.receive(name, patterns[at + 2 :])
            line = client.line()
            assert re.fullmatch(self._regex(pattern), line), f"{line!r}: {pattern!r}"
            if found := re.search(r'"event":"welcome".*"epoch":"(\w+)"', line):
                self._epoch = found[1]
            if '"event":"bye"' in line or line == "* Bye":
                assert client.rest() == b""
                del self.clients[name]
        return None

    def receive_bytes(self, name: str, texts: list[str]) -> None:
        """Check that ``name``, which may come now, gets what has no line end."""
        client = self.clients.get(name) or self.enter(name)
        for text in texts:
            assert client.raw_bytes(len(text.encode())) == text.encode()

    def _regex(self, pattern: str) -> str:
        pattern = re.escape(pattern.replace("{epoch}", self._epoch))
        return pattern.replace("…", ".*")

    def finish(self) -> None:
        """Check that nobody got anything more."""
        for name, client in self.clients.items():
            assert client.since_ping() == [], name

    def close(self) -> None:
        """Close all connections."""
        for client in self._opened:
            client.close()


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_example(kind: str, text: str) -> None:
    """What the example says is what happens, line by line."""
    options = ASKING if kind == " of asking" else ()
    with Daemon(*options) as daemon, closing(Play(daemon, text)) as play:
        ways = {">": play.send, "<": play.receive, "=": play.receive_bytes}
        if not kind:
            alice = play.enter("alice", "/name alice")
            play.enter("bob", "/name bob")
            if alice.shows_presence:
                alice.until("bob joined")
        parsed = [_LINE.fullmatch(line) for line in text.splitlines()]
        assert all(parsed), text
        steps = [(m[1], m[2], m[3]) for m in parsed if m]
        for (name, way), group in groupby(steps, key=lambda step: step[:2]):
            lines = [step[2] for step in group]
            ways[way](name, lines)
        play.finish()


def test_each_command_has_an_example() -> None:
    """Each command that there is has a section with at least one example."""
    from broadcast.session.commands import COMMANDS

    text = PAGE.read_text("utf-8")
    examples = "\n".join(found[2] for found in _FENCE.finditer(text))
    for command in COMMANDS:
        assert re.search(rf"^### .*`/{command}\b", text, re.MULTILINE), command
        if command != "nick":
            assert re.search(rf"> /{command}\b", examples), command
