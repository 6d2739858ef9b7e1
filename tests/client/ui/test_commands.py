"""The meaning of typed lines and the actions of commands, without a terminal."""

from collections import deque
from pathlib import Path

import pytest

from broadcast.client.core.options import Options
from broadcast.client.events import Event, Message
from broadcast.client.io.runner import Exit
from broadcast.client.ui.alerts import Alerts
from broadcast.client.ui.commands import LocalCommands, send_command
from broadcast.client.ui.look_back import LookBack
from broadcast.client.ui.meaning import (
    LOCAL_HELP,
    REMOTE_HELP,
    Local,
    Remote,
    Say,
    interpret,
    is_kept,
    understand,
)
from broadcast.client.ui.members import Members
from broadcast.client.ui.record import Record
from broadcast.client.ui.remembered import Remembered
from tests.support.client.scripted_session import AT, ScriptedSession


class Chat:
    """A chat without a screen; what is done to it is kept."""

    def __init__(self, *, live: bool = True) -> None:
        self.script = ScriptedSession()
        self.session = self.script.session
        if live:
            self.script.live()
        self.shown: deque[tuple[str, Event]] = deque()
        self.notes: list[str] = []
        self.asked: list[bool] = []
        self.ended: list[tuple[Exit, str]] = []
        self.note, self.ask_secret = self.notes.append, self.asked.append
        options = Options("connect")
        self.remembered = Remembered()
        self.members = Members(options, self.remembered, self.note)
        self.alerts = Alerts(options, self, self.note)
        self.record = Record(None, self.note)
        self.found: list[Message] = []
        self.look_back = LookBack(self.session, self.note, self.found.extend)
        self.pings = 0

    def ring(self) -> None: ...

    def set_title(self, title: str) -> None: ...

    def pinged(self) -> None:
        self.pings += 1

    def clear(self) -> None:
        self.notes.clear()

    def end(self, code: Exit, reason: str = "") -> None:
        self.ended.append((code, reason))


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("hi  there ", Say("hi  there ")),
        (" /who", Say(" /who")),
        ("//who", Say("/who")),
        ("///", Say("//")),
        ("exit now", Say("exit now")),
        (" EXIT ", Local("quit", "")),
        ("/exit", Local("quit", "")),
        ("/Ignore  Eve ", Local("ignore", "Eve")),
        ("/save My File", Local("save", "My File")),
        ("/me waves  twice", Say("* waves  twice")),
        ("/ME", Local("me", "")),
        ("/Nick Bob", Remote("name", "Bob")),
        ("/who", Remote("who", "")),
        ("/since e:7 ", Remote("since", "e:7")),
        ("/helpme", Remote("helpme", "")),
        ("/", Remote("", "")),
    ],
)
def test_meanings(line: str, meant: Say | Local | Remote) -> None:
    """Only what begins with one slash, or is ``exit`` alone, is a command."""
    assert interpret(line) == meant


def test_every_command_in_the_help_is_there(tmp_path: Path) -> None:
    """Each command that ``/help`` lists is understood, with an argument or without."""
    for word, _, _ in LOCAL_HELP:
        for rest in ("", str(tmp_path)):
            meant = interpret(f"/{word} {rest}")
            if word != "me" or not rest:
                assert isinstance(meant, Local)
                LocalCommands(Chat()).run(meant)


def test_help_fits_a_screen_and_lists_each_command_once() -> None:
    """24 rows of 80 columns have all of it, and the prompt; the server is not asked."""
    chat = Chat()
    LocalCommands(chat).help()
    assert chat.script.sent() == []
    assert len(chat.notes) <= 22
    assert all(len(f"- {note}") <= 80 for note in chat.notes)
    words = [note.split()[0] for note in chat.notes if note.startswith("  /")]
    assert words == [f"/{word}" for word, _, _ in (*LOCAL_HELP, *REMOTE_HELP)]


def test_help_asks_only_a_server_that_is_there() -> None:
    """The server's own help is asked for by name, while it can answer."""
    for live, sent in ((True, ["/help"]), (False, [])):
        chat = Chat(live=live)
        LocalCommands(chat).help("server")
        assert chat.script.sent() == sent


def test_who_is_hidden() -> None:
    """A name is hidden however it is written; ``/ignore`` alone lists all, in order."""
    chat = Chat()
    local = LocalCommands(chat)
    for name in ("", "Zoë", "Eve", "EVE", ""):
        local.ignore(name)
    assert (chat.notes[0], chat.notes[-1]) == ("ignored: nobody", "ignored: Eve, Zoë")
    ignored = chat.members.ignored
    assert all(name in ignored for name in ("eve", "ZOË"))
    local.unignore("eVe")
    assert not any(name in ignored for name in ("Eve", "Ev", ""))
    assert "zoë" in ignored


def test_what_is_no_name_is_not_ignored() -> None:
    """It would hide nobody, for ever; ``/unignore`` alone tells how it is written."""
    chat = Chat()
    local = LocalCommands(chat)
    local.ignore("eve bob")
    assert chat.notes[-1] == "'eve bob': a name has no spaces; eve-bob would do"
    assert not len(chat.members.ignored)
    local.unignore()
    assert chat.notes[-1] == "/unignore NAME"


