"""The handshake: what is said before one joins."""

from tests.support.hall import Hall


def test_who_leaves_in_the_introduction_was_never_here() -> None:
    """Neither by end of file nor by a loss."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    watcher.lines()
    for clean in (True, False):
        guest = hall.connect()
        guest.send("/name al", "/format json")
        guest.drop(clean)
        hall.wait(1)
        assert guest.take() == b""
    assert watcher.lines() == []
    assert hall.room.roster.find("al") is None
