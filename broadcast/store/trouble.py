"""Words for trouble with NATS: an error in one line, and its remedy."""

import errno
import os
import re
import socket
import ssl
from typing import Final

REFUSED: Final = "Authorization"
"""A word of the server's where it does not know who logs in."""

_NUMBER: Final = re.compile(r"\[Errno (\d+)\]")
"""How asyncio names each error, where all addresses of a host have failed."""


def said(error: BaseException) -> str:
    """Return an error in one line, in the system's own words where it is the system's.

    asyncio puts the address into them, which stands before the line already.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    if isinstance(error, socket.gaierror):
        return str(error.strerror).lower()
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        number = error.errno
        if number is None and (found := _NUMBER.search(text)) is not None:
            number = int(found[1])
        if number is not None and number in errno.errorcode:
            return os.strerror(number).lower()
    if isinstance(error, TimeoutError) and not text:
        return "no answer"
    return text or type(error).__name__


def hint_for(why: str, has_creds: bool) -> str:
    """Return what is to be done where a server has refused; "" where it has not.

    Args:
        why: the words of ``said``.
        has_creds: there is a file of creds.
    """
    if REFUSED in why:
        if has_creds:
            return "the server does not know its account, or not this user"
        return "give --nats-creds, or user:password@ in the URL"
    if "certificate" in why.lower():
        return "give --nats-ca the certificate of the authority that has signed it"
    if "no TLS" in why:
        return "give nats://, without --nats-ca, or start it with TLS"
    return ""
