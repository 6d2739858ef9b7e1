"""``connect`` for a person, on a pseudo-terminal, as the screen shows it."""

import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

from tests.integration.client.conftest import RoomThread
from tests.support.client.daemon import Daemon
from tests.support.client.room import Member
from tests.support.client.terminal import Terminal
from tests.support.daemon import eventually


def connect(room: RoomThread, home: str, *more: str) -> Terminal:
    port = str(room.room.port)
    return Terminal("connect", "-p", port, *more, home=home)


def test_typed_line_stays_while_lines_arrive(room: RoomThread, home: str) -> None:
    """A half-typed line is intact while others talk, and is said as typed."""
    with connect(room, home, "-n", "bob") as terminal:
        terminal.wait_for("connected · bob · 1 here>")
        for number in range(200):
            terminal.type("ä" if number % 10 else "b")
            room.do(partial(room.room.say, "eve", f"line {number}"))
        expected = ("b" + "ä" * 9) * 20
        terminal.wait(lambda: any("eve: line 199" in row for row in terminal.shown))
        terminal.type("\r")
        terminal.wait(lambda: room.room.log[-1]["name"] == "bob")
        assert room.room.log[-1]["text"] == expected
        eves = [row for row in terminal.everything if "eve: line " in row]
        assert [row.split("line ")[1] for row in eves] == [str(n) for n in range(200)]


def test_own_lines_are_marked(room: RoomThread, home: str) -> None:
    """A line of mine comes back in its place, marked as mine."""
    with connect(room, home, "-n", "bob") as terminal:
        terminal.wait_for("here>")
        terminal.type("hello\r")
        terminal.wait_for("bob [you]: hello")
        assert terminal.prompt == "connected · bob · 1 here>"


def test_asks_for_a_name(room: RoomThread, home: str) -> None:
    """Without a name, a person is asked; Enter takes the one they have here."""
    for typed, name in (("\r", "tester"), ("alice\r", "alice")):
        with connect(room, home) as terminal:
            terminal.wait_for("Your name [tester]:")
            terminal.type(typed)
            terminal.wait_for(f"connected · {name} · 1 here>")
            terminal.type("\x04")
            assert terminal.exit_code() == 0


def test_asks_again_for_what_is_no_name(room: RoomThread, home: str) -> None:
    """Two words are no name: what is one is told, and it is asked again."""
    with connect(room, home) as terminal:
        terminal.wait_for("Your name [tester]:")
        terminal.type("alice smith\r")
        terminal.wait_for("a name has no spaces; alice-smith would do")
        assert room.room.heard == []
        terminal.type("alice\r")
        terminal.wait_for("connected · alice · 1 here>")


def test_leaving(room: RoomThread, home: str) -> None:
    """``/quit``, ``/exit``, ``exit`` and Ctrl-D exit 0; Ctrl-C on an empty line 130."""
    for typed, code in (
        ("/quit\r", 0),
        ("/exit\r", 0),
        ("exit\r", 0),
        ("\x04", 0),
        ("half a line\x03\x03\x03", 130),
    ):
        with connect(room, home, "-n", "bob") as terminal:
            terminal.wait_for("here>")
            terminal.type(typed)
            assert terminal.exit_code() == code, typed


def test_server_that_cannot_be_reached(home: str, closed_port: int) -> None:
    """One line on the terminal says what is wrong; the exit code is 3."""
    port = str(closed_port)
    with Terminal("connect", "-p", port, "-n", "bob", home=home) as terminal:
        assert terminal.exit_code() == 3
        expected = f"can't connect to 127.0.0.1:{port}: connection refused"
        assert f"bcast-client: {expected}; start" in "".join(terminal.shown)


def test_login_is_asked_for_hidden(room: RoomThread, home: str) -> None:
    """It is typed unseen, and asked again when wrong; /quit is none, and leaves."""

    def ask(member: Member, rest: str) -> bool:
        member.send("login", text="who are you?")
        return True

    def check(member: Member, rest: str) -> bool:
        if rest != "bob s3cret":
            member.send("error", code="login-failed", text="wrong")
            return True
        del room.room.on["/history"], room.room.on["/who"]
        room.room.join(member)
        return True

    room.room.on |= {"/history": ask, "/who": ask, "/login": check}
    with connect(room, home, "-n", "bob") as terminal:
        terminal.wait_for("- who are you?")
        terminal.wait_for("secret (hidden)>")
        terminal.type("guess\r")
        terminal.wait_for("* wrong")
        terminal.wait_for("secret (hidden)>")
        terminal.type("bob s3cret\r")
        terminal.wait_for("connected · bob · 1 here>")
        terminal.type("/login\r")
        terminal.wait_for("secret (hidden)>")
        terminal.type("/quit\r")
        assert terminal.exit_code() == 0
        assert b"s3cret" not in terminal.bytes
        assert b"guess" not in terminal.bytes


