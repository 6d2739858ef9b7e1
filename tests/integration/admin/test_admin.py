"""The admin socket against the real daemon, and ``bcast-admin`` against it."""

import json
import signal
import socket
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.daemon import eventually
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.office import Connect, Office, Start


def test_only_its_owner_can_open_it(office: Office) -> None:
    """The socket has mode 0600."""
    assert stat.S_IMODE(office.path.stat().st_mode) == 0o600


def test_who(office: Office, alice: LineClient) -> None:
    """Name, address, face, dialect, lag and bytes of everybody here."""
    port = alice.wire.socket.getsockname()[1]  # type: ignore[attr-defined]
    done = json.loads(office.order("--json", "who").splitlines()[0])
    assert done.pop("out") > 100
    assert done == {
        "name": "alice",
        "address": f"127.0.0.1:{port}",
        "face": "tcp",
        "dialect": "json",
        "lag": 0,
        "in": len("/format json\n/name alice\n"),
        "account": None,
        "silenced": None,
    }
    table = office.order("who").splitlines()
    assert table[0].split()[:3] == ["name", "address", "face"]
    assert table[1].split()[:3] == ["alice", f"127.0.0.1:{port}", "tcp"]
    assert table[2] == "1 in all"


def test_kick(office: Office, alice: LineClient) -> None:
    """The kicked is told why; the log says who did it."""
    assert office.order("kick", "ALICE", "be", "kind") == "kicked alice\n"
    bye = alice.await_event("bye")
    assert (bye["code"], bye["text"]) == ("kicked", "you were kicked: be kind")
    assert alice.rest() == b""
    office.daemon.out.wait_for(r"admin \(uid \d+\): kick ALICE be kind")


def test_ban_and_unban(office: Office, alice: LineClient, connect: Connect) -> None:
    """The banned go at once and don't come back until unbanned."""
    said = office.order("ban", "alice", "--for", "10m", "enough")
    assert said == "banned alice for 10m, 1 closed\n"
    assert alice.await_event("bye")["code"] == "banned"
    again = connect(office.daemon)
    again.send("/name Alice")
    assert again.rest_lines() == ["* you are banned: enough"]
    assert office.order("bans").splitlines()[1].split()[0] == "alice"
    assert office.order("unban", "ALICE") == "unbanned ALICE\n"
    free = connect(office.daemon)
    free.send("/name alice")
    assert "You are alice" in free.line()


@pytest.mark.parametrize(
    "words", ["--for 10m foo be kind", "foo --for=10m be kind", "foo be kind --for 10m"]
)
def test_a_ban_takes_its_time_anywhere(office: Office, words: str) -> None:
    """Before whom it concerns, after, and after the reason."""
    assert office.order("ban", *words.split()) == "banned foo for 10m, 0 closed\n"
    row = json.loads(office.order("--json", "bans").splitlines()[0])
    assert (row["ban"], row["reason"]) == ("foo", "be kind")
    assert office.order("ban", "bar", "no --force") == "banned bar for good, 0 closed\n"


def test_json_may_be_asked_for_after_the_order(office: Office) -> None:
    """As before it; but what is said may have any words in it."""
    assert office.order("bans", "--json") == office.order("--json", "bans")
    assert json.loads(office.order("ban", "foo", "--json"))["ok"]
    ear = LineClient(connect_tcp(office.daemon.port))
    ear.until("You are")
    assert office.order("say", "--json", "is", "it") == "said to 1\n"
    assert ear.line() == "* --json is it"
    ear.close()


