"""Where endpoints listen, as their text tells."""

import pytest

from broadcast.base.endpoints import Place, place_of


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("8001", Place("::1", 8001)),
        ("tcp:8001", Place("", 8001)),
        ("tcp:port=8001:backlog=9:interface=127.0.0.1", Place("127.0.0.1", 8001)),
        (r"tcp6:8001:interface=\:\:1", Place("::1", 8001)),
        ("tcp6:8001", Place("::", 8001)),
        ("tls:8001", Place("", 8001)),
        ("haproxy:tls:tcp:8001", Place("", 8001)),
        ("ssl:8001:privateKey=k", Place("", 8001)),
        ("unix:/run/b:mode=600", Place("/run/b")),
        ("tcp:8001:reuseport=yes", None),
        ("systemd:domain=INET:index=0", None),
        ("tcp:http", None),
    ],
)
def test_places(text: str, place: Place | None) -> None:
    """The common forms are known; others stand for no place."""
    assert place_of(text, "::1") == place


@pytest.mark.parametrize(
    ("one", "other", "is_taken"),
    [
        ("tcp:1:interface=127.0.0.1", "tcp:1:interface=127.0.0.1", True),
        ("tcp:1:interface=127.0.0.1", "tcp:1", True),
        ("tcp:1:interface=127.0.0.1", "tcp:1:interface=0.0.0.0", True),
        ("tcp:1:interface=127.0.0.1", "tcp:1:interface=127.0.0.2", False),
        ("tcp:1:interface=127.0.0.1", "tcp6:1", False),
        ("tcp:1", "tcp:2", False),
        ("tcp:0", "tcp:0", False),
        ("unix:/a", "tls:unix:/a", True),
        ("unix:/a", "unix:/b", False),
    ],
)
def test_one_place_is_one_listeners(one: str, other: str, is_taken: bool) -> None:
    """All addresses of a family include each of it."""
    places = place_of(one, ""), place_of(other, "")
    assert places[0] is not None
    assert places[1] is not None
    assert places[0].is_taken_by(places[1]) is is_taken
    assert places[1].is_taken_by(places[0]) is is_taken
