"""Safe text: remote text that cannot act on a terminal. Server and client use it.

A *block* is whole lines, each ended by LF, in a ``bytes``. The server's hot path checks
a block with the C-speed methods of ``bytes``. Only a block with a fault is repaired
line by line. The rules are those of docs/protocol.md. The server repairs each line; a
client cannot rely on that, and does so again.
"""

import re

_C0 = bytes(c for c in range(32) if c not in b"\t\n") + b"\x7f"

_ACTIVE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
"""Characters that act on a terminal or reorder text: C0 but TAB and LF, DEL, C1, line
and paragraph separators, bidirectional embeddings, overrides and isolates."""

_IN_BLOCK = re.compile(f"[{_ACTIVE}]")
_IN_LINE = re.compile(f"[{_ACTIVE}\n\ud800-\udfff]")  # lone surrogates, too

_MENDED = (
    {c: 0x2400 + c for c in range(32) if c != 9}
    | {0x7F: 0x2421}
    | dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000)], 0xFFFD)
    | dict.fromkeys([*range(0x2028, 0x202F), *range(0x2066, 0x206A)], 0xFFFD)
)


def is_clean(block: bytes) -> bool:
    """Tell whether ``block`` is UTF-8 and holds nothing active."""
    if block.isascii():
        return len(block.translate(None, _C0)) == len(block)
    try:
        return _IN_BLOCK.search(block.decode()) is None
    except UnicodeDecodeError:
        return False


def is_safe(text: str) -> bool:
    """Tell whether ``mend`` would leave this text unchanged."""
    return _IN_LINE.search(text) is None


def mend(text: str) -> str:
    """Make active characters visible: C0 and DEL as pictures, the rest U+FFFD."""
    return text.translate(_MENDED) if _IN_LINE.search(text) else text


def mend_json(line: str) -> str:
    """Return a line of JSON with active characters escaped; its value is the same."""
    return _IN_LINE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def mend_line(line: bytes) -> bytes:
    """Return ``line`` (no line end) as valid UTF-8 without active characters."""
    return mend(line.decode(errors="replace")).encode()


def has_longer(block: bytes, limit: int) -> bool:
    """Tell whether a line of ``block`` has more than ``limit`` bytes.

    The search jumps from LF to LF, at most a limit apart: a few ``rfind`` for 64 KiB.
    """
    start = 0
    while len(block) - start > limit + 1:
        end = block.rfind(b"\n", start, start + limit + 1)
        if end < 0:
            return True
        start = end + 1
    return False


def is_sayable(marks: tuple[bytes, ...], block: bytes, longest: int) -> bool:
    """Tell whether ``block`` can be said unchanged.

    It takes a few passes over the bytes, none over the lines: this is the hot path.

    Args:
        marks: single bytes; a line that begins with such a byte needs the slow path.
        block: whole lines, each ended by LF.
        longest: bytes of a line, at most.
    """
    # ``rfind`` takes half the time of ``in`` for a needle of two bytes.
    if not is_clean(block) or block.startswith(b"\n") or block.rfind(b"\n\n") >= 0:
        return False
    for mark in marks:
        if mark in block and (block.startswith(mark) or b"\n" + mark in block):
            return False
    return len(block) <= longest + 1 or not has_longer(block, longest)


def escape(text: str) -> str:
    """Return ``text`` fit for a line of a log: active characters become escapes."""
    return _IN_LINE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def split(block: bytes, count: int) -> tuple[bytes, bytes]:
    """Return the first ``count`` lines of ``block``, and the rest."""
    if block.count(b"\n") <= count:
        return block, b""
    if not count:
        return b"", block
    parts = block.split(b"\n", count)
    rest = parts.pop()
    return b"\n".join([*parts, b""]), rest
