"""Comings and goings: told one by one, or folded."""

from tests.support.hall import Hall


def test_a_folded_burst() -> None:
    """More than 8 within half a second: told one by one, then as a sum."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    hall.wait(1)
    watcher.take()
    crowd = [hall.connect() for _ in range(20)]
    for guest in crowd:
        guest.send("/ping")
    told = watcher.lines()
    single = [line for line in told if line.endswith("joined the chat")]
    assert len(single) == 8
    hall.wait(0.6)
    assert watcher.lines() == ["* 12 joined, 0 left, 21 here"]
    hall.wait(1)
    crowd[0].send("/quit")
    assert watcher.lines() == [single[0].replace("joined", "left")]


def test_nobody_speaks_before_its_arrival_is_told() -> None:
    """In a burst too: what is held is told along with the lines that follow."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    hall.wait(1)
    watcher.take()
    for _ in range(20):
        hall.connect().send("/ping")
    late = hall.connect()
    late.send("/name late", "hello")
    told = watcher.lines()
    assert told[-2:] == ["* 13 joined, 0 left, 22 here", "late: hello"]
