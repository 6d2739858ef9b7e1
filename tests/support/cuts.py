"""Streams of bytes, cut into reads."""

from itertools import pairwise


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """Return ``data`` in pieces, cut wherever ``cuts`` says (modulo its length)."""
    edges = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(edges)]
