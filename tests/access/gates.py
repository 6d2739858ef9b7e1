"""A room in memory that one has to log in to."""

from pathlib import Path
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse

from broadcast.auth.authenticator import Authenticator
from broadcast.auth.bans import Bans
from broadcast.auth.checkers import TokenChecker
from broadcast.auth.policy import Policy
from tests.support.hall import Guest, Hall

SECRET = "open-sesame"


class GatedHall(Hall):
    """A hall with a secret, and with Alice's and Bob's accounts.

    Nothing here is encrypted, so plaintext is allowed unless told otherwise.
    """

    def __init__(self, folder: Path, allows_plaintext: bool = True) -> None:
        tokens = folder / "tokens"
        tokens.write_text(f"# for the class\n{SECRET}\nthe-old-one\n")
        accounts = {"alice": b"alices-own", "Bob": b"bobs-own-1"}
        users: Any = InMemoryUsernamePasswordDatabaseDontUse(**accounts)
        self.authenticator = Authenticator(
            [TokenChecker(str(tokens)), users],
            lambda: self.clock.seconds(),
            lambda delay, call: self.clock.callLater(delay, call),
            allows_plaintext=allows_plaintext,
        )
        bans = Bans(lambda: 0.0)
        policy = Policy(
            bans, self.authenticator, lambda folded: folded in ("alice", "bob")
        )
        super().__init__(policy=policy)

    def turn(self, turns: int = 3) -> None:
        """Let as many turns pass, and what is due in them happen."""
        for _ in range(turns):
            self.clock.advance(0)
            super().turn(1)

    def arrive(self, *lines: str) -> Guest:
        """Return somebody connected whose introduction is over."""
        guest = self.connect()
        if lines:
            guest.send(*lines)
        self.clock.advance(0.3)
        self.turn()
        return guest
