"""The text around the cursor: status, lines on their way or refused, the question."""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from broadcast.client.core.session import Session, State
from broadcast.client.core.words import count_of, shorten
from broadcast.client.events import Problem
from broadcast.protocol.sanitize import mend

FEW = 5
"""Rows at most for the lines that are on their way."""

LONG: Final = 1000
"""Characters of a line that is longer than half a usual screen."""


def prompt(session: Session, retry_in: float | None) -> str:
    """Return the prompt, as ``connected · alice · 12 here> ``.

    Args:
        session: the session that it is about.
        retry_in: seconds until the next try to come back; None: none is due.
    """
    state = session.state.value
    if session.state is State.AWAY:
        state = State.GREETING.value
    if retry_in is not None:
        state = f"reconnecting in {max(0, round(retry_in))} s"
    parts = [state, session.name or "(no name yet)"]
    if session.state in (State.LIVE, State.REPLAYING):
        parts.append(f"{session.roster.count} here")
    if session.state is not State.LIVE and len(session.outbox):
        parts.append(f"{len(session.outbox)} queued")
    return " · ".join(part for part in parts if part) + "> "


def pending(session: Session) -> list[str]:
    """Return the lines that the server has not acknowledged, as rows to show."""
    outbox = session.outbox
    name = session.name or "(no name yet)"
    lines = islice(outbox.unanswered(), FEW)
    rows = [f"{name} [you]: {mend(line.text)}" for line in lines]
    if len(outbox) > FEW:
        rows[-1] = f"… {count_of(len(outbox) - FEW + 1, 'line')} more"
    return rows


def is_long(line: str) -> bool:
    """Tell whether a line would drive what stands above it off the screen."""
    return len(line) > LONG


def refusal(event: Problem, recalls: bool) -> str:
    """Return why a line was not said; with the beginning of a long one.

    Args:
        event: the refusal.
        recalls: the editor recalls what was typed.
    """
    reason = f"not said: {event.text or event.code}"
    if not is_long(event.line):
        return reason
    hint = "; the up arrow recalls it" if recalls else ""
    return f"{reason}{hint}: {shorten(mend(event.line))}"


@dataclass(frozen=True, slots=True)
class Question:
    """The question for a login: for a secret, or for the password of ``name``.

    ``wording`` is the server's. The protocol's events do not say which of the two it
    takes, but these words name its commands.
    """

    wording: str
    name: str

    @property
    def prompt(self) -> str:
        """The text before the cursor."""
        if not self._is_for_name:
            return "secret (hidden)> "
        what = f"password for {self.name}" if self.name else "NAME PASSWORD"
        return f"{what} (hidden)> "

    def secret(self, typed: str) -> str:
        """The secret to log in with: a password alone is that of ``name``.

        The server's words name the command, so some people type it in front.
        """
        words = typed.split()
        if [word.lower() for word in words[:1]] == ["/login"]:
            words = words[1:]
        alone = self._is_for_name and self.name and len(words) == 1
        return " ".join([self.name, *words] if alone else words)

    @property
    def _is_for_name(self) -> bool:
        """Whether a name and its password are all that the server takes."""
        return "/login NAME PASSWORD" in self.wording and "SECRET" not in self.wording
