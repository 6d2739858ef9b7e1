"""The file with which a daemon is let in by NATS: the only module that imports nkeys.

It has a user's claims, signed by its account, and the seed of the user's key; ``nsc
generate creds`` writes one. It is read anew for each connection: it may be replaced
while the daemon runs. https://docs.nats.io/using-nats/developer/connecting/creds
"""

import base64
import re
from pathlib import Path
from typing import Final

import nkeys

_CLAIMS: Final = re.compile(r"BEGIN NATS USER JWT-+\s+([-\w]+\.[-\w]+\.[-\w]+)\s")
_SEED: Final = re.compile(r"BEGIN USER NKEY SEED-+\s+(SU[A-Z2-7]+)\s")


class CredsError(Exception):
    """The file can't be used; says why in a few words."""


class Creds:
    """A user's claims and key.

    Args:
        path: where the file is.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def claims(self) -> bytes:
        """Return what an account says of the user.

        Raises:
            CredsError: nothing.
        """
        return self._found(_CLAIMS, "no claims (JWT) of a user").encode()

    def sign(self, nonce: str) -> bytes:
        """Return the user's signature, in base64.

        Raises:
            CredsError: there is no key.
        """
        seed = self._found(_SEED, "no seed of a user's key")
        try:
            pair = nkeys.from_seed(bytearray(seed.encode()))
            return base64.b64encode(pair.sign(nonce.encode()))
        except (nkeys.NkeysError, ValueError):
            raise CredsError("the seed of its key is damaged") from None

    def _found(self, part: "re.Pattern[str]", lacks: str) -> str:
        try:
            text = Path(self.path).read_text()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise CredsError(str(why)) from None
        match = part.search(text)
        if match is None:
            raise CredsError(f"it has {lacks}")
        return match[1]
