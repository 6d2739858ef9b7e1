"""Logins against the real daemon, its files and its threads."""

import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast.auth.passwd import main
from broadcast.auth.passwords import make_hash
from tests.support.daemon import DEADLINE, Daemon, refused_start
from tests.support.lineclient import LineClient

Connect = Callable[[Daemon], LineClient]
Start = Callable[..., Daemon]


def _passwd(path: Path, name: str, password: str, *more: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "broadcast.auth.passwd", *more, str(path), name],
        input=f"{password}\n",
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    return done.returncode, done.stderr


def test_from_bcast_passwd_to_the_greeting(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """What the command wrote lets in, under that name; a wrong password doesn't."""
    path = tmp_path / "users"
    assert _passwd(path, "Alice", "correct-horse") == (0, "")
    assert path.stat().st_mode & 0o777 == 0o600
    running = daemon("--users", str(path))
    client = connect(running)
    assert client.line() == "* log in first: /login NAME PASSWORD"
    client.send("/login alice wrong-horse")
    assert "that is wrong" in client.line()
    client.send("/login alice correct-horse", "/who")
    assert "You are Alice, 1 here" in client.line()
    assert client.line() == "* 1 here: Alice"
    log = "\n".join(running.out.lines)
    assert "login-failed from 127.0.0.1" in log
    assert "horse" not in log


def test_a_piped_login_is_heard(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """Login, words and the end in one piece: the words are said."""
    path = tmp_path / "users"
    path.write_text(
        f"alice:{make_hash(b'correct-horse')}\nbob:{make_hash(b'bob', 2)}\n"
    )
    running = daemon("--users", str(path))
    ear = connect(running)
    ear.send("/login bob bob")
    ear.until("You are bob")
    mouth = connect(running)
    mouth.send_bytes(b"/login alice correct-horse\nhello\nlast")
    mouth.half_close()
    assert ear.until("last")[-2:] == ["alice: hello", "alice: last"]
    assert "You are alice" in mouth.rest_lines()[0]


def test_checking_holds_nobody_up(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """While ten passwords are hashed, those inside talk on."""
    users, tokens = tmp_path / "users", tmp_path / "tokens"
    users.write_text(f"alice:{make_hash(b'correct-horse')}\n")
    tokens.write_text("open-sesame\n")
    running = daemon("--users", str(users), "--token-file", str(tokens))
    inside = connect(running)
    inside.send("/login open-sesame")
    inside.until("You are")
    crowd = [connect(running) for _ in range(10)]
    for number, client in enumerate(crowd):
        client.until("log in first")
        client.send(f"/login user-{number} wrong-password")
    assert [inside.since_ping() for _ in range(20)] == [[]] * 20
    sockets = [client.wire.socket for client in crowd]  # type: ignore[attr-defined]
    answered, _, _ = select.select(sockets, [], [], 0)
    assert len(answered) < 10, "the pings have waited for the hashing"
    for client in crowd:
        assert "that is wrong" in client.until("wrong")[-1]


def test_the_time_runs_out(daemon: Start, connect: Connect, tmp_path: Path) -> None:
    """Who doesn't log in is closed after --login-timeout."""
    path = tmp_path / "tokens"
    path.write_text("open-sesame\n")
    client = connect(daemon("--token-file", str(path), "--login-timeout", "0.5"))
    assert client.rest_lines() == [
        "* log in first: /login SECRET",
        "* no login in 0.5 seconds",
    ]


def test_plaintext_is_warned_of(daemon: Start, tmp_path: Path) -> None:
    """A port where nobody from elsewhere could log in is told of at the start."""
    path = tmp_path / "tokens"
    path.write_text("open-sesame\n")
    secured = ("--token-file", str(path))
    running = daemon(*secured, "--allow-plaintext-login")
    assert not any("unencrypted" in line for line in running.out.lines)


@pytest.mark.parametrize("option", ["--token-file", "--users", "--ban-file"])
def test_a_bad_file_is_one_line(tmp_path: Path, option: str) -> None:
    """A file of no use: one line that names the option, and no daemon."""
    path = tmp_path / "file"
    path.write_text("x\n")
    code, _, err = refused_start("--port", "0", option, str(path))
    assert code != 0
    assert err.startswith(f"broadcast: {option}: {path}, line 1: ")
    assert err.count("\n") == 1


def test_a_relay_takes_no_login(tmp_path: Path) -> None:
    """A relay has no commands, so it can't ask for one."""
    path = tmp_path / "tokens"
    path.write_text("open-sesame\n")
    code, _, err = refused_start("--relay", "--token-file", str(path))
    assert code != 0
    told = "a relay knows no login; leave out --token-file"
    assert err == f"broadcast: --relay: {told}\n"


def test_passwd_changes_and_deletes(tmp_path: Path) -> None:
    """A name's line is replaced or goes; comments and others stay."""
    path = tmp_path / "users"
    other = f"bob:{make_hash(b'bob', 2)}"
    path.write_text(f"# staff\nAlice:{make_hash(b'old', 2)}\n{other}\n")
    assert _passwd(path, "alice", "a-new-password") == (0, "")
    lines = path.read_text().splitlines()
    assert lines[:2] == ["# staff", other]
    assert lines[2].startswith("alice:scrypt$16384$8$5$")
    assert main(["--delete", str(path), "ALICE"]) == 0
    assert path.read_text() == f"# staff\n{other}\n"


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [
        ("alice", "short", "8 characters or more"),
        ("alice", "two words here", "has a space"),
        ("a b", "long-enough", "not allowed as a name"),
        ("server", "long-enough", "not allowed as a name"),
    ],
)
def test_passwd_refuses(tmp_path: Path, name: str, password: str, words: str) -> None:
    """What could never log in is refused in one line, and nothing is written."""
    path = tmp_path / "users"
    code, err = _passwd(path, name, password)
    assert code == 1
    assert words in err
    assert err.count("\n") == 1
    assert not path.exists()


def test_passwd_tells_why_it_cannot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No such name, a broken file, no such folder: one line each."""
    path = tmp_path / "users"
    assert main(["-d", str(path), "alice"]) == 1
    path.write_text("nonsense\n")
    assert main(["-d", str(path), "alice"]) == 1
    assert _passwd(tmp_path / "no" / "users", "alice", "long-enough")[0] == 1
    err = capsys.readouterr().err.splitlines()
    assert [line.startswith("bcast-passwd: ") for line in err] == [True, True]


def test_passwd_asks_on_a_terminal(tmp_path: Path) -> None:
    """Twice, and without showing it; two that differ change nothing."""
    pexpect = pytest.importorskip("pexpect")
    path = tmp_path / "users"
    words = ["-m", "broadcast.auth.passwd", str(path), "alice"]
    for second, code in (("correct-mule", 1), ("correct-horse", 0)):
        terminal = pexpect.spawn(sys.executable, words, timeout=DEADLINE)
        terminal.expect_exact("Password: ")
        terminal.sendline("correct-horse")
        terminal.expect_exact("Again: ")
        terminal.sendline(second)
        terminal.expect(pexpect.EOF)
        terminal.close()
        assert terminal.exitstatus == code
        assert b"horse" not in terminal.before
        assert path.exists() is (code == 0)
