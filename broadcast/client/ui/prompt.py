"""What stands before the cursor: how things are, who one is, what waits."""

from broadcast.client.core.session import Session
from broadcast.client.core.state import State


def prompt(session: Session, retry_in: float | None) -> str:
    """Return the prompt, as ``connected · alice · 12 here> ``.

    Args:
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
