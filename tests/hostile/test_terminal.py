"""What members send cannot act on the terminal of one who uses a plain nc."""

import itertools
from collections.abc import Callable

import pyte

from hostile.terminal import Screen, code_points, sequences, show, show_client
from tests.support.daemon import Daemon


def test_nothing_acts(daemon: Callable[..., Daemon]) -> None:
    """Every 20th code point, all of the first 0x3000, and 3000 sequences."""
    running = daemon("--greeting-delay", "0.01")
    screen = Screen()
    first = itertools.islice(code_points(), 0x3000 // 64)
    lines = list(itertools.chain(first, code_points(20), sequences(3000, 5)))
    assert show(running.port, iter(lines), screen) == len(lines)
    assert screen.drawn > 50_000
    assert not screen.done


def test_the_screen_would_tell() -> None:
    """Unmended, all kinds of sequences act on this screen."""
    screen = Screen()
    terminal = pyte.Stream(screen)  # type: ignore[arg-type]  # a screen of ours
    for line in ("\x1b[2J", "\x9b5;5H", "\x1b]0;title\x07", "\x08", "\r"):
        before = sum(screen.done.values())
        terminal.feed(line)
        assert sum(screen.done.values()) > before, repr(line)
    for line in sequences(500, 1):
        terminal.feed(line + "\n")
    assert sum(screen.done.values()) > 100


def test_nothing_acts_through_the_client() -> None:
    """A server that mends nothing can't make bcast-client's output act either."""
    screen = Screen()
    lines = [*itertools.islice(code_points(), 0x3000 // 64), *sequences(2000, 6)]
    assert show_client(iter(lines), screen) >= len(lines)
    assert screen.drawn > 10_000
    assert not screen.done
