"""``connect`` at a terminal when the connection goes: waiting, coming back, leaving."""

import re

from tests.support.client.daemon import Daemon
from tests.support.client.terminal import Terminal


def test_comes_back_by_itself(daemon: Daemon, home: str) -> None:
    """The server restarts: it says so, counts down, queues what is typed, returns."""
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as bob:
        bob.wait_for("connected · bob")
        bob.type("before\r")
        bob.wait_for("bob [you]: before")
        daemon.stop()
        bob.wait_for("- connection lost: ")
        bob.wait(lambda: re.search(r"reconnecting in \d+ s · bob", bob.prompt))
        bob.type("typed while away\r")
        bob.wait(lambda: "bob [you]: typed while away" in bob.shown)
        bob.wait(lambda: "1 queued" in bob.prompt)
        daemon.restart()
        bob.wait_for("- connected again", 45)
        bob.wait_for("log began anew")
        bob.wait(lambda: bob.prompt == "connected · bob · 1 here>")
        stamped = re.compile(r"[\d:]+ bob \[you\]: typed while away")
        bob.wait(lambda: any(map(stamped.fullmatch, bob.everything)))
        bob.wait(lambda: "bob [you]: typed while away" not in bob.shown)


def test_each_obstacle_is_told_once(daemon: Daemon, home: str) -> None:
    """However often it is tried, the loss is one line, and each reason another."""
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as bob:
        bob.wait_for("connected · bob")
        daemon.stop()
        bob.wait_for("- connection lost: ")
        bob.wait_for("- can't reach ")
        for _ in range(2):
            bob.type("x")
            bob.wait(lambda: bob.prompt.endswith("> x"))
            bob.type("\x15")
            bob.wait(lambda: bob.prompt.endswith(">"))
        daemon.restart()
        bob.type("\x15")
        bob.wait_for("- connected again", 45)
        told = [row for row in bob.everything if row.startswith("- ")]
        assert [row.split(":")[0] for row in told] == [
            "- /help lists the commands, /quit leaves",
            "- connection lost",
            f"- can't reach {daemon.where.split(':')[0]}",
            "- connected again",
        ]


def test_a_key_reconnects_at_once(daemon: Daemon, home: str) -> None:
    """While it waits, any key makes it try now."""
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as bob:
        bob.wait_for("connected · bob")
        daemon.stop()
        bob.wait_for("- connection lost: ")
        bob.wait_for(f"- can't reach {daemon.where}: connection refused")
        daemon.restart()
        bob.type("x")
        bob.wait(lambda: bob.prompt == "connected · bob · 1 here> x", 5)


def test_leaving_with_lines_unsaid(daemon: Daemon, home: str) -> None:
    """``/quit`` while away asks once about lines that were not said; then exit 5."""
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as bob:
        bob.wait_for("connected · bob")
        daemon.stop()
        bob.wait_for("connection lost")
        bob.type("unsaid\r/who\r/quit\r")
        bob.wait_for("/who was not sent")
        bob.wait_for("1 line is not said yet")
        bob.type("/quit\r")
        assert bob.exit_code() == 5
        assert "bcast-client: 1 line was not said" in bob.shown


def test_more_than_the_queue_takes(daemon: Daemon, home: str) -> None:
    """While away, a paste is taken whole or not at all; what is queued is told."""
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as bob:
        bob.wait_for("connected · bob")
        daemon.stop()
        bob.wait_for("connection lost")
        bob.type("\x1b[200~" + "\r".join("abcdefghijklm") + "\x1b[201~")
        bob.wait_for("m")
        bob.type("\r")
        bob.wait_for("… 9 lines more")
        bob.type("\x1b[200~" + "x\r" * 10_000 + "\x1b[201~")
        bob.wait(lambda: bob.screen.cursor.y == bob.screen.lines - 1, 30)
        bob.type("\r")
        bob.wait(lambda: b"lines or 4 MiB may wait, and 13 lines do" in bob.bytes, 30)


def test_a_name_is_free_again_after_any_end(daemon: Daemon, home: str) -> None:
    """However it ends, by /quit or by SIGTERM, the name is free the next moment."""
    for last in ("", "/quit\r"):
        for _ in range(2):
            with Terminal("connect", daemon.url, "-n", "bob", home=home) as bob:
                bob.wait_for("connected · bob · 1 here>")
                bob.type(last)
                if last:
                    assert bob.exit_code() == 0