def test_password_alone_is_enough(tmp_path: Path, home: str) -> None:
    """Where accounts log in, the prompt names mine, and its password alone will do."""
    users = tmp_path / "users"
    passwd = [sys.executable, "-m", "broadcast.auth.passwd", str(users), "alice"]
    subprocess.run(passwd, input=b"correct-horse\n", check=True, timeout=30)
    with Daemon("--users", str(users)) as daemon:
        for typed in ("correct-horse", "/login ALICE correct-horse"):
            with Terminal("connect", daemon.url, "-n", "alice", home=home) as terminal:
                terminal.wait_for("password for alice (hidden)>")
                terminal.type("\r")
                terminal.wait_for("* /login NAME PASSWORD")
                terminal.wait_for("password for alice (hidden)>")
                terminal.type("wrong-horse\r")
                terminal.wait_for("* that is wrong")
                terminal.wait_for("password for alice (hidden)>")
                terminal.type(f"{typed}\r")
                terminal.wait_for("connected · alice · 1 here>")
                terminal.type("\x04")
                assert terminal.exit_code() == 0
                assert b"horse" not in terminal.bytes


def test_lines_in_doubt_are_asked_about(room: RoomThread, home: str) -> None:
    """After a hole, unanswered lines are listed; /resend says them, /drop does not."""

    def drop(member: Member, rest: str) -> bool:
        room.room.epoch += "x"
        room.room.drop_all()
        return True

    with connect(room, home, "-n", "bob") as terminal:
        terminal.wait_for("connected · bob · 1 here>")
        terminal.type("settled\r")
        terminal.wait_for("03:04:05 bob [you]: settled")  # acknowledged
        for answer, noted in (
            ("/resend\r", "sending again: 1 line"),
            ("/drop\r", "forgotten: 1 line"),
        ):
            room.room.on["/say"] = drop
            terminal.type("in doubt\r")
            terminal.wait_for("these lines may have been said or not")
            terminal.wait_for("-   in doubt")
            assert any("the server's log began anew" in row for row in terminal.shown)
            del room.room.on["/say"]
            terminal.type(answer)
            terminal.wait_for(noted)
            terminal.type("/clear\r")
            terminal.wait(lambda: len(terminal.shown) == 1)
        terminal.type("after\r")
        terminal.wait(lambda: len(room.room.log) == 3)
        texts = [line["text"] for line in room.room.log]
        assert texts == ["settled", "in doubt", "after"]


def test_leaving_waits_for_what_was_typed(room: RoomThread, home: str) -> None:
    """``/quit`` waits until the server has what was typed; a second one does not."""
    held: list[tuple[Member, str]] = []

    def hold(member: Member, rest: str) -> bool:
        held.append((member, rest))
        return True

    for again, code in (("", 0), ("/quit\r/quit\r", 5)):
        room.room.on["/say"] = hold
        with connect(room, home, "-n", "bob") as terminal:
            terminal.wait_for("connected · bob · 1 here>")
            terminal.type("last words\r/quit\r")
            terminal.wait_for("waiting until 1 line is said")
            terminal.type(again)
            if not again:
                room.room.on.clear()
                room.do(lambda: room.room.do_say(*held.pop()))
            assert terminal.exit_code() == code
        held.clear()


def test_no_name_is_a_refusal(room: RoomThread, home: str) -> None:
    """Ctrl-C where a name is asked for leaves with 130, /quit with 0; nobody joins."""
    for typed, code in (("\x03", 130), ("/quit\r", 0)):
        with connect(room, home) as terminal:
            terminal.wait_for("Your name [tester]:")
            terminal.type(typed)
            assert terminal.exit_code() == code
            assert room.room.heard == []


def test_server_that_says_goodbye_for_good(room: RoomThread, home: str) -> None:
    """Kicked: the reason is shown, and the exit code is 4."""
    with connect(room, home, "-n", "bob") as terminal:
        terminal.wait_for("connected · bob · 1 here>")

        def kick() -> None:
            bye = {"code": "kicked", "text": "behave", "reconnect": False}
            room.room.members[0].send("bye", **bye)
            room.room.members[0].writer.close()

        room.do(kick)
        assert terminal.exit_code() == 4
        assert any("refused: behave" in row for row in terminal.shown)


