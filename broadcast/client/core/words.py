"""Words for a person: numbers with their nouns, long texts cut. Pure functions."""

LONGEST = 200


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun, as ``1 line`` or ``3 lines``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def shorten(text: str, length: int = LONGEST) -> str:
    """Return a text, cut where it is longer than ``length`` characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
