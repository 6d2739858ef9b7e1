"""``connect`` at a terminal with the real daemon: typing, status, coming back."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client.command import run_client
from tests.support.client.daemon import Daemon
from tests.support.client.terminal import Terminal


@pytest.fixture
def bob(daemon: Daemon, home: str) -> Iterator[Terminal]:
    """Bob's terminal, connected."""
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as terminal:
        terminal.wait_for("connected · bob · 1 here>")
        yield terminal


def say(daemon: Daemon, home: str, name: str, *lines: str) -> None:
    stdin = "\n".join(lines)
    done = run_client("send", "-s", daemon.url, "-n", name, home=home, stdin=stdin)
    assert done.returncode == 0, done.stderr


def test_paste_is_reviewed_first(bob: Terminal) -> None:
    """Several pasted lines stay in the buffer; one Enter sends them all, in order."""
    bob.type("\x1b[200~one\rtwo\nthree\x1b[201~")
    bob.wait_for("three")
    assert not any("[you]" in row for row in bob.shown)
    bob.type("!\r")
    bob.wait_for("bob [you]: three!")
    said = [row.split(": ")[1] for row in bob.shown if "[you]" in row]
    assert said == ["one", "two", "three!"]
    assert bob.prompt == "connected · bob · 1 here>"


def test_bracketed_paste_stays_on(bob: Terminal, daemon: Daemon, home: str) -> None:
    """Printing lines never switches it off: a paste then would be sent unreviewed."""
    say(daemon, home, "eve", *(f"line {n}" for n in range(300)))
    bob.wait_for("eve: line 299")
    assert bob.bytes.count(b"\x1b[?2004h") == 1
    assert b"\x1b[?2004l" not in bob.bytes
    assert b"\x1b[6n" not in bob.bytes


def test_several_lines_are_edited(bob: Terminal) -> None:
    """Alt-Enter begins a new line in the buffer; the arrows move in it."""
    bob.type("one\x1b\rtwo")
    bob.type("\x1b[Azero ")
    bob.type("\r")
    bob.wait_for("bob [you]: two")
    said = [row.split(": ")[1] for row in bob.shown if "[you]" in row]
    assert said == ["onezero", "two"]


def test_completion(bob: Terminal, daemon: Daemon, home: str) -> None:
    """Tab cycles names, with ``: `` at the start of a line, and commands with help."""
    with (
        Terminal("connect", daemon.url, "-n", "anna", home=home) as anna,
        Terminal("connect", daemon.url, "-n", "anton", home=home) as anton,
    ):
        anna.wait_for("connected · anna")
        anton.wait_for("connected · anton")
        bob.wait_for("· 3 here>")
        bob.type("An\t")
        bob.wait_for("here> anna:")
        bob.type("\t")
        bob.wait_for("here> anton:")
        bob.type("\x15hello @an\t")
        bob.wait_for("here> hello @anna")
        bob.type("\x15/ig\t")
        bob.wait_for("hide what NAME says")
        bob.wait_for("here> /ignore")
        bob.type("\x15/bell men\t")
        bob.wait_for("here> /bell mention")
        bob.type(f"\x15/save {home[:-1]}\t")
        bob.wait_for("here> /save")
        bob.wait(lambda: "home" in "".join(bob.shown[-3:]))


def test_ignore_and_save(
    bob: Terminal, daemon: Daemon, home: str, tmp_path: Path
) -> None:
    """``/ignore`` hides, ``/unignore`` shows again; ``/save`` writes what was shown."""
    bob.type("/ignore Eve\r")
    bob.wait_for("- ignored: Eve")
    say(daemon, home, "eve", "hidden")
    say(daemon, home, "zoe", "shown")
    bob.wait_for("zoe: shown")
    assert not any("eve: hidden" in row for row in bob.everything)
    bob.type("/unignore eve\r")
    bob.wait_for("no longer ignored")
    say(daemon, home, "eve", "seen")
    bob.wait_for("eve: seen")
    path = tmp_path / "saved"
    bob.type(f"/save {path}\r")
    bob.wait(path.exists)
    bob.wait_for("- saved:")
    text = path.read_text(encoding="utf-8")
    assert "zoe: shown\n" in text
    assert "hidden" not in text
    assert "\x1b" not in text
    bob.type(f"/save {path}\r/save\r/unignore\r")
    bob.wait_for("not saved:")
    bob.wait_for("- /unignore NAME")


