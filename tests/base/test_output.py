"""Standard output that can't be written: one line, or nothing where nobody reads."""

import os
import subprocess
import sys

import pytest

FULL = "p: can't write to standard output: no space left on device; send it elsewhere\n"
CLOSED = "p: can't write to standard output: bad file descriptor; send it elsewhere\n"


def run(answer: str, out: int, shell: str = 'exec "$@"') -> tuple[int, str]:
    """Return the exit code of a program that answers, and what is on stderr."""
    code = (
        "import sys; from broadcast.base.output import printed, raw\n"
        f"def answer(): {answer}; return 3\n"
        "sys.exit(printed('p', answer))"
    )
    done = subprocess.run(
        ["sh", "-c", shell, "sh", sys.executable, "-c", code],
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("answer", ["print('x')", "print('x' * 99999)"])
def test_a_full_disk_is_one_line(answer: str) -> None:
    """Whether it is full at once, or at the end, when the rest is written."""
    with open("/dev/full", "wb") as full:
        assert run(answer, full.fileno()) == (1, FULL)


@pytest.mark.parametrize("answer", ["print('x')", "print('x' * 99999)"])
def test_a_reader_that_has_gone_is_no_failure(answer: str) -> None:
    """It has read all that it wanted."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert run(answer, writing) == (0, "")
    finally:
        os.close(writing)


def test_words_for_nobody_are_lost() -> None:
    """A job without output does its work; what is there to be printed is told of."""
    closed = 'exec "$@" >&-'
    assert run("print('x')", subprocess.DEVNULL, closed) == (3, "")
    assert run("raw().write(b'x')", subprocess.DEVNULL, closed) == (1, CLOSED)
