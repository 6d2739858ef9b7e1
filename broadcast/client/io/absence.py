"""What is told while a connection is gone: its loss, its return, what is missing."""


class Absence:
    """Words for a connection that goes and comes back; nothing is told twice.

    Args:
        where: the server, for a person.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._told: set[str] | None = None
        self._is_back = False

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
        self._is_back, self._told = self._told is not None, None
        return "connected again" if self._is_back else None

    def gap(self, missing: int | None) -> str | None:
        """The mark where a replay begins in which something is gone for good.

        The first replay after a return goes on where we were; others go on after a
        position that somebody gave, which may be wrong.
        """
        goes_on, self._is_back = self._is_back, False
        if missing == 0:
            return None
        if missing is not None:
            return (
                f"* ({missing} lines are missing here: the server no longer has them)"
            )
        if goes_on:
            return (
                "* (the server's log began anew: what was said meanwhile may be lost)"
            )
        return (
            "* (that position is not in the server's log, which may have begun anew: "
            "these are its newest lines)"
        )
