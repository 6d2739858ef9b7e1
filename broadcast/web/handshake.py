"""The opening handshake (RFC 6455, 4.2), from an HTTP request that is whole."""

import base64
import binascii
import hashlib
import re

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==", re.ASCII)
VERSION = "13"


class HandshakeError(Exception):
    """The request can't become a WebSocket.

    Attributes:
        status: the HTTP status code that says so.
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def wants_upgrade(upgrade: list[str]) -> bool:
    """Tell whether the Upgrade headers of a request ask for a WebSocket."""
    return "websocket" in _tokens(upgrade)


def answer(
    upgrade: list[str], connection: list[str], version: list[str], key: list[str]
) -> bytes:
    """Return the answer to a request with these headers, line ends and all.

    Raises:
        HandshakeError: something is missing or wrong.
    """
    if not wants_upgrade(upgrade) or "upgrade" not in _tokens(connection):
        raise HandshakeError(426, "this address speaks WebSocket")
    if version != [VERSION]:
        raise HandshakeError(426, f"only version {VERSION} of WebSocket is spoken here")
    if len(key) != 1 or not _is_key(key[0]):
        raise HandshakeError(400, "Sec-WebSocket-Key is not 16 bytes in base64")
    digest = hashlib.sha1(key[0].encode() + _GUID, usedforsecurity=False).digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n\r\n" % base64.b64encode(digest)
    )


def _is_key(key: str) -> bool:
    if _KEY.fullmatch(key) is None:
        return False
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False


def _tokens(headers: list[str]) -> set[str]:
    return {token.strip().lower() for value in headers for token in value.split(",")}
