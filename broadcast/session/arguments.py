"""What stands behind a command, read; and how a command is refused.

What the commands then do is in ``commands``.
"""

from broadcast.protocol import names
from broadcast.protocol import sanitize as safe
from broadcast.protocol.dialects import JSON, TEXT, Dialect
from broadcast.protocol.events import Error


class CommandError(Exception):
    """A command was refused, for one of the protocol's error codes."""

    def __init__(self, code: str, words: str, token: str | None = None) -> None:
        super().__init__(words)
        self.code = code
        self.words = words
        self.token = token


def error_for(name: str, refused: CommandError) -> Error:
    """Return the event that tells of a refused command."""
    return Error(refused.code, safe.mend(name)[:32], refused.words, refused.token)


def silenced(code: str) -> CommandError:
    """Return why one who is ``muted``, or ``listen-only``, can't say a line."""
    if code == "muted":
        return CommandError(code, "you are muted")
    return CommandError(code, "one only listens here")


def parse_format(argument: str) -> Dialect:
    """Return the dialect named.

    Raises:
        CommandError: there is no such dialect.
    """
    word = words_of(argument, 1, 1, "/format text or /format json")[0].lower()
    if word not in ("text", "json"):
        raise CommandError("bad-argument", "/format text or /format json")
    return JSON if word == "json" else TEXT


def parse_name(argument: str) -> tuple[str, str | None]:
    """Return a name as it was given, and the key or None.

    Raises:
        CommandError: no name, or a key that can't be one.
    """
    words = words_of(argument, 1, 2, "/name NAME [KEY]")
    if len(words) == 1:
        return words[0], None
    if not names.is_key(words[1]):
        raise CommandError("bad-argument", "a key is 8 to 64 printable ASCII")
    return words[0], words[1]


def words_of(argument: str, least: int, most: int, usage: str) -> list[str]:
    """Return the words of an argument, ``least`` to ``most`` of them.

    Raises:
        CommandError: there are fewer or more; says ``usage``.
    """
    words = [word for word in argument.split(" ") if word]
    if not least <= len(words) <= most:
        raise CommandError("bad-argument", usage)
    return words


def number_of(digits: str, usage: str) -> int:
    """Return a number of at most 16 decimal digits.

    Raises:
        CommandError: it is none; says ``usage``.
    """
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 16):
        raise CommandError("bad-argument", usage)
    return int(digits)
