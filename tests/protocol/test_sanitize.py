"""Safe text, against a slow reference that checks each character."""

from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.protocol import sanitize

# Characters around every edge of the rules, and some that mean nothing.
CHARS = st.sampled_from(
    [chr(code) for code in (0, 8, 9, 11, 13, 27, 31, 32, 47, 126, 127, 128, 159, 160)]
    + [chr(code) for code in (0x2027, 0x2028, 0x202E, 0x202F, 0x2065, 0x2066, 0x2069)]
    + ["\u206a", "a", "é", "漢", "😀", "\ud7ff", "\ufffd", "/", "\\"]
)
TEXT = st.lists(CHARS, max_size=20).map("".join)
BYTES = st.one_of(
    TEXT.map(str.encode),
    st.binary(max_size=20).map(lambda data: data.replace(b"\n", b"")),
    st.tuples(TEXT, st.binary(max_size=3)).map(
        lambda pair: (pair[0].encode() + pair[1]).replace(b"\n", b"")
    ),
)
LINES = st.lists(BYTES, max_size=6)

SHORT = st.lists(
    st.binary(max_size=12).map(lambda d: d.replace(b"\n", b"")), max_size=9
)


def _is_active(char: str) -> bool:
    code = ord(char)
    return (
        (code < 32 and code != 9)
        or 127 <= code < 160
        or 0x2028 <= code <= 0x202E
        or 0x2066 <= code <= 0x2069
    )


def _mend_slowly(line: bytes) -> str:
    mended = ""
    for char in line.decode(errors="replace"):
        if not _is_active(char):
            mended += char
        elif ord(char) < 32:
            mended += chr(0x2400 + ord(char))
        else:
            mended += "\u2421" if ord(char) == 127 else "\ufffd"
    return mended


def _block(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


@given(BYTES)
@settings(max_examples=500)
def test_mending(line: bytes) -> None:
    """A mended line is UTF-8, has nothing active in it, and is mended for good."""
    mended = sanitize.mend_line(line)
    assert mended.decode() == _mend_slowly(line)
    assert sanitize.mend_line(mended) == mended
    assert sanitize.is_clean(mended + b"\n")


@given(LINES)
@settings(max_examples=500)
def test_a_clean_block_needs_no_mending(lines: list[bytes]) -> None:
    """is_clean is true of exactly those blocks that mending leaves as they are."""
    is_clean = all(sanitize.mend_line(line) == line for line in lines)
    assert sanitize.is_clean(_block(lines)) == is_clean


@given(
    st.lists(st.binary(max_size=12).map(lambda d: d.replace(b"\n", b"")), max_size=9)
)
@settings(max_examples=500)
def test_looking_at_blocks(lines: list[bytes]) -> None:
    """Blank, too long, begun by a mark: as if each line were looked at."""
    block = _block(lines)
    for limit in (0, 1, 5, 11, 12):
        assert sanitize.has_longer(block, limit) == any(len(x) > limit for x in lines)
        for marks in ((), (b"/",), (b"\\", b"a")):
            is_sayable = sanitize.is_clean(block) and all(
                0 < len(line) <= limit and not line.startswith(marks) for line in lines
            )
            assert sanitize.is_sayable(marks, block, limit) == is_sayable


@given(TEXT)
@settings(max_examples=300)
def test_escaping_for_the_log(text: str) -> None:
    """One event, one line: nothing active is left, and no line end."""
    escaped = sanitize.escape(text + "\n" + text)
    assert not any(_is_active(char) for char in escaped)
    assert "\n" not in escaped
