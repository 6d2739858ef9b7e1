"""Tokens: what was said once is not said twice, as long as its line is in the log."""

import json

from tests.support.hall import Hall


def test_tokens_are_forgotten_with_their_lines() -> None:
    """A token is remembered while its line is in the log, and no longer."""
    hall = Hall(log_size=20_000)
    alice = hall.join("/name alice sesame-open")
    alice.send("/say t1 hello")
    alice.send("/say t1 hello")
    alice.take()
    alice.send(*("x" * 1000 for _ in range(10)))
    for _ in range(5):
        alice.send(*("x" * 1000 for _ in range(10)))
    alice.send("/say t1 hello", "/format json", "/say t1 hello")
    told = [json.loads(line) for line in alice.lines() if line.startswith("{")]
    (ack,) = (event for event in told if event["event"] == "ack")
    assert ack == {"event": "ack", "token": "t1", "id": 62, "double": True}
