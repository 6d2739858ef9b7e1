"""Words for trouble with NATS: an error in one line, and its remedy."""

from typing import Final

from broadcast.base.values import reason_of

REFUSED: Final = "Authorization"
"""A word of the server's where it does not know who logs in."""


def said(error: BaseException) -> str:
    """Return an error in one line, where it is the system's in its own words."""
    if isinstance(error, TimeoutError) and not str(error):
        return "no answer"
    return reason_of(error) or type(error).__name__


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
