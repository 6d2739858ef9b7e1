"""Refusals in the log: the first at once, the rest counted."""

from twisted.internet.task import Clock

from broadcast.web.notices import INTERVAL, LONGEST, Notices, cut
from tests.support.logged import logged


def test_one_line_a_minute_of_each_kind() -> None:
    """However many come, and as long as they come; a pause begins anew."""
    clock = Clock()
    notices = Notices(clock)
    with logged() as lines:
        for number in range(1000):
            notices.tell("Hosts refused", f"refused {number}")
        notices.tell("Origins refused", "another kind")
        assert lines == ["refused 0", "another kind"]
        clock.advance(INTERVAL)
        assert lines[2:] == ["999 more Hosts refused in the last minute"]
        notices.tell("Hosts refused", "told in its number")
        clock.advance(INTERVAL)
        assert lines[3:] == ["1 more Hosts refused in the last minute"]
        clock.advance(INTERVAL)
        notices.tell("Hosts refused", "again")
        assert lines[4:] == ["again"]
    clock.advance(2 * INTERVAL)
    assert not clock.getDelayedCalls()


def test_remote_text_is_data() -> None:
    """It is no format, moves no terminal, and has an end."""
    with logged() as lines:
        Notices(Clock()).tell("kind", "{x} %s \x1b[2J\n" + cut("x" * 9999))
    assert lines == ["{x} %s \\x1b[2J\\n" + "x" * LONGEST + "…"]
