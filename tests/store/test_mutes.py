"""Mutes: how many there may be, and what they follow."""

from broadcast.store.mutes import MAX_MUTED, Mutes


def test_mutes_are_bounded() -> None:
    """One too many is refused; the same one again is not; what follows is bounded."""
    mutes = Mutes()
    assert all(mutes.add(f"n{number}") for number in range(MAX_MUTED))
    assert not mutes.add("more")
    assert mutes.add("n1")
    for number in range(100):
        mutes.follow("n1", "", f"tmp{number}")
    assert [n for n in range(100) if f"tmp{n}" in mutes] == [99]
    assert mutes.remove(["tmp99"]) == {"n1", "tmp99"}
    assert len(mutes) == MAX_MUTED - 1


def test_a_mute_by_account_follows_to_the_new_name() -> None:
    """So that it holds for that name though nobody has logged in under it."""
    mutes = Mutes()
    mutes.add("alice")
    mutes.follow("zed", "alice", "bob")
    assert "bob" in mutes
    assert "zed" not in mutes
