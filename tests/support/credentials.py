"""What a nats-server in operator mode is configured with, and files of users' creds.

An operator has signed an account, and the account its users: https://docs.nats.io says
so under "JWT". The server knows the operator's and the account's claims; a user brings
its own with it, and proves that it has the key.
"""

import base64
import json
import os
from pathlib import Path

import nkeys

ALL = -1
"""No limit."""


class Party:
    """An operator, an account or a user: a key, and claims that another one signs.

    Args:
        kind: ``operator``, ``account`` or ``user``.
    """

    def __init__(self, kind: str) -> None:
        prefixes = {
            "operator": nkeys.PREFIX_BYTE_OPERATOR,
            "account": nkeys.PREFIX_BYTE_ACCOUNT,
            "user": nkeys.PREFIX_BYTE_USER,
        }
        self._kind = kind
        self.seed = bytes(nkeys.encode_seed(os.urandom(32), prefixes[kind]))
        self._pair = nkeys.from_seed(bytearray(self.seed))
        self.public = self._pair.public_key.decode()

    def claims(self, of: "Party", **facts: object) -> str:
        """Return the claims of another party, signed by this one."""
        head = {"typ": "JWT", "alg": "ed25519-nkey"}
        body = {
            "jti": of.public,
            "iat": 1_700_000_000,
            "iss": self.public,
            "name": of._kind,
            "sub": of.public,
            "nats": {"type": of._kind, "version": 2, **facts},
        }
        signed = ".".join(_text(json.dumps(each).encode()) for each in (head, body))
        return f"{signed}.{_text(self._pair.sign(signed.encode()))}"


class Realm:
    """An operator with an account for rooms."""

    def __init__(self) -> None:
        self._operator, self._account = Party("operator"), Party("account")
        self._system = Party("account")  # JetStream needs one, of its own

    @property
    def config(self) -> str:
        """Lines for the server's configuration."""
        operator, account = self._operator, self._account
        limits = dict.fromkeys(
            ("subs", "conn", "leaf", "imports", "exports", "data", "payload"), ALL
        )
        store = dict.fromkeys(
            ("mem_storage", "disk_storage", "streams", "consumer"), ALL
        )
        signed = operator.claims(account, limits={**limits, **store, "wildcards": True})
        system = operator.claims(self._system, limits={**limits, "wildcards": True})
        return (
            f"operator: {operator.claims(operator)}\n"
            f"system_account: {self._system.public}\n"
            "resolver: MEMORY\n"
            f"resolver_preload: {{\n  {account.public}: {signed}\n"
            f"  {self._system.public}: {system}\n}}"
        )

    def write_creds(self, path: Path, **facts: object) -> Path:
        """Write the file of a user of the account; return where it is."""
        user = Party("user")
        limits = {"subs": ALL, "data": ALL, "payload": ALL}
        signed = self._account.claims(user, **limits, **facts)
        path.write_text(
            "-----BEGIN NATS USER JWT-----\n"
            f"{signed}\n"
            "------END NATS USER JWT------\n\n"
            "-----BEGIN USER NKEY SEED-----\n"
            f"{user.seed.decode()}\n"
            "------END USER NKEY SEED------\n"
        )
        return path


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
