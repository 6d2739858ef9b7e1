"""Telnet negotiation is swallowed, however the bytes are cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.net.telnet import MAX_SUBNEGOTIATION, Telnet
from tests.support.cuts import split

SE = b"\xff\xf0"


TELNET_BYTES = st.lists(
    st.sampled_from([255, 250, 240, 251, 254, 241, 10, 65]), max_size=60
).map(bytes)


TELNET_RUNS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"x", b"\xff", b"\xff\xf1", b"\xff\xfa", SE, b"\xff\xfb", b"\xff\xfax"]
        ),
        st.one_of(st.integers(1, 3), st.integers(120, 260), st.integers(503, 513)),
    ),
    max_size=6,
).map(lambda runs: b"".join(piece * times for piece, times in runs))


def _strip_slowly(data: bytes) -> bytes:
    """Swallow negotiation, a byte after the other: the reference."""
    kept = bytearray()
    at = 0
    while at < len(data):
        if data[at] != 255:
            kept.append(data[at])
            at += 1
        elif at + 1 >= len(data):
            break
        elif data[at + 1] == 255:
            kept.append(255)
            at += 2
        elif 251 <= data[at + 1] <= 254:
            at += 3
        elif data[at + 1] == 250:
            end, limit = at + 2, at + MAX_SUBNEGOTIATION
            while end + 2 <= min(limit, len(data)) and data[end : end + 2] != SE:
                end += 1
            if end + 2 <= min(limit, len(data)):
                at = end + 2
            elif limit <= len(data):
                at += 2
            else:
                break
        else:
            at += 2
    return bytes(kept)


@given(TELNET_BYTES, st.lists(st.integers(0, 60), max_size=6))
@settings(max_examples=400)
def test_telnet_against_a_slow_reader(data: bytes, cuts: list[int]) -> None:
    """Negotiation is swallowed as RFC 854 says, across any reads."""
    telnet = Telnet()
    stripped = b"".join(telnet.strip(piece) for piece in split(data, cuts))
    assert stripped == _strip_slowly(data)


@given(TELNET_RUNS, st.lists(st.integers(0, 5000), max_size=6))
@settings(max_examples=150, deadline=None)
def test_long_telnet_against_a_slow_reader(data: bytes, cuts: list[int]) -> None:
    """Also where subnegotiations are too long, or just not, and others follow."""
    telnet = Telnet()
    stripped = b"".join(telnet.strip(piece) for piece in split(data, cuts))
    assert stripped == _strip_slowly(data)


def test_a_subnegotiation_without_end_is_none() -> None:
    """Above 512 bytes its bytes are a line's again: nothing is held for ever."""
    telnet = Telnet()
    data = b"\xff\xfa" + b"x" * (2 * MAX_SUBNEGOTIATION)
    got = b"".join(telnet.strip(data[at : at + 50]) for at in range(0, len(data), 50))
    assert got == b"x" * (2 * MAX_SUBNEGOTIATION)


@pytest.mark.parametrize(("length", "is_one"), [(512, True), (513, False)])
def test_the_longest_subnegotiation(length: int, is_one: bool) -> None:
    """Of 512 bytes, its beginning and its end counted."""
    body = b"x" * (length - 4)
    got = Telnet().strip(b"\xff\xfa" + body + b"\xff\xf0")
    assert got == (b"" if is_one else body)


NEGOTIATION = st.lists(
    st.sampled_from(
        [
            b"\xff\xfd\x06",
            b"\xff\xfb\x01",
            b"\xff\xfd\xff",
            b"\xff\xfb\n",
            b"\xff\xfc\xfd",
            b"\xff\xfe\x01",
            b"\xff\xf1",
            b"\xff\xfa\xff\xfd\x06\xff\xf0",
            b"\xff\xff",
            b"\xfd\x06",
            b"x",
            b"\r",
            b"\0",
            b"\n",
        ]
    ),
    max_size=30,
)


@given(NEGOTIATION, st.lists(st.integers(0, 90), max_size=8))
@settings(max_examples=400)
def test_what_is_asked_is_refused_each_time(
    pieces: list[bytes], cuts: list[int]
) -> None:
    """DO is answered WONT, WILL is answered DONT, in order, and nothing else is."""
    telnet = Telnet()
    answers = b""
    for piece in split(b"".join(pieces), cuts):
        telnet.strip(piece)
        answers += telnet.take_answers()
    asked = [piece for piece in pieces if piece[:2] in (b"\xff\xfd", b"\xff\xfb")]
    no = {0xFD: b"\xfc", 0xFB: b"\xfe"}
    assert answers == b"".join(b"\xff" + no[ask[1]] + ask[2:] for ask in asked)


@given(
    st.lists(st.sampled_from([b"\r", b"\0", b"\n", b"x", b"\xff\xf1"]), max_size=20),
    st.lists(st.integers(0, 40), max_size=8),
    st.booleans(),
)
@settings(max_examples=400)
def test_cr_nul_is_cr_lf(pieces: list[bytes], cuts: list[int], after_cr: bool) -> None:
    """However it is cut, and with negotiation between the two."""
    telnet = Telnet(after_cr)
    data = b"".join(pieces)
    before = b"\r" if after_cr else b""
    text = before + b"".join(telnet.strip(piece) for piece in split(data, cuts))
    assert text == (before + data.replace(b"\xff\xf1", b"")).replace(b"\r\0", b"\r\n")