def test_bell_and_mention(bob: Terminal, daemon: Daemon, home: str) -> None:
    """The bell is off first; ``mention`` rings for my name, ``all`` for each line."""
    say(daemon, home, "eve", "bob!")
    bob.wait_for("eve: bob!")
    assert b"\x07" not in bob.bytes
    bob.type("/bell mention\r")
    bob.wait_for("- bell: mention")
    say(daemon, home, "eve", "for nobody")
    bob.wait_for("eve: for nobody")
    assert b"\x07" not in bob.bytes
    say(daemon, home, "eve", "psst, Bob")
    bob.wait_for("eve: psst, Bob")
    bob.wait(lambda: b"\x07" in bob.bytes)
    bob.type("/bell all\r")
    bob.wait_for("- bell: all")
    say(daemon, home, "eve", *(f"burst {number}" for number in range(20)))
    bob.wait_for("eve: burst 19")
    assert bob.bytes.count(b"\x07") <= 2
    for number in range(20):
        if bob.bytes.count(b"\x07") < 2:
            say(daemon, home, "eve", f"again {number}")
            bob.wait_for(f"eve: again {number}")
    bob.wait(lambda: bob.bytes.count(b"\x07") >= 2)
    bob.type("/bell loud\r")
    bob.wait_for("- /bell takes one of off, mention, all, not loud")
    bob.type("/bell\r")
    bob.wait(lambda: sum("- bell: all" in row for row in bob.everything) == 2)


def test_help_fits_the_screen(bob: Terminal) -> None:
    """``/help`` is all on 24 rows, which of them are the server's; so is the rest."""
    bob.type("/help\r")
    bob.wait_for("Tab completes")
    assert any("/help " in row for row in bob.shown)
    assert any("/who [PREFIX]" in row and "(server)" in row for row in bob.shown)
    bob.type("/help server\r")
    bob.wait_for("* /quit")


def test_first_sight(daemon: Daemon, home: str) -> None:
    """A person sees at once how to get help and how to leave."""
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as bob:
        bob.wait_for("- /help lists the commands, /quit leaves")
        bob.wait(lambda: bob.shown[-1] == "connected · bob · 1 here>")
        assert bob.shown[-2] == "- /help lists the commands, /quit leaves"


def test_first_ctrl_c_says_so(bob: Terminal) -> None:
    """On an empty line the first Ctrl-C tells that a second one leaves."""
    bob.type("half a line\x03")
    bob.wait(lambda: bob.prompt == "connected · bob · 1 here>")
    bob.type("\x03")
    bob.wait_for("- Ctrl-C again leaves")
    bob.type("\x03")
    assert bob.exit_code() == 130


def test_name_and_server_commands(bob: Terminal) -> None:
    """``/name`` keeps our key; others go to the server; ``/format`` is refused."""
    bob.type("/name robert\r")
    bob.wait_for("connected · robert · 1 here>")
    bob.type("/who\r")
    bob.wait_for("* robert (1 here)")
    bob.type("/nonsense\r")
    bob.wait_for("nonsense")
    bob.type("/format text\r")
    bob.wait_for("speak json")
    bob.type("//literal\r")
    bob.wait_for(" robert [you]: /literal")
    bob.type("/clear\r")
    bob.wait(lambda: len(bob.shown) == 1)


def test_own_lines_stay_marked_over_a_rename(bob: Terminal, tmp_path: Path) -> None:
    """A line said just before another name was taken is marked, shown and saved."""
    bob.type("before\r/name robert\rafter\r")
    bob.wait_for("bob [you]: before")
    bob.wait_for("robert [you]: after")
    path = tmp_path / "saved"
    bob.type(f"/save {path}\r")
    bob.wait_for("- saved:")
    text = path.read_text(encoding="utf-8")
    assert "bob [you]: before\n" in text
    assert "robert [you]: after\n" in text


