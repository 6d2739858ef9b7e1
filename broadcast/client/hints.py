"""Who answers where no broadcast server does, and what address to try instead."""

from broadcast.client.address import Address

CLOSED = "the server closed the connection"
RESET = "the server reset the connection"
NO_HOST = "no such host"
SILENT = "no broadcast server answers there"

_OTHER = {"tcp": "tls", "tls": "tcp", "ws": "wss", "wss": "ws"}


def stranger(data: bytes, address: Address) -> str | None:
    """What the first bytes that come from `address` say if they are not ours."""
    if data.startswith(b"HTTP/"):
        scheme = "wss" if address.is_tls else "ws"
        return f"a web server answers there: try {scheme}://{address.where}"
    if data.startswith(b"\x15\x03"):
        return f"TLS is spoken there: try tls://{address.where}"
    return None


def advice(reason: str, address: Address) -> str:
    """The reason for which nobody greeted us, with what to try where that helps."""
    other = _OTHER.get(address.scheme)
    if reason == SILENT and address.scheme == "tcp":
        return f"{reason}; if it is a web port, try ws://{address.where}"
    is_handshake = reason.startswith("[") and "SSL" in reason  # as OpenSSL says it
    if other is None or not (is_handshake or reason in (CLOSED, RESET)):
        return reason
    what = "speaks no TLS" if address.is_tls else "speaks TLS"
    return f"{reason}; if it {what}, try {other}://{address.where}"
