"""The state in a random world: everybody who reads the log agrees on everything."""

import pytest

from broadcast.store import names, state
from tests.support.world import World


@pytest.mark.parametrize("seed", range(3))
def test_all_daemons_agree(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have the same state, and tell their members what the log says.

    Daemons are killed, stopped and cut off, and write up to 1500 s late; messages come
    twice; nobody can write for a minute; the log's clock jumps by an hour. Nobody
    healthy is given up, and nobody gone is heard; no line with a token is said twice,
    no name has two owners. Limits are low enough to be met.
    """
    monkeypatch.setattr(names, "MAX_HELD", 5)
    monkeypatch.setattr(names, "MAX_CERTIFIED", 2)
    monkeypatch.setattr(state, "MAX_TOKENS", 300)
    world = World(seed)
    world.run(1600)
    assert min(
        world.counts[what]
        for what in ("ended", "late", "void", "replaced", "taken", "double", "compared")
    )
