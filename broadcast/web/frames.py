"""Bytes around lines: WebSocket frames as the server sends them (RFC 6455, 5.2).

What a framing makes of a batch is shared by all who have that framing, so the
functions know nothing of members. What comes in is wsproto's business.
"""

import enum
import struct

MAX_MESSAGE_OUT = 64 * 1024
"""Bytes of a message, about, above which lines go into the next one: many
clients refuse a message of more than 1 MiB."""

_TEXT = 0x81
_BINARY = 0x82
_SHORT = 125


class Code(enum.IntEnum):
    """Why a WebSocket is closed (RFC 6455, 7.4.1, and IANA's registry)."""

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
    """Frame whole lines as messages of many lines, the last LF left out."""
    return b"".join([_frame(_TEXT, chunk[:-1]) for chunk in _chunks(data)])


def line_by_line(data: bytes) -> bytes:
    """Frame whole lines as messages of one line each."""
    lines = data.split(b"\n")
    lines.pop()
    return b"".join([_frame(_TEXT, line) for line in lines])


def relayed(data: bytes) -> bytes:
    """Frame a relay's lines: as text what is UTF-8, as binary what is not."""
    return b"".join(
        [
            _frame(_TEXT if is_utf8(chunk) else _BINARY, chunk[:-1])
            for chunk in _chunks(data)
        ]
    )


def close_frame(code: Code, reason: str) -> bytes:
    """Return the frame that closes, its reason cut to the 123 bytes that fit."""
    words = reason.encode()[: _SHORT - 2].decode(errors="ignore").encode()
    return struct.pack("!BBH", 0x88, 2 + len(words), code) + words


def ping_frame() -> bytes:
    """Return a ping that carries nothing."""
    return b"\x89\x00"


def pong_frame(payload: bytes) -> bytes:
    """Return the answer to a ping (at most 125 bytes: the parser sees to that)."""
    return bytes((0x8A, len(payload))) + payload


def _chunks(data: bytes) -> list[bytes]:
    """Cut whole lines into pieces of 64 KiB, or of one line that is longer."""
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
