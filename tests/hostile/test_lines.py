"""Reads that are made to be slow to take apart."""

import time

import pytest

from tests.support.hall import Hall


@pytest.mark.parametrize("data", [b"\n" * 65536, b"\r\n" * 32768, b"/name a\n" * 8192])
def test_an_introduction_is_taken_quickly(data: bytes) -> None:
    """64 KiB before joining take milliseconds, not the 850 that they once took."""
    guest = Hall().connect()
    began = time.process_time()
    guest.protocol.dataReceived(data)
    assert time.process_time() - began < 0.2
