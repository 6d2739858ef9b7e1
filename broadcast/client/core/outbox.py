"""Lines on their way out, each said exactly once. Pure bookkeeping, no connection.

A line waits, is sent under its own token, and is gone when that token is answered.
After a reconnect the unanswered ones go out again under their old tokens: the server
remembers them, and says nothing twice. Where it may have forgotten (another log,
another name, ``REMEMBERED`` lines) the line is doubtful, and somebody else decides.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from broadcast.client.core.words import count_of
from broadcast.client.errors import OutboxFullError
from broadcast.protocol.sanitize import mend

MAX_LINES = 10_000
MAX_CHARACTERS = 4 * 1024 * 1024
WINDOW_LINES = 1024
WINDOW_BYTES = 64 * 1024
REMEMBERED = 10_000
"""Lines said since, up to which a token is counted on. A server keeps 50,000 tokens."""

COMMAND = 40
"""Bytes that are kept for the command in front of a text, as the page keeps them. They
suffice for 10^20 lines of one client, so that the limit is the same for each line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line to say, and the token it is said under."""

    token: str
    text: str

    def longest(self, max_line: int) -> int:
        """Return how many bytes the text may have.

        Args:
            max_line: bytes that the server takes in a line: in front of the text are
                ``/say`` and the token.
        """
        return max_line - max(COMMAND, len(f"/say {self.token} "))

    def command(self) -> bytes:
        """The command that says it."""
        command = f"/say {self.token} {self.text}\n"
        try:
            return command.encode()
        except UnicodeEncodeError:  # typed bytes that are no UTF-8: said as U+FFFD
            return f"/say {self.token} {mend(self.text)}\n".encode()


@dataclass(frozen=True, slots=True)
class Ground:
    """The ground on which lines are sent: the log and the name that keep their tokens.

    Attributes:
        name: ours, by which tokens are remembered; empty: it has no key of ours.
        epoch: the server's log.
        id: its newest message that we know of.
    """

    name: str
    epoch: str
    id: int

    def remembers(self, earlier: "Ground") -> bool:
        """Whether tokens that were used on ``earlier`` ground are known on this."""
        owner = (self.name, self.epoch)
        is_same = bool(self.name) and owner == (earlier.name, earlier.epoch)
        return is_same and self.id - earlier.id <= REMEMBERED


@dataclass(frozen=True, slots=True)
class _Sent:
    line: Line
    ground: Ground
    size: int


class Outbox:
    """Lines that wait, lines that are sent and unanswered, lines in doubt.

    Args:
        prefix: the beginning of this client's tokens, printable ASCII.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._made = 0
        self._waiting: deque[Line] = deque()
        self._waiting_characters = 0
        self._sent: dict[str, _Sent] = {}
        self._sent_bytes = 0
        self._doubtful: list[Line] = []

    def __len__(self) -> int:
        """How many lines are not yet answered, the doubtful ones left out."""
        return len(self._waiting) + len(self._sent)

    @property
    def doubtful(self) -> tuple[str, ...]:
        """The texts that somebody must decide about."""
        return tuple(line.text for line in self._doubtful)

    @property
    def doubtful_tokens(self) -> tuple[str, ...]:
        """Their tokens."""
        return tuple(line.token for line in self._doubtful)

    @property
    def has_room(self) -> bool:
        """Whether a writer should go on: less than a window's worth waits."""
        return len(self._waiting) < WINDOW_LINES

    @property
    def waiting(self) -> int:
        """How many lines have not been sent at all."""
        return len(self._waiting)

    def add(self, text: str) -> str:
        """Take a line (no line ends in it); its token comes back.

        Raises:
            OutboxFullError: nothing was taken.
        """
        self.check([text])
        self._made += 1
        line = Line(f"{self._prefix}-{self._made}", text)
        self._put(line)
        return line.token

    def check(self, texts: Sequence[str]) -> None:
        """Whether all of these could be taken.

        Raises:
            OutboxFullError: they could not.
        """
        characters = self._waiting_characters + sum(map(len, texts))
        if len(self._waiting) + len(texts) > MAX_LINES or characters > MAX_CHARACTERS:
            waiting = count_of(len(self._waiting), "line")
            raise OutboxFullError(
                f"{MAX_LINES} lines or 4 MiB may wait, and {waiting} do"
                if self._waiting
                else f"more than {MAX_LINES} lines, or than 4 MiB"
            )

    def take(self, ground: Ground, max_line: int) -> tuple[list[bytes], list[Line]]:
        """Take the lines to send now, on this ground, as far as the window goes.

        Returns:
            The commands that say it, and the lines that are longer than ``max_line``
            allows: the server would drop them unread, so they are given back and
            forgotten here.
        """
        commands: list[bytes] = []
        too_long: list[Line] = []
        while (
            self._waiting
            and len(self._sent) < WINDOW_LINES
            and self._sent_bytes < WINDOW_BYTES
        ):
            line = self._waiting.popleft()
            self._waiting_characters -= len(line.text)
            data = line.command()
            if len(data) - len(f"/say {line.token} \n") > line.longest(max_line):
                too_long.append(line)
                continue
            self._sent[line.token] = _Sent(line, ground, len(data))
            self._sent_bytes += len(data)
            commands.append(data)
        return commands, too_long

    def settle(self, token: str) -> Line | None:
        """The token is answered: its line, or None if it is not one of these."""
        sent = self._sent.pop(token, None)
        if sent is None:
            return None
        self._sent_bytes -= sent.size
        return sent.line

    def recall(self, ground: Ground) -> tuple[str, ...]:
        """Take back the lines that are sent and unanswered, after a reconnect.

        Lines whose tokens are remembered there go back to the front of the queue under
        their old tokens. The others become doubtful; their texts are returned.
        """
        unanswered, self._sent, self._sent_bytes = self._sent.values(), {}, 0
        known = [s.line for s in unanswered if ground.remembers(s.ground)]
        lost = [s.line for s in unanswered if not ground.remembers(s.ground)]
        for line in reversed(known):
            self._put(line, first=True)
        self._doubtful += lost
        return tuple(line.text for line in lost)

    def unanswered(self) -> Iterator[Line]:
        """The lines that are sent and unanswered, then those that wait."""
        yield from (sent.line for sent in self._sent.values())
        yield from self._waiting

    def resend_doubtful(self) -> int:
        """Queue the doubtful lines again, at the risk of doubles; how many."""
        lines, self._doubtful = self._doubtful, []
        for line in reversed(lines):
            self._put(line, first=True)
        return len(lines)

    def drop_doubtful(self) -> int:
        """Forget the doubtful lines; how many."""
        lines, self._doubtful = self._doubtful, []
        return len(lines)

    def _put(self, line: Line, *, first: bool = False) -> None:
        self._waiting_characters += len(line.text)
        if first:
            self._waiting.appendleft(line)
        else:
            self._waiting.append(line)
