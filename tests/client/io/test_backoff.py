"""The waits between tries."""

from broadcast.client.io.backoff import Backoff


def test_wait_has_full_jitter_and_at_most_half_a_minute() -> None:
    """The limits are 1, 2, 4 … 30 s, and a wait may be anything below; then 1 again."""
    steady, short = Backoff(lambda: 0.0), Backoff(lambda: 0.999)
    now = 0.0
    for limit in (1, 2, 4, 8, 16, 30, 30):
        assert steady.next(now) == limit
        assert 0 < short.next(now) < limit / 100
        now += limit
    steady.reset()
    assert steady.next(now) == 1
