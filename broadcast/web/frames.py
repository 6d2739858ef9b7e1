"""WebSocket frames (RFC 6455, 5.2): all that are sent, and simple ones received.

A framed batch is shared by all members with the same framing, so the functions know
nothing of members. For input, wsproto takes 8 µs a frame, more than all the rest of a
line's path. Nearly all clients send nearly always whole, short, unfragmented text
frames, many in a read. These are parsed here in 1 to 2 µs. All other frames, and all
invalid ones, are left to wsproto.
"""

import enum
import struct
from typing import Final, NamedTuple

MAX_MESSAGE_OUT = 64 * 1024
"""Approximate bytes of a message, above which lines go into the next one. Many clients
refuse a message of more than 1 MiB."""

MOST: Final = 128
"""Simple frames that are parsed at a time, in a quarter of a millisecond."""

_TEXT: Final = 0x81  # whole, no extension bits
_BINARY: Final = 0x82
_SHORT: Final = 125
_MASKED: Final = 0x80
_CONTROL: Final = 0x88  # whole, an opcode of 8 or more
_LONG: Final = 126


class Code(enum.IntEnum):
    """The close codes of a WebSocket (RFC 6455, 7.4.1, and IANA's registry)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED = 1003
    NOT_UTF8 = 1007
    POLICY = 1008
    TOO_BIG = 1009
    RESTART = 1012
    TRY_AGAIN_LATER = 1013


def whole(data: bytes) -> bytes:
    """Frame whole lines as messages of many lines, without the last LF."""
    return b"".join([_frame(_TEXT, chunk[:-1]) for chunk in _chunks(data)])


def line_by_line(data: bytes) -> bytes:
    """Frame whole lines as messages of a single line each."""
    lines = data.split(b"\n")
    lines.pop()
    return b"".join([_frame(_TEXT, line) for line in lines])


def relayed(data: bytes) -> bytes:
    """Frame a relay's lines, as text if they are UTF-8, otherwise as binary."""
    return b"".join(
        [
            _frame(_TEXT if is_utf8(chunk) else _BINARY, chunk[:-1])
            for chunk in _chunks(data)
        ]
    )


def close_frame(code: Code, reason: str) -> bytes:
    """Return a close frame, with its reason truncated to the 123 bytes that fit."""
    message = reason.encode()[: _SHORT - 2].decode(errors="ignore").encode()
    return struct.pack("!BBH", 0x88, 2 + len(message), code) + message


def ping_frame() -> bytes:
    """Return a ping without a payload."""
    return b"\x89\x00"


def pong_frame(payload: bytes) -> bytes:
    """Return the answer to a ping, whose payload is at most 125 bytes."""
    return bytes((0x8A, len(payload))) + payload


def _chunks(data: bytes) -> list[bytes]:
    """Cut whole lines into pieces of 64 KiB, or of a single longer line."""
    if len(data) <= MAX_MESSAGE_OUT:
        return [data] if data else []
    chunks = []
    start = 0
    while start < len(data):
        stop = data.rfind(b"\n", start, start + MAX_MESSAGE_OUT) + 1
        stop = stop or data.find(b"\n", start) + 1
        chunks.append(data[start:stop])
        start = stop
    return chunks


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size <= _SHORT:
        head = bytes((opcode, size))
    elif size < 1 << 16:
        head = struct.pack("!BBH", opcode, 126, size)
    else:
        head = struct.pack("!BBQ", opcode, 127, size)
    return head + payload


def is_utf8(data: bytes) -> bool:
    """Tell whether ``data`` is UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class Taken(NamedTuple):
    """The result of parsing simple frames.

    Attributes:
        messages: the payloads of whole text messages, UTF-8.
        stop: the offset of the first frame that was not parsed.
    """

    messages: list[bytes]
    stop: int


def take(data: bytes, at: int = 0) -> Taken:
    """Parse the simple frames of ``data`` from offset ``at``, where a frame begins."""
    messages: list[bytes] = []
    end = len(data)
    while at + 6 <= end and data[at] == _TEXT and len(messages) < MOST:
        size = data[at + 1] - _MASKED
        body = at + 6
        if size == _LONG:
            size = data[at + 2] << 8 | data[at + 3]
            body = at + 8
            if size < _LONG:
                break  # it needs the short form (RFC 6455, 5.2)
        elif not 0 <= size < _LONG:
            break
        stop = body + size
        if stop > end:
            break
        payload = _unmask(data[body - 4 : body], data[body:stop])
        if not payload.isascii() and not is_utf8(payload):
            break
        messages.append(payload)
        at = stop
    return Taken(messages, at)


def control_ends(data: bytes, at: int) -> int:
    """Return the end of the whole control frame at ``at``; 0 if there is none."""
    if at + 6 > len(data) or data[at] & 0xF8 != _CONTROL:
        return 0
    size = data[at + 1] - _MASKED
    stop = at + 6 + size
    return stop if 0 <= size < _LONG and stop <= len(data) else 0


def size_wanted(data: bytes, at: int) -> int:
    """Return the size in bytes of the incomplete simple frame at ``at``.

    While its head is incomplete too, the size is a lower bound. The result is 0 for a
    frame that is whole, or not simple.
    """
    have = len(data) - at
    if data[at] != _TEXT:
        return 0
    if have < 2:
        return 2
    size = data[at + 1] - _MASKED
    if size == _LONG:
        wanted = 8 if have < 4 else 8 + (data[at + 2] << 8 | data[at + 3])
    elif 0 <= size < _LONG:
        wanted = 6 + size
    else:
        return 0
    return wanted if have < wanted else 0


def _unmask(mask: bytes, payload: bytes) -> bytes:
    size = len(payload)
    key = mask * (size // 4 + 1)
    number = int.from_bytes(payload, "little") ^ int.from_bytes(key[:size], "little")
    return number.to_bytes(size, "little")
