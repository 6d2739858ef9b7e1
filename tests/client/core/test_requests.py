"""When a session asks whether the server still lives, and when it counts as dead."""

from tests.support.client.scripted_session import ScriptedSession


def test_heartbeat() -> None:
    """A quiet server is pinged, a silent one is dead within 24 s."""
    script = ScriptedSession()
    script.live()
    times = []
    for step in range(1, 20):
        script.now = 100 + step * 2.0
        verdict = script.session.tick(script.now)
        if script.sent() == ["/ping heartbeat"]:
            times.append(script.now)
        if verdict is not None:
            break
    assert (times, verdict) == ([110.0], "the server does not answer")
    assert script.now <= 124


def test_a_busy_server_is_pinged_too() -> None:
    """A silent member still speaks every half minute, as the server demands."""
    script = ScriptedSession()
    script.live()
    pings = 0
    for step in range(60):
        script.now = 100 + step * 2.0
        script.message(6 + step)
        assert script.session.tick(script.now) is None
        pings += len(script.sent())
    assert pings == 3


def test_not_reading_is_not_being_dead() -> None:
    """While we read nothing, nobody is declared dead."""
    script = ScriptedSession()
    script.live()
    for step in range(60):
        assert script.session.tick(100 + step * 2.0, reading=False) is None


def test_no_welcome_is_no_broadcast_server() -> None:
    """A server that answers in another protocol is not waited for, a silent one is."""
    for said, late, reason in (
        (b"", 113, "no broadcast server answers there"),
        (b"* The server is busy\n", 113, "no broadcast server answers there"),
        (b"what?\n", 102, "something else answers there: what?"),
        (b"\0\1\2", 102, "something else answers there: binary data"),
    ):
        script = ScriptedSession()
        script.connect()
        script.hear_bytes(said)
        assert script.session.tick(late - 1) is None
        assert script.session.tick(late) == reason
        script.session.disconnected()
        assert script.session.tick(200) is None
