"""``bcast-passwd`` in one process: what it writes, and what it refuses in one line."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast.auth.passwd import PasswordError, change, main
from broadcast.auth.passwords import FileError, make_hash, read_users
from broadcast.protocol.names import RULE

HASH = str(make_hash(b"password", 2))
NO_NAME, ANOTHER = "is not allowed as a name: ", "choose another"


class Interrupted(io.StringIO):
    """Standard input of a pipe, of which no line can be read."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def readline(self, *_: object) -> str:  # type: ignore[override]  # not bytes
        """Be interrupted."""
        raise self._error


def never() -> str:
    """Fail: no password is to be asked for."""
    raise AssertionError("a password was asked for")


def answer(password: str) -> Callable[[], str]:
    """Return what asks for a password and is given this one."""
    return lambda: password


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return tmp_path / "users"


@pytest.mark.parametrize("typed", ["eight-88\n", "eight-88", "eight-88\nmore\n"])
def test_the_first_line_of_a_pipe_is_the_password(
    users: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    """Eight characters are enough; what was written lets in, and nothing is printed."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert main([str(users), "Zoë"]) == 0
    name, hash = read_users(str(users))["zoë"]
    assert name == "Zoë"
    assert hash.matches(b"eight-88")


def test_a_password_counts_characters_not_bytes(users: Path) -> None:
    """A password of letters beyond ASCII is that of a login in UTF-8."""
    with pytest.raises(PasswordError):
        change(str(users), "alice", answer("ééééééé"))
    change(str(users), "alice", answer("éééééééé"))
    assert read_users(str(users))["alice"][1].matches("éééééééé".encode())


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("alice", "seven-7\n", "the password is too short; give 8 characters or more"),
        ("alice", "", "the password is too short; give 8 characters or more"),
        (
            "alice",
            " in-front\n",
            "the password has a space or a control character; leave it out",
        ),
        (
            "alice",
            "no\ttabs-here\n",
            "the password has a space or a control character; leave it out",
        ),
        ("alice", "half-\udcff-char\n", "the password is not UTF-8; convert it"),
        ("Admin", "long-enough\n", f"'Admin' {NO_NAME}it is reserved; {ANOTHER}"),
        ("", "long-enough\n", f"'' {NO_NAME}{RULE}; {ANOTHER}"),
        ("a:b", "long-enough\n", f"'a:b' {NO_NAME}{RULE}; {ANOTHER}"),
        ("a b", "long-enough\n", f"'a b' {NO_NAME}a name has no spaces; {ANOTHER}"),
    ],
)
def test_what_could_never_log_in_is_refused(
    users: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    typed: str,
    words: str,
) -> None:
    """One line on stderr says why, and the file of users is as it was."""
    users.write_text(f"alice:{HASH}\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert main([str(users), name]) == 1
    assert capsys.readouterr() == ("", f"bcast-passwd: {words}\n")
    assert users.read_text() == f"alice:{HASH}\n"


def test_a_name_is_one_account_in_any_spelling(users: Path) -> None:
    """Its line goes, with a BOM or CR LF in the file; others and comments stay."""
    lines = ("# alice is staff", "", f"ALICE:{HASH}", f"alice2:{HASH}")
    users.write_bytes("\ufeff{}\r\n{}\r\n{}\r\n{}".format(*lines).encode())
    change(str(users), "Ａlice", None)
    assert users.read_text() == f"# alice is staff\n\nalice2:{HASH}\n"


def test_a_name_that_is_not_there_is_not_deleted(
    users: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file without the name stays as it is; one that is missing is not made."""
    told = f"bcast-passwd: {users} has no account bob; see the names in it\n"
    assert main(["-d", str(users), "bob"]) == 1
    assert capsys.readouterr().err == told
    assert not users.exists()
    users.write_text(f"alice:{HASH}")
    assert main(["-d", str(users), "bob"]) == 1
    assert capsys.readouterr().err == told
    assert users.read_text() == f"alice:{HASH}"


def test_a_broken_file_is_left_alone(users: Path) -> None:
    """Nobody types a password for a file that the daemon would refuse."""
    users.write_text(f"alice:{HASH}\nbob\n")
    with pytest.raises(FileError, match=r"line 2: not scrypt"):
        change(str(users), "alice", never)
    with pytest.raises(FileError, match=r"line 2: not scrypt"):
        change(str(users), "alice", None)
    assert users.read_text() == f"alice:{HASH}\nbob\n"


WRITABLE = "name a file that you may write"


def test_a_folder_that_is_not_there_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line has the path that was given and the system's reason."""
    path = tmp_path / "none" / "users"
    monkeypatch.setattr(sys, "stdin", io.StringIO("long-enough\n"))
    assert main([str(path), "alice"]) == 1
    told = f"bcast-passwd: {path}: no such file or directory; {WRITABLE}\n"
    assert capsys.readouterr().err == told


NOTHING = "interrupted; nothing was changed"


@pytest.mark.parametrize(
    ("stdin", "told"),
    [
        (Interrupted(KeyboardInterrupt()), NOTHING),
        (Interrupted(EOFError()), NOTHING),
        (
            Interrupted(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")),
            "the password is not UTF-8; convert it",
        ),
        (None, "standard input is closed; give the password there"),
    ],
    ids=["ctrl-c", "ctrl-d", "bytes", "closed"],
)
def test_an_interrupt_changes_nothing(
    users: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stdin: Interrupted | None,
    told: str,
) -> None:
    """Where no password can be read: one line and exit code 1, not a traceback."""
    users.write_text(f"alice:{HASH}\n")
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main([str(users), "alice"]) == 1
    assert capsys.readouterr().err == f"bcast-passwd: {told}\n"
    assert users.read_text() == f"alice:{HASH}\n"


@pytest.mark.parametrize("end", ["\u2028", "\x85", "\x0b", "\x0c", "\x1e"])
def test_only_a_line_feed_ends_a_line(users: Path, end: str) -> None:
    """A comment with another of Unicode's line ends in it stays one comment."""
    comment = f"# alice{end}bob:{HASH}"
    users.write_text(f"{comment}\n\ncarol:{HASH}\n", "utf-8")
    change(str(users), "dave", answer("long-enough"))
    assert read_users(str(users)).keys() == {"carol", "dave"}
    assert users.read_text("utf-8").split("\n")[:3] == [comment, "", f"carol:{HASH}"]


def test_what_others_wrote_meanwhile_stays(users: Path) -> None:
    """A change of the file while a password is typed is not undone."""
    users.write_text(f"alice:{HASH}\n")

    def slowly() -> str:
        users.write_text(f"alice:{HASH}\nbob:{HASH}\n")
        return "long-enough"

    change(str(users), "carol", slowly)
    assert read_users(str(users)).keys() == {"alice", "bob", "carol"}