def test_typed_lines_are_remembered_per_server(daemon: Daemon, home: str) -> None:
    """Up and Ctrl-R find what was typed in earlier sessions, but never a secret."""
    arguments = ("connect", daemon.url, "-n", "bob")
    with Terminal(*arguments, home=home) as terminal:
        terminal.wait_for("here>")
        terminal.type("first thing\rsecond thing\r/login hunter2\r")
        terminal.wait_for(" bob [you]: second thing")
        terminal.type("/name bob hunter2-key\r")
        terminal.type(" /login hunter2\r")
        terminal.wait_for("Enter again says this secret to all")
        terminal.type("\x15/lgoin hunter2\r")
        terminal.wait_for("lgoin")
        terminal.type("\x04")
        assert terminal.exit_code() == 0
    (path,) = Path(home, ".local/state/bcast").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert "hunter2" not in path.read_text(encoding="utf-8")
    with Terminal(*arguments, home=home) as terminal:
        terminal.wait_for("here>")
        terminal.type("\x1b[A")
        terminal.wait_for("here> second thing")
        terminal.type("\x15\x12fir")
        terminal.wait_for("first thing")
        terminal.type("\r")
        terminal.wait_for("here> first thing")


def test_a_name_in_use(bob: Terminal, daemon: Daemon, home: str) -> None:
    """Somebody has the name: the last words say so, and what to do."""
    say(daemon, home, "eve", "hello")
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as second:
        second.wait_for("connected · guest-")
        second.wait_for("is taken: you are guest-")
        second.wait(lambda: second.shown[-2].endswith("; /name NAME takes another"))
        assert any("eve: hello" in row for row in second.shown[:-2])
        second.type("/name Zoë Müller\r")
        second.wait_for("- a name has no spaces: /name Zoë-Müller would do")
        second.type("/name Zoë-Müller\r")
        second.wait_for("connected · Zoë-Müller")


def test_resizing(bob: Terminal, daemon: Daemon, home: str) -> None:
    """A resized window keeps the half-typed line, and one prompt."""
    bob.type("half a line")
    bob.wait_for("here> half a line")
    for columns, rows in ((60, 20), (100, 30), (45, 10), (80, 24)):
        bob.resize(columns, rows)
        say(daemon, home, "eve", f"at {columns}")
        bob.wait_for(f"eve: at {columns}")
        bob.wait(lambda: bob.prompt.endswith("half a line"))
    bob.type("!\r")
    bob.wait_for("bob [you]: half a line!")


def test_long_lines_wrap_and_urls_stay_whole(
    bob: Terminal, daemon: Daemon, home: str
) -> None:
    """A long line is left to the terminal to wrap: nothing is put inside a URL."""
    url = "https://example.com/" + "a" * 200
    say(daemon, home, "eve", f"see {url} there")
    bob.wait(lambda: url.encode() in bob.bytes)


def test_divider_when_one_looked_away(daemon: Daemon, home: str) -> None:
    """Without a key for a while, one divider stands before what is new."""
    arguments = ("connect", daemon.url, "-n", "bob", "--away", "0")
    with Terminal(*arguments, home=home) as bob:
        bob.wait_for("connected · bob")
        say(daemon, home, "eve", "one", "two")
        bob.wait_for("eve: two")
        rows = [row for row in bob.shown if "eve: " in row or "looked away" in row]
        assert "looked away" in rows[0]
        assert len(rows) == 3


def test_earlier_lines_come_between_dividers(daemon: Daemon, home: str) -> None:
    """On joining, the last lines are replayed, and it says where they end."""
    say(daemon, home, "eve", "one", "two")
    arguments = ("connect", daemon.url, "-n", "bob", "--history", "1", "--quiet")
    with Terminal(*arguments, home=home) as bob:
        bob.wait_for("connected · bob")
        bob.wait_for("now")
        assert "replayed: 1 line" in bob.shown[0]
        assert bob.shown[1].endswith("eve: two")
        assert "now" in bob.shown[2]


def test_quiet_and_no_color(daemon: Daemon, home: str) -> None:
    """``--quiet`` hides who comes and goes; NO_COLOR leaves names uncoloured."""
    with Terminal(
        *("connect", daemon.url, "-n", "bob", "--quiet"),
        home=home,
        environ={"NO_COLOR": "1"},
    ) as bob:
        bob.wait_for("connected · bob")
        with socket.create_connection(("127.0.0.1", daemon.port)) as eve:
            eve.sendall(b"/name eve\nhi bob\n")
            bob.wait_for("eve: hi bob")
        assert not any("joined" in row for row in bob.shown)
        assert b"\x1b[38;5" not in bob.bytes
