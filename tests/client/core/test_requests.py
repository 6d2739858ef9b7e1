"""When a session asks whether the server still lives, and when it counts as dead."""

from tests.support.client.wiretap import Talk


def test_heartbeat() -> None:
    """A quiet server is pinged, a silent one is dead within 24 s."""
    talk = Talk()
    talk.live()
    times = []
    for step in range(1, 20):
        talk.now = 100 + step * 2.0
        verdict = talk.session.tick(talk.now)
        if talk.sent() == ["/ping heartbeat"]:
            times.append(talk.now)
        if verdict is not None:
            break
    assert (times, verdict) == ([110.0], "the server does not answer")
    assert talk.now <= 124


def test_a_busy_server_is_pinged_too() -> None:
    """Who only listens still speaks every half minute, as the server holds it to."""
    talk = Talk()
    talk.live()
    pings = 0
    for step in range(60):
        talk.now = 100 + step * 2.0
        talk.message(6 + step)
        assert talk.session.tick(talk.now) is None
        pings += len(talk.sent())
    assert pings == 3


def test_not_reading_is_not_being_dead() -> None:
    """While we read nothing, nobody is declared dead."""
    talk = Talk()
    talk.live()
    for step in range(60):
        assert talk.session.tick(100 + step * 2.0, reading=False) is None


def test_no_welcome_is_no_broadcast_server() -> None:
    """Whoever answers something else than this protocol is not waited for."""
    talk = Talk()
    talk.connect()
    talk.hear_bytes(b"SSH-2.0-OpenSSH\n")
    assert talk.session.tick(113) == "no broadcast server answers there"
    talk.session.disconnected()
    assert talk.session.tick(200) is None
