"""The tokens of lines, so that no line is said twice.

The state (``store.state``) has the tokens of names with a key; here they are until it
has them. The tokens of a mere connection are here for as long as the line is in the
log. The log's limit bounds them.
"""

from collections import deque
from collections.abc import Hashable

from broadcast.store.entries import Run


class TokenIndex:
    """Owner and token → the run that holds the line."""

    def __init__(self) -> None:
        self._said: dict[Hashable, dict[str, Run]] = {}
        self._order: deque[tuple[Hashable, str, Run]] = deque()

    def find(self, owner: Hashable, token: str) -> Run | None:
        """Return what ``owner`` said with ``token``, if it is still in the log."""
        return self._said.get(owner, {}).get(token)

    def remember(self, owner: Hashable, token: str, run: Run) -> None:
        """Remember that ``run`` was said with ``token``."""
        self._said.setdefault(owner, {})[token] = run
        self._order.append((owner, token, run))

    def forget(self, owner: Hashable) -> None:
        """Forget all that ``owner`` said."""
        self._said.pop(owner, None)

    def settled(self, run: Run) -> None:
        """Forget what the state remembers from now on: it has been decided on."""
        said = self._said.get(run.owner, {})
        if run.token is not None and said.get(run.token) is run:
            del said[run.token]
            if not said:
                del self._said[run.owner]

    def clear(self) -> None:
        """Forget everything."""
        self._said.clear()
        self._order.clear()

    def forget_before(self, first_id: int) -> None:
        """Forget what is no longer in the log, which begins at ``first_id``."""
        while self._order and 0 < self._order[0][2].first < first_id:
            owner, token, run = self._order.popleft()
            said = self._said.get(owner)
            if said is not None and said.get(token) is run:
                del said[token]
                if not said:
                    del self._said[owner]
