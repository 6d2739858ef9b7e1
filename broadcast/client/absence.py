"""What is told while a connection is gone: the loss, what is in the way, the return."""


class Absence:
    """Words for a connection that goes and comes back; nothing is told twice.

    Args:
        where: the server, for a person.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._told: set[str] | None = None

    def lost(self, reason: str) -> str | None:
        """It is lost, or a try to come back has failed; None: that was told."""
        if self._told is None:
            self._told = set()
            return f"connection lost: {reason}"
        if reason in self._told:
            return None
        self._told.add(reason)
        return f"can't reach {self._where}: {reason}"

    def over(self) -> str | None:
        """We are connected; None: that is no return."""
        was_away, self._told = self._told is not None, None
        return "connected again" if was_away else None
