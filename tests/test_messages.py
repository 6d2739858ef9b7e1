"""The messages of the programs, and the page that lists them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.record import messages
from tests.support.client.command import environment

MODULES = {
    "bcastd": "broadcast",
    "bcast-client": "broadcast.client.cli.main",
    "bcast-admin": "broadcast.admin.cli",
    "bcast-passwd": "broadcast.auth.passwd",
    "bcast-store": "broadcast.store.cli",
}
PREFIXES = {"bcastd": "broadcast: "}
INTERNAL = re.compile(r"[A-Z]\w+Error\b|Traceback|\b_\w+|\bself\b|<class|NoneType")
PROGRAMS = pytest.mark.parametrize("program", messages.SOURCES)


def test_page_has_every_message() -> None:
    """Else: ``python -m docs.record messages`` writes its tables anew."""
    page = messages.PAGE.read_text("utf-8")
    assert messages.rewritten(page) == page
    assert set(re.findall(r"<!-- messages: ([\w-]+)", page)) == set(messages.SOURCES)


@PROGRAMS
def test_every_message_has_one_form(program: str) -> None:
    """It says what happened, and what to do, without a name of the program's own."""
    found = messages.messages_of(program)
    assert len(found) > 10
    for each in found:
        assert each.to_do, each
        assert not INTERNAL.search(f"{each.happened} {each.to_do}"), each
        assert not each.to_do.endswith("."), each
        assert re.match(r"[a-z]|pip |--", each.to_do), each


@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("bcastd", ["--port", "x"]),
        ("bcastd", ["--port", "70000"]),
        ("bcastd", ["--echo=1"]),
        ("bcastd", ["--nothing"]),
        ("bcastd", ["--config", "none.ini"]),
        ("bcastd", ["--config", "bad.ini"]),
        ("bcastd", ["--config", "odd.ini"]),
        ("bcastd", ["--users", "bad-users"]),
        ("bcastd", ["--token-file", "empty"]),
        ("bcastd", ["--token-file", "wide"]),
        ("bcastd", ["--listen", "unix:none/socket"]),
        ("bcastd", ["--listen", "tcp:0:interface=192.0.2.1"]),
        ("bcastd", ["--listen", "tls:0"]),
        ("bcastd", ["--store", "none/room.db"]),
        ("bcastd", ["--store", "bad-users"]),
        ("bcastd", ["--log-file", "none/log"]),
        ("bcastd", ["--ban-file", "none/bans"]),
        ("bcastd", ["--tls-cert", "none.pem"]),
        ("bcastd", ["--auth", "nothing:x"]),
        ("bcastd", ["--web-origin", "x"]),
        ("bcastd", ["--rate", "-1"]),
        ("bcastd", ["--log-size", "1T"]),
        ("bcastd", ["--log-style", "xml"]),
        ("bcastd", ["--reactor", "none"]),
        ("bcast-client", ["send", "-p", "1", "x"]),
        ("bcast-client", ["send", "-s", "unix:none", "x"]),
        ("bcast-client", ["tail", "nowhere.invalid"]),
        ("bcast-client", ["send", "--url", "ftp://x", "x"]),
        ("bcast-client", ["send", "-p", "0", "x"]),
        ("bcast-client", ["send", "--retry", "soon", "x"]),
        ("bcast-client", ["send", "--on-doubt", "maybe", "x"]),
        ("bcast-client", ["send", "localhost:8000", "x"]),
        ("bcast-client", ["tail", "--since", "x"]),
        ("bcast-client", ["tail", "--grep", "("]),
        ("bcast-client", ["tail", "--config", "none.ini"]),
        ("bcast-client", ["tail", "--config", "odd.ini"]),
        ("bcast-client", ["tail", "--token-file", "none"]),
        ("bcast-client", ["tail", "--token-file", "empty"]),
        ("bcast-client", ["tail", "--nothing"]),
        ("bcast-admin", ["-s", "none", "who"]),
        ("bcast-admin", []),
        ("bcast-admin", ["say", "x" * 9000]),
        ("bcast-passwd", ["new", "a b"]),
        ("bcast-passwd", ["new", "alice"]),
        ("bcast-passwd", ["none/new", "alice"]),
        ("bcast-passwd", ["bad-users", "alice"]),
        ("bcast-passwd", ["wide", "alice"]),
        ("bcast-passwd", ["-d", "new", "alice"]),
        ("bcast-store", ["check", "none.db"]),
        ("bcast-store", ["check", "bad-users"]),
        ("bcast-store", ["prune", "--before", "x", "none.db"]),
        ("bcast-store", ["backup", "none.db", "empty"]),
    ],
    ids=lambda given: given if isinstance(given, str) else " ".join(given)[:40],
)
def test_what_is_said_is_listed(
    program: str, command: list[str], tmp_path: Path
) -> None:
    """Each line on stderr is one of the page's, and there is no traceback."""
    (tmp_path / "empty").write_text("")
    (tmp_path / "bad-users").write_text("alice:secret\n")
    (tmp_path / "wide").write_bytes("alice".encode("utf-16"))
    (tmp_path / "bad.ini").write_text("port = 1\n")
    (tmp_path / "odd.ini").write_text("[server]\nprot = 1\n")
    done = subprocess.run(
        [sys.executable, "-m", MODULES[program], *command],
        cwd=tmp_path,
        env=environment(str(tmp_path)),
        input="long-enough\n" if "none/new" in command else "short\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode not in (0, -9), done.stdout
    patterns = [messages.pattern(each) for each in messages.messages_of(program)]
    prefix = re.escape(PREFIXES.get(program, f"{program}"))
    for line in _messages(done.stderr):
        told = re.match(rf"{prefix}( \w+)?(: error)?:? ?", line)
        assert told is not None, line
        rest = line[told.end() :]
        assert any(each.fullmatch(rest) for each in patterns), line


def _messages(text: str) -> list[str]:
    """Return the lines that are messages: not argparse's usage."""
    lines = text.splitlines()
    usage = text.startswith("usage: ")
    found = [line for line in lines if ": error: " in line] if usage else lines
    assert found, text
    return found
