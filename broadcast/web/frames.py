"""WebSocket frames (RFC 6455, 5.2): those that are sent, and the simple ones that come.

What a framing makes of a batch is shared by all who have that framing, so the
functions know nothing of members. Of what comes in, wsproto takes 8 µs for a frame,
more than all the rest of a line's way in. What nearly every client sends nearly always
(whole, short, unfragmented text frames, many in one read) is taken here in 1 to 2 µs;
anything else, and anything wrong, is left to wsproto.
"""

import enum
import struct
from typing import Final, NamedTuple

MAX_MESSAGE_OUT = 64 * 1024
"""Bytes of a message, about, above which lines go into the next one: many
clients refuse a message of more than 1 MiB."""

MOST: Final = 128
"""Simple frames that are taken at a time: a quarter of a millisecond."""

_TEXT: Final = 0x81  # whole, no extension bits
_BINARY: Final = 0x82
_SHORT: Final = 125
_MASKED: Final = 0x80
_CONTROL: Final = 0x88  # whole, an opcode of 8 or more
_LONG: Final = 126


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
    message = reason.encode()[: _SHORT - 2].decode(errors="ignore").encode()
    return struct.pack("!BBH", 0x88, 2 + len(message), code) + message


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


class Taken(NamedTuple):
    """What was taken of some bytes.

    Attributes:
        messages: the payloads of whole text messages, UTF-8.
        stop: where the first frame begins that was not taken.
    """

    messages: list[bytes]
    stop: int


def take(data: bytes, at: int = 0) -> Taken:
    """Take simple frames of ``data`` from ``at`` on, where a frame begins."""
    messages: list[bytes] = []
    end = len(data)
    while at + 6 <= end and data[at] == _TEXT and len(messages) < MOST:
        size = data[at + 1] - _MASKED
        body = at + 6
        if size == _LONG:
            size = data[at + 2] << 8 | data[at + 3]
            body = at + 8
            if size < _LONG:
                break  # it should have been said the short way
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
    """Return where the whole control frame at ``at`` ends; 0 if there is none."""
    if at + 6 > len(data) or data[at] & 0xF8 != _CONTROL:
        return 0
    size = data[at + 1] - _MASKED
    stop = at + 6 + size
    return stop if 0 <= size < _LONG and stop <= len(data) else 0


def size_wanted(data: bytes, at: int) -> int:
    """Return how many bytes the simple frame at ``at`` has, if it is not all there.

    At least so many, as long as its head is not there either. 0: what is there is
    whole, or no simple frame.
    """
    have = len(data) - at
    if data[at] != _TEXT:
        return 0
    if have < 2:
        return 6
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
