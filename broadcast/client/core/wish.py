"""What a session asks of the server."""

import secrets
import unicodedata
from dataclasses import dataclass, field

from broadcast.client.core.position import Position


@dataclass(frozen=True, slots=True)
class Wish:
    """Who we would like to be, and what we want to be told.

    `name` None takes the name the server gives. `key` (8 to 64 printable ASCII, ours
    alone) keeps the name and the tokens ours over a reconnect; tokens begin with
    `prefix`, so that no two clients' are the same. `history` lines are asked for on
    the first connection, unless `since` names a position to go on from. `roster` keeps
    the list of names up to date. `insist` holds lines back while the server has not
    granted the name.
    """

    name: str | None = None
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    prefix: str = field(default_factory=lambda: secrets.token_hex(6), repr=False)
    history: int = 0
    since: Position | None = None
    secret: str | None = field(default=None, repr=False)
    roster: bool = False
    insist: bool = False


def is_same_name(one: str, other: str) -> bool:
    """Whether the server takes both for one name: NFKC and case folded."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
