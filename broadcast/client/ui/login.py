"""What a server that asks for a login is asked to be told, and how it is answered."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask the person for: a secret, or the password of `name`.

    `wording` is the server's: the protocol's events do not say what it takes, but
    these words name the commands that it does.
    """

    wording: str
    name: str

    @property
    def prompt(self) -> str:
        """What stands before the cursor."""
        if not self._is_for_name:
            return "secret (hidden)> "
        what = f"password for {self.name}" if self.name else "NAME PASSWORD"
        return f"{what} (hidden)> "

    def secret(self, typed: str) -> str:
        """What to log in with: a password alone is that of `name`."""
        words = typed.split()
        alone = self._is_for_name and self.name and len(words) == 1
        return " ".join([self.name, *words] if alone else words)

    @property
    def _is_for_name(self) -> bool:
        """Whether a name and its password are all that the server takes."""
        return "/login NAME PASSWORD" in self.wording and "SECRET" not in self.wording
