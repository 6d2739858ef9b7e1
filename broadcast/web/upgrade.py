"""From an HTTP request to a WebSocket: the opening handshake (RFC 6455, 4.2).

Twisted's HTTP parser up to a whole request; from the handshake on the bytes are the
WebSocket's. (``twisted.web.websocket`` can do that too, but a frame that comes along
with the handshake is lost there, and it writes pongs past any writer: a peer that pings
and does not read makes it buffer without end.)
"""

import base64
import binascii
import hashlib
import re
from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from broadcast.net.connections import Connections
from broadcast.protocol.roles import UNRESTRICTED, Role
from broadcast.web.door import Door, RefusedError
from broadcast.web.frames import line_by_line, relayed, whole
from broadcast.web.http import headers, say
from broadcast.web.websocket import WebSocketConnection

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==", re.ASCII)
VERSION = "13"


class UpgradeError(RefusedError):
    """The request can't become a WebSocket."""


def wants_upgrade(upgrade: list[str]) -> bool:
    """Tell whether the Upgrade headers of a request ask for a WebSocket."""
    return "websocket" in _tokens(upgrade)


def handshake_answer(
    upgrade: list[str], connection: list[str], version: list[str], key: list[str]
) -> bytes:
    """Return the answer to a request with these headers, line ends and all.

    Raises:
        UpgradeError: something is missing or wrong.
    """
    if not wants_upgrade(upgrade) or "upgrade" not in _tokens(connection):
        raise UpgradeError(426, "this address speaks WebSocket")
    if version != [VERSION]:
        raise UpgradeError(426, f"only version {VERSION} of WebSocket is spoken here")
    if len(key) != 1 or not _is_key(key[0]):
        raise UpgradeError(400, "Sec-WebSocket-Key is not 16 bytes in base64")
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


class Socket(Resource):
    """Where a WebSocket begins.

    Args:
        connections: all that are open.
        door: says which pages may talk.
        role: the rights of members that come this way.
    """

    isLeaf = True

    def __init__(
        self, connections: Connections, door: Door, role: Role = UNRESTRICTED
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._connections = connections
        self._door = door
        self._role = role

    def render_GET(self, request: Request) -> bytes | int:
        """Become a WebSocket, or say why not."""
        if request.method != b"GET":
            request.setHeader("Allow", "GET")
            return say(request, 405, "a WebSocket begins with GET")
        if request.clientproto != b"HTTP/1.1":
            return say(request, 400, "a WebSocket begins with HTTP/1.1")
        if self._connections.is_stopping:
            return say(request, 503, "the server shuts down")
        (host,) = headers(request, "Host")
        try:
            self._door.check_origin(_origins(request), host)
        except RefusedError as error:
            return say(request, error.status, str(error))
        try:
            head = handshake_answer(
                headers(request, "Upgrade"),
                headers(request, "Connection"),
                headers(request, "Sec-WebSocket-Version"),
                headers(request, "Sec-WebSocket-Key"),
            )
            lines, is_by_line = _introduction(request)
        except UpgradeError as error:
            request.setHeader("Sec-WebSocket-Version", VERSION)
            if error.status == 426:  # which is to say to what (RFC 9110, 15.5.22)
                request.setHeader("Upgrade", "websocket")
                request.responseHeaders.addRawHeader("Connection", "upgrade")
            return say(request, error.status, str(error))
        connections = self._connections
        framing = line_by_line if is_by_line else whole
        if connections.room.settings.relay:
            framing, lines = relayed, b""
        channel: Any = request.channel  # our Channel
        connection = channel.upgrade(
            lambda transport: WebSocketConnection(
                connections, transport, framing, head, self._role
            )
        )
        if lines:
            connection.introduce(lines)
        return NOT_DONE_YET


class Front(Resource):
    """The root: the page for who asks for it, a WebSocket for who wants one."""

    isLeaf = True

    def __init__(self, page: Resource, socket: Socket) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._page = page
        self._socket = socket

    def render_GET(self, request: Request) -> Any:
        """Give the page, or become a WebSocket."""
        wants = wants_upgrade(headers(request, "Upgrade"))
        return (self._socket if wants else self._page).render(request)


def _origins(request: Request) -> list[str]:
    """Return the origins of the page that asks.

    A browser tells a page nothing of a refused WebSocket. So the page asks once more
    without an upgrade, and names its own origin, ``?origin=``: browsers send no Origin
    header with that.
    """
    if wants_upgrade(headers(request, "Upgrade")):
        return headers(request, "Origin")
    named = [value.decode("latin-1") for value in request.args.get(b"origin", [])]
    return headers(request, "Origin") or named


def _introduction(request: Request) -> tuple[bytes, bool]:
    """Return the lines that ``?format=json&name=alice&quiet=1`` stand for.

    And whether ``frames=line`` asks for a frame a line.
    """
    given = {name: values[-1] for name, values in request.args.items()}
    lines = b""
    for word in (b"format", b"name"):
        if (value := given.get(word)) is not None:
            if b"\n" in value or b"\r" in value:
                raise UpgradeError(400, f"{word.decode()} is one line")
            lines += b"/%b %b\n" % (word, value)
    quiet = given.get(b"quiet", b"0")
    if quiet not in (b"0", b"1"):
        raise UpgradeError(400, "quiet is 1 or 0")
    lines += b"/quiet\n" if quiet == b"1" else b""
    frames = given.get(b"frames", b"batch")
    if frames not in (b"batch", b"line"):
        raise UpgradeError(400, "frames is batch or line")
    return lines, frames == b"line"