def test_a_ban_survives_a_restart(
    office: Office, daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """A host stays banned when another daemon reads the file."""
    office.order("ban", "127.0.0.0/8")
    office.daemon.stop()
    other = daemon("--ban-file", str(tmp_path / "bans"))
    assert connect(other).rest_lines() == ["* you are banned"]


def test_who_comes_mapped_into_ipv6(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """Where IPv6 listens for IPv4 too, members are shown, and banned, as IPv4."""
    path = tmp_path / "admin"
    office = Office(
        daemon("--host", "::ffff:127.0.0.1", "--admin", f"unix:{path}"), path
    )
    member = connect(office.daemon)
    member.until("You are")
    assert " 127.0.0.1:" in office.order("who")
    answer = office.run("ban", "::ffff:127.0.0.1")
    assert answer.stdout == "banned ::ffff:127.0.0.1 for good, 1 closed\n"
    assert connect(office.daemon).rest_lines() == ["* you are banned"]


def test_mute_and_unmute(office: Office, alice: LineClient, connect: Connect) -> None:
    """The muted hear and may ask, but say nothing, under a new name neither."""
    ear = connect(office.daemon)
    ear.until("You are")
    assert office.order("mute", "alice") == "muted alice\n"
    assert alice.await_event("notice")["text"] == "you are muted"
    alice.send("one", "two", "/say t1 three", "/name al", "four", "/ping p")
    events = alice.events_until("pong")
    codes = [event["code"] for event in events if event["event"] == "error"]
    assert codes == ["muted", "muted", "muted"]
    assert office.order("unmute", "al") == "unmuted al\n"
    alice.send("five")
    assert ear.until("five") == ["* alice is now al", "al: five"]


def test_a_mute_waits_for_its_name(office: Office, connect: Connect) -> None:
    """Somebody who is not here is muted when it comes, until it is taken back.

    The name stays muted when whoever had it has another.
    """
    assert office.order("mute", "Bob") == "muted Bob, who is not here\n"
    bob = connect(office.daemon)
    bob.send("/name bob", "hello")
    assert bob.until("muted")[-1] == "* error: 1 line not said: you are muted"
    bob.send("/name other")
    bob.until("is now other")
    other = connect(office.daemon)
    other.send("/name bob", "hello")
    assert other.until("muted")[-1] == "* error: 1 line not said: you are muted"
    assert office.order("unmute", "other") == "unmuted other\n"
    for freed in (bob, other):
        assert freed.until("speak again")[-1] == "* you may speak again"


def test_a_relay_is_told_nothing(daemon: Start, tmp_path: Path) -> None:
    """A relay says nothing of its own; nor are bans kept without a file."""
    path = tmp_path / "admin"
    office = Office(daemon("--relay", "--admin", f"unix:{path}"), path)
    assert "a relay has no notices" in office.run("say", "hello").stderr
    assert "give it --ban-file" in office.run("ban", "10.0.0.0/8").stderr


def test_a_crowd_of_admins(office: Office) -> None:
    """Sixteen at once are taken; one more is told so and closed."""
    with ExitStack() as stack:
        for _ in range(16):
            sock = stack.enter_context(socket.socket(socket.AF_UNIX))
            sock.connect(str(office.path))
            sock.sendall(b"bans\n")
            assert sock.recv(4096)
        assert (
            office.run("who").stderr
            == "bcast-admin: too many admins at once; try again later\n"
        )
    eventually(lambda: office.run("who").returncode == 0)


def test_say(office: Office, alice: LineClient, connect: Connect) -> None:
    """Everybody is told, in each dialect; members can't forge it."""
    ear = connect(office.daemon)
    ear.until("You are")
    assert office.order("say", "down", "at\x1b", "six") == "said to 2\n"
    assert ear.line() == "* down at␛ six"
    assert alice.await_event("notice")["text"] == "down at␛ six"


def test_the_log_level(office: Office, connect: Connect) -> None:
    """What is less grave than asked for is not logged."""
    office.order("log", "warning")
    gone = connect(office.daemon)
    gone.until("You are")
    office.order("log", "info")
    connect(office.daemon).until("You are")
    office.daemon.out.wait_for("guest-2 joined")
    assert not any("guest-1 joined" in line for line in office.daemon.out.lines)


def test_stats(office: Office, alice: LineClient) -> None:
    """Figures, one a line."""
    alice.since_ping("hello")
    stats = dict(line.split(": ") for line in office.order("stats").splitlines())
    assert (stats["members"], stats["connections"], stats["lines"]) == ("1", "1", "1")
    assert stats["furthest_behind"] == "0"


def test_drain(office: Office, alice: LineClient) -> None:
    """Everybody is told; the daemon ends by itself."""
    assert office.order("drain") == "stopping, 1 here\n"
    assert alice.await_event("bye")["code"] == "shutdown"
    assert office.daemon.wait() == 0


def test_a_second_drain_changes_nothing(office: Office, alice: LineClient) -> None:
    """It is answered as the first one was, and no fault of ours."""
    answer = {"ok": True, "text": "stopping, 1 here"}
    assert office.raw(b"drain\ndrain\n") == [answer, answer]
    assert alice.await_event("bye")["code"] == "shutdown"
    assert office.daemon.wait() == 0
    office.daemon.assert_no_trouble()


def test_a_drain_while_it_stops_changes_nothing(
    office: Office, alice: LineClient
) -> None:
    """Where a signal came first, too: the order is answered as always."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(office.path))
        sock.sendall(b"stats\n")
        assert sock.recv(4096)
        office.daemon.signal()
        alice.await_event("bye")
        sock.sendall(b"drain\n")
        assert json.loads(sock.recv(4096))["ok"]
    alice.close()
    assert office.daemon.wait() == -signal.SIGTERM
    office.daemon.assert_no_trouble()


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ("dance", "there is no command dance; see help"),
        ("kick", "a word is missing; give kick NAME [REASON]"),
        ("kick nobody", "nobody here is called nobody; see who"),
        ("ban a/b", "not an address, a network or a name; give one"),
        ("ban", "a word is missing; give ban HOST|NAME [--for 10m] [REASON]"),
        ("ban --for 10m", "a word is missing; give ban HOST|NAME [--for 10m] [REASON]"),
        (
            "ban --until 10m x",
            "--until is no option; give ban HOST|NAME [--for 10m] [REASON]",
        ),
        ("ban x --for", "not a time; give --for 90s, 10m, 2h or 7d"),
        ("ban x --for soon", "not a time; give --for 90s, 10m, 2h or 7d"),
        ("ban x --for 0m", "not a time; give --for 90s, 10m, 2h or 7d"),
        ("ban x --for 99999999d", "not a time; give --for 90s, 10m, 2h or 7d"),
        ("unban x", "x is not banned; see bans"),
        ("unban x y", "too many words; give unban HOST|NAME"),
        ("mute ?", "? is not a name; give one without spaces"),
        ("unmute x", "x is not muted; see who"),
        ("say", "no text; give say TEXT"),
        ("log loudly", "unknown level; give log debug, info, warning or error"),
        ("who me", "the command takes no words; leave them out"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    office: Office, order: str, words: str
) -> None:
    """Each error is one line, and the exit code is 1."""
    done = office.run(*order.split())
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"bcast-admin: {words}\n"


def test_orders_are_answered_in_turn(office: Office, alice: LineClient) -> None:
    """Several in one piece, blank lines between: an answer each, in order."""
    alice.since_ping()
    rows = office.raw(b"who\n\nstats\nhelp\n")
    kinds = [sorted(row.keys() - {"ok"})[0] for row in rows]
    assert kinds == ["account", "count", "stats", "text"]


def test_too_long_an_order(office: Office) -> None:
    """It is told, and the connection closed."""
    answer = office.raw(b"say " + b"x" * 10_000 + b"\n")
    assert answer == [
        {"ok": False, "error": "the command is too long; give 8192 bytes at most"}
    ]


def test_a_ban_that_cannot_be_saved(daemon: Start, tmp_path: Path) -> None:
    """The ban stands, after SIGHUP too, and the admin is warned, with the path."""
    folder = tmp_path / "state"
    folder.mkdir()
    path = tmp_path / "admin"
    started = daemon("--admin", f"unix:{path}", "--ban-file", str(folder / "bans"))
    folder.rmdir()
    why = f"{folder / 'bans'}: no such file or directory"
    hint = "make it writable, or make room"
    warning = f"bcast-admin: not saved: {why}; {hint}\n"
    office = Office(started, path)
    for order in ("ban", "unban"):
        done = office.run(order, "alice")
        assert (done.returncode, done.stderr) == (0, warning)
        assert done.stdout.startswith(f"{order}ned alice")
        started.signal(signal.SIGHUP)
        left = "1 ban" if order == "ban" else "0 bans"
        started.out.wait_for(f"ban-file read again: {left}, 1 change not saved")