def test_lost_history_file_is_told_once(room: RoomThread, home: str) -> None:
    """Where typed lines can't be kept any more, each is still said once."""
    with connect(room, home, "-n", "bob") as terminal:
        terminal.wait_for("connected · bob · 1 here>")
        (path,) = Path(home).glob(".local/state/bcast/history-*")
        path.unlink()
        path.mkdir()
        for text in ("one", "two", "three"):
            terminal.type(f"{text}\r")
            terminal.wait_for(f"bob [you]: {text}")
        terminal.wait_for("- typed lines are no longer kept: Is a directory")
        eventually(lambda: len(room.room.log) == 3, "the third line")
        assert [line["text"] for line in room.room.log] == ["one", "two", "three"]
        assert sum("no longer kept" in row for row in terminal.shown) == 1
        assert not any("Traceback" in row for row in terminal.everything)


def test_typed_line_is_shown_before_the_server_answers(
    daemon: Daemon, home: str
) -> None:
    """A line is on the screen, dimmed, though the daemon hangs; then it is said."""
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as terminal:
        terminal.wait_for("connected · bob · 1 here>")
        daemon.freeze()
        try:
            terminal.type("anybody?\r")
            terminal.wait_for("bob [you]: anybody?", 2)
            assert terminal.shown[-2:] == [
                "bob [you]: anybody?",
                "connected · bob · 1 here>",
            ]
            assert b"\x1b[0;2mbob [you]: anybody?" in terminal.bytes
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        stamped = re.compile(r"[\d:]+ bob \[you\]: anybody\?")
        terminal.wait(lambda: any(map(stamped.fullmatch, terminal.shown)))
        terminal.wait(lambda: "bob [you]: anybody?" not in terminal.shown)
        assert sum("anybody?" in row for row in terminal.everything) == 1


def test_refused_line_comes_back(room: RoomThread, home: str) -> None:
    """It is in the editor again; where something is typed there already, it is told."""
    held: list[tuple[Member, str]] = []

    def refuse(member: Member, rest: str) -> bool:
        token = rest.split()[0]
        member.send("error", code="muted", command="say", text="hush", token=token)
        return True

    def hold(member: Member, rest: str) -> bool:
        held.append((member, rest))
        return True

    with connect(room, home, "-n", "bob") as terminal:
        terminal.wait_for("connected · bob · 1 here>")
        room.room.on["/say"] = refuse
        terminal.type("one\r")
        terminal.wait_for("- not said: hush")
        terminal.wait(lambda: terminal.prompt.endswith("here> one"))
        room.room.on["/say"] = hold
        terminal.type("\x15two\rhalf")
        terminal.wait(lambda: held and terminal.prompt.endswith("here> half"))
        room.do(lambda: refuse(*held.pop()))
        terminal.wait_for("-   two")
        assert terminal.prompt.endswith("here> half")


def test_a_long_line_leaves_the_reason_in_sight(room: RoomThread, home: str) -> None:
    """It is not put back, where it would fill the screen: the up arrow does that."""
    with connect(room, home, "-n", "bob") as terminal:
        terminal.wait_for("connected · bob · 1 here>")
        terminal.type(f"\x1b[200~{'x' * 8300}\x1b[201~\r")
        terminal.wait_for("- not said: longer than the 8152 bytes that a line may have")
        terminal.wait(lambda: terminal.prompt.endswith("here>"))
        terminal.type("\x1b[A")
        terminal.wait(lambda: terminal.prompt.endswith("xxxx"))


def test_nobody_is_asked_for_a_name_in_vain(home: str) -> None:
    """That there is no such host is told first: this one's label is too long."""
    with Terminal("connect", f"{'x' * 64}.example", home=home) as terminal:
        assert terminal.exit_code() == 3
        assert "no such host; correct the name" in "".join(terminal.everything)
        assert "Your name" not in "".join(terminal.everything)


def test_lines_given_up_are_named(room: RoomThread, home: str) -> None:
    """Where it ends before they are said, they stand on the terminal afterwards."""
    room.room.on["/say"] = lambda member, rest: True
    with connect(room, home, "-n", "bob") as terminal:
        terminal.wait_for("connected · bob · 1 here>")
        terminal.type("unsaid\r/quit\r/quit\r")
        assert terminal.exit_code() == 5
        assert "bcast-client: said or not, nobody can tell: unsaid" in terminal.shown
