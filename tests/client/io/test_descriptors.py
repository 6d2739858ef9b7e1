"""Descriptors that do not block: waiting for them is neither an end nor a failure."""

import os
import sys
import threading

import pytest

from broadcast.client.io.descriptors import complain, read_some, write_all

LARGE = b"x" * 1_000_000


def test_no_data_yet_is_no_end() -> None:
    """A reader waits until something comes, and then for the end."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    found: list[bytes] = []

    def take() -> None:
        while data := read_some(read, 100):
            found.append(data)

    reader = threading.Thread(target=take)
    reader.start()
    os.write(write, b"one")
    os.close(write)
    reader.join(10)
    os.close(read)
    assert b"".join(found) == b"one"


def test_no_room_yet_is_no_failure() -> None:
    """More than a pipe holds is written as it is taken."""
    read, write = os.pipe()
    os.set_blocking(write, False)

    def give() -> None:
        write_all(write, LARGE)
        os.close(write)

    writer = threading.Thread(target=give)
    writer.start()
    with open(read, "rb") as reader:
        assert reader.read() == LARGE
    writer.join(10)


def test_a_complaint_that_nobody_can_hear_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stderr that is closed or full spoils nothing."""
    monkeypatch.setattr(sys, "stderr", None)
    complain("x")
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        complain("x")