def test_nothing_in_doubt_is_said_so() -> None:
    """``/resend`` and ``/drop`` count no zero lines."""
    chat = Chat()
    local = LocalCommands(chat)
    local.resend()
    local.drop()
    assert chat.notes == ["no line is in doubt"] * 2


def test_saving_spoils_no_file(tmp_path: Path) -> None:
    """A file that is there stays; what is wrong is told with nothing active in it."""
    chat = Chat()
    local = LocalCommands(chat)
    one, two = Message(1, "", "eve", "x"), Message(2, AT, "bob", "y")
    chat.shown += [("eve", one), ("eve", two)]
    path = tmp_path / "my file"
    local.run(Local("save", str(path)))
    text = path.read_text(encoding="utf-8")
    assert text.startswith("eve [you]: x\n")
    assert text.endswith(" bob: y\n")
    assert chat.notes == [f"saved: 2 lines in {path}"]
    chat.shown.clear()
    for there in (path, tmp_path, tmp_path / "none" / "a\x1b[2J"):
        local.save(str(there))
        assert chat.notes[-1].startswith("not saved: ")
        assert "\x1b" not in chat.notes[-1]
        if there == tmp_path:
            assert chat.notes[-1].endswith(": that is a folder")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("path", ["~no-such-user/file", "nul\0", "~\0"])
def test_saving_where_no_file_can_be(path: str) -> None:
    """A path that no system call would take is told like any other failure."""
    chat = Chat()
    LocalCommands(chat).save(path)
    (note,) = chat.notes
    assert note.startswith("not saved: ")
    assert "\0" not in note


@pytest.mark.parametrize("live", [True, False])
def test_quitting_again_leaves(live: bool) -> None:
    """Where lines are unsaid, the first ``/quit`` tells what the second one does."""
    chat = Chat(live=live)
    chat.session.say("x")
    local = LocalCommands(chat)
    local.quit()
    assert chat.ended == []
    assert "again to leave" in chat.notes[-1]
    assert local.is_leaving is live
    local.quit()
    assert chat.ended == [(Exit.LOST, "1 line was not said")]


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("/nick robert", "/name robert 12345678"),
        ("/name robert mine-1234", "/name robert mine-1234"),
        ("/name", "/name"),
        ("/who  bo", "/who bo"),
        ("/login ann s3cret", "/login ann s3cret"),
    ],
)
def test_what_the_server_gets(line: str, sent: str) -> None:
    """A name goes with our key, a secret also at the door; all else as typed."""
    chat = Chat(live=not line.startswith("/login"))
    meant = interpret(line)
    assert isinstance(meant, Remote)
    send_command(chat, meant)
    assert (chat.script.sent(), chat.notes, chat.asked) == ([sent], [], [])


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("/name Zoë Müller", "Zoë-Müller"),
        ("/name Anna Katharina", "Anna-Katharina"),
        ("/nick Anna Maria von Trapp", "Anna-Maria-von-Trapp"),
        ("/name Jean Jean-Jacques", "Jean-Jean-Jacques"),
        ("/name bob 1234567", "bob-1234567"),
    ],
)
def test_name_of_several_words_is_offered_as_one(line: str, offered: str) -> None:
    """A word is no key: nobody gets half a name by accident."""
    chat = Chat()
    meant = interpret(line)
    assert isinstance(meant, Remote)
    send_command(chat, meant)
    assert chat.script.sent() == []
    assert chat.notes == [f"a name has no spaces: /name {offered} would do"]


def test_what_the_server_does_not_get() -> None:
    """Nothing is sent that would be lost, or break the talk, or show a secret."""
    live, away = Chat(), Chat(live=False)
    send_command(live, Remote("format", "text"))
    send_command(live, Remote("login", ""))
    send_command(away, Remote("who", ""))
    assert (live.script.sent(), away.script.sent(), live.asked) == ([], [], [True])
    assert away.notes == ["not connected: /who was not sent"]


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("hello /login x", True),
        ("/who bo", True),
        ("/name alice", True),
        ("/me /login", True),
        ("/name alice k3y-of-mine", False),
        ("/nick alice k3y-of-mine", False),
        ("/login s3cret", False),
        ("  /LOGIN alice s3cret", False),
        ("\t/name alice k3y-of-mine", False),
        ("/lgoin s3cret", False),
        ("/login", True),
    ],
)
def test_secrets_are_kept_nowhere(line: str, kept: bool) -> None:
    """A key, a login, and an unknown command, which may be one, are in no history."""
    assert is_kept(line) is kept


def test_a_blank_before_a_secret_is_a_slip() -> None:
    """It would be said to all; a blank before anything else is meant."""
    for text in ("/login s3cret", " hello\n /who\n", "login s3cret"):
        assert understand(text).slips == ()
    text = "\ufeffhello\n /login s3cret\n\t/name bob k3y-of-mine"
    entered = understand(text)
    assert entered.slips == (" /login s3cret", "\t/name bob k3y-of-mine")
    assert (entered.says[0], entered.is_kept) == ("hello", False)


def test_pings_are_timed() -> None:
    """Each ping that a person asks for is noted; nothing else is."""
    chat = Chat()
    for line in ("/ping", "/ping word", "/who"):
        meant = interpret(line)
        assert isinstance(meant, Remote)
        send_command(chat, meant)
    assert chat.pings == 2
