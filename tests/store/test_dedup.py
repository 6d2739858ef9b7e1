"""Tokens: what was said once is not said twice."""

import json

import pytest

from tests.support.hall import Hall


@pytest.mark.parametrize(("key", "id"), [("sesame-open", 1), ("", 62)])
def test_tokens_are_forgotten_with_their_lines(key: str, id: int) -> None:
    """Those of a connection alone; by name and key they are remembered for longer."""
    hall = Hall(log_size=20_000)
    alice = hall.join(f"/name alice {key}")
    alice.send("/say t1 hello")
    alice.send("/say t1 hello")
    alice.take()
    alice.send(*("x" * 1000 for _ in range(10)))
    for _ in range(5):
        alice.send(*("x" * 1000 for _ in range(10)))
    alice.send("/say t1 hello", "/format json", "/say t1 hello")
    told = [json.loads(line) for line in alice.lines() if line.startswith("{")]
    (ack,) = (event for event in told if event["event"] == "ack")
    assert ack == {"event": "ack", "token": "t1", "id": id, "double": True}
