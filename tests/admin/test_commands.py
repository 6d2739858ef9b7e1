"""The admin's commands: a line in, rows and one last object out."""

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from broadcast.admin import HELP
from broadcast.admin.actions import AdminActions, Row
from broadcast.admin.commands import COMMANDS, carry_out
from broadcast.logstyle import LineFormat
from tests.support.hall import Hall

A_TIME = "not a time; give --for 90s, 10m, 2h or 7d"


class Admin:
    """A room in memory, and an admin's commands for it."""

    def __init__(self) -> None:
        self.hall = Hall()
        self.stops = 0
        self.threshold = LineFormat()
        self.actions = AdminActions(
            self.hall.room, self.hall.connections, self.threshold, self.stop
        )

    def stop(self) -> None:
        """Count how often the daemon is to stop."""
        self.stops += 1

    def order(self, line: str) -> list[Row]:
        """Return what is answered to a line."""
        rows: list[Row] = []
        for row in carry_out(self.actions, line):
            if isinstance(row, Deferred):
                self.hall.turn()
                assert row.called
            else:
                rows.append(row)
        return rows

    def refusal(self, line: str) -> object:
        """Return the error that is all that is answered to a line."""
        (row,) = self.order(line)
        assert row.keys() == {"ok", "error"}
        assert row["ok"] is False
        return row["error"]


@pytest.fixture
def admin() -> Admin:
    return Admin()


def test_the_help_has_each_command_once(admin: Admin) -> None:
    """The help lists exactly the commands that there are."""
    assert admin.order("help") == [{"ok": True, "text": HELP}]
    assert [line.split()[0] for line in HELP.splitlines()] == list(COMMANDS)


@pytest.mark.parametrize("line", ["who", "WHO", "  Who \r"])
def test_rows_come_before_the_last_object(admin: Admin, line: str) -> None:
    """Only the last object has ``ok``; the case of a command does not matter."""
    admin.hall.join("/name alice")
    admin.hall.join("/name bob")
    rows = admin.order(line)
    assert [row.get("name") for row in rows] == ["alice", "bob", None]
    assert rows[-1] == {"ok": True, "count": 2}
    assert not any("ok" in row for row in rows[:-1])


def test_bans_are_listed_with_their_end_and_reason(admin: Admin) -> None:
    """A time that is over is no ban; a reason is safe to show on a terminal."""
    now = admin.hall.clock.seconds()
    admin.order("ban alice --for 90 be\x1b[2Jkind")
    admin.order("ban 192.0.2.9/24")
    admin.order("ban bob --for 1m")
    admin.hall.wait(60)
    assert admin.order("bans") == [
        {"ban": "alice", "until": now + 90, "reason": "be␛[2Jkind"},
        {"ban": "192.0.2.0/24", "until": None, "reason": ""},
        {"ok": True, "count": 2},
    ]


@pytest.mark.parametrize(
    ("time", "told"),
    [
        *(("1", "1s"), ("90s", "90s"), ("120m", "2h"), ("48h", "2d"), ("007d", "7d")),
        *(("36500d", "36500d"), ("1 m", "1s")),
    ],
)
def test_a_ban_takes_a_time_of_up_to_a_hundred_years(
    admin: Admin, time: str, told: str
) -> None:
    """A number of seconds, or of what its unit says; the answer has the whole time."""
    text = f"banned x for {told}, 0 closed"
    assert admin.order(f"ban x --for {time}")[0]["text"] == text


@pytest.mark.parametrize(
    "time", ["0", "0d", "36501d", "1w", "-1m", "1.5h", "1M", "1e3", "1234567890"]
)
def test_a_time_that_is_none_bans_nobody(admin: Admin, time: str) -> None:
    """An invalid duration is refused, not guessed."""
    assert admin.refusal(f"ban x --for {time}") == A_TIME
    assert admin.order("bans") == [{"ok": True, "count": 0}]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "there is no command ; see help"),
        ("\x1b[2Jwho", "there is no command ␛[2Jwho; see help"),
        ("x" * 40, f"there is no command {'x' * 32}; see help"),
        ("mute", "a word is missing; give mute NAME"),
        ("mute a b", "too many words; give mute NAME"),
        ("unmute", "a word is missing; give unmute NAME"),
        ("unban", "a word is missing; give unban HOST|NAME"),
        ("bans all", "the command takes no words; leave them out"),
        ("stats all", "the command takes no words; leave them out"),
        ("drain now", "the command takes no words; leave them out"),
        ("log", "unknown level; give log debug, info, warning or error"),
        ("log critical", "unknown level; give log debug, info, warning or error"),
    ],
)
def test_a_wrong_order_changes_nothing(admin: Admin, line: str, words: str) -> None:
    """The error is one safe line that tells how the order is given."""
    assert admin.refusal(line) == words
    assert (admin.stops, admin.threshold.name) == (0, "info")


def test_the_log_level_is_set_in_any_case(admin: Admin) -> None:
    """The answer says what is logged from now on."""
    text = "logging warning and graver"
    assert admin.order("log WARNING") == [{"ok": True, "text": text}]
    assert admin.threshold.name == "warning"


def test_a_drain_is_answered_with_who_is_here(admin: Admin) -> None:
    """The daemon is told to stop once."""
    admin.hall.join("/name alice")
    assert admin.order("drain") == [{"ok": True, "text": "stopping, 1 here"}]
    assert admin.stops == 1


def test_a_fault_is_told_without_its_details(admin: Admin) -> None:
    """A failure is answered; its traceback is in the log alone."""

    def fail() -> None:
        raise RuntimeError("secret")

    admin.actions.stop = fail
    with capturedLogs() as events:
        assert admin.refusal("drain") == "the command failed; see the daemon's log"
    assert [event["log_failure"].getErrorMessage() for event in events] == ["secret"]
