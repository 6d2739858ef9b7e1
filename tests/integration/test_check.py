"""``--check``: nothing is opened or written, and each fault is a line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.daemon import DEADLINE, twist_command
from tests.support.faces import make_certificate
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.stores import Kept

COMMANDS = {
    "program": [sys.executable, "-m", "broadcast"],
    "twist": [*twist_command(), "broadcast"],
}


def check(
    *options: str, how: str = "program", **variables: str
) -> tuple[int, str, list[str]]:
    """Return the exit code, what is printed, and the lines on stderr."""
    done = subprocess.run(
        [*COMMANDS[how], "--check", *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
        env=os.environ | variables,
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


@pytest.mark.parametrize("how", COMMANDS)
def test_all_is_well(how: str, tmp_path: Path) -> None:
    """Then it exits with 0 and says nothing; nothing is left behind."""
    key, certificate = make_certificate(tmp_path)
    tokens = tmp_path / "tokens"
    tokens.write_text("open-sesame\n")
    tokens.chmod(0o600)
    config = tmp_path / "config"
    config.write_text(
        "[server]\nlisten = systemd:domain=INET:name=room tls:0 haproxy:tcp:0\n"
        f"tls-cert = {certificate}\ntls-key = {key}\ntoken-file = {tokens}\n"
        f"log-file = {tmp_path / 'log'}\nban-file = {tmp_path / 'bans'}\n"
        f"admin = unix:{tmp_path / 'admin'}\nweb = 0\nmetrics = unix:{tmp_path / 'm'}\n"
    )
    before = sorted(tmp_path.iterdir())
    assert check("--config", str(config), how=how) == (0, "", [])
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("how", COMMANDS)
def test_each_fault_is_a_line(how: str, tmp_path: Path) -> None:
    """Wrong values, files, certificates and endpoints: all of them, in one go."""
    key, _ = make_certificate(tmp_path)
    config = tmp_path / "config"
    config.write_text(f"[server]\nprot = 1\ndrain = soon\ntls-cert = {key}\n")
    code, out, lines = check(
        *("--config", str(config), "--users", f"{tmp_path}/users"),
        *("--token-file", str(tmp_path), "--ban-file", f"{tmp_path}/no/bans"),
        *("--log-file", f"{tmp_path}/no/log", "--admin", f"unix:{tmp_path}/no/admin"),
        *("--listen", "foo:1", "--listen", "tcp:x", "--listen", "tls:1"),
        *("--web", "tcp:2:colour=red", "--metrics", "bar:1"),
        how=how,
        BCASTD_MAX_LINE="x",
    )
    assert (code, out) == (1, "")
    told = [line.removeprefix("broadcast: ").split(": ")[0] for line in lines]
    assert sorted(told) == sorted(
        [
            *("--config", "--config", "BCASTD_MAX_LINE", "--users", "--token-file"),
            *("--ban-file", "--tls-cert", "--log-file", "--admin"),
            *("can't listen on foo:1", "can't listen on tcp:x"),
            *("can't listen on tcp:2:colour=red", "can't listen on bar:1"),
        ]
    )
    assert all(line.startswith("broadcast: ") for line in lines)


def test_a_running_daemon_is_not_disturbed(tmp_path: Path) -> None:
    """The same options can be checked while it has the port and the files."""
    path, log = tmp_path / "room", tmp_path / "log"
    options = ("--listen", f"unix:{path}", "--log-file", str(log))
    with subprocess.Popen(
        [*COMMANDS["program"], *options, "--listen", "tcp:0:interface=127.0.0.1"],
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        port = int(running.stdout.readline().partition("127.0.0.1:")[2].split()[0])
        size = log.stat().st_size
        assert check(*options, "--listen", f"tcp:{port}") == (0, "", [])
        assert log.stat().st_size == size
        client = LineClient(connect_tcp(port))
        client.since_ping("/name al")
        client.close()
        running.terminate()


def test_what_goes_wrong_together_is_told(tmp_path: Path) -> None:
    """Two checkers of the same logins; a relay with a login."""
    users, passwords = tmp_path / "users", tmp_path / "passwords"
    for file in (users, passwords):
        file.write_text("")
    code, _, lines = check("--users", str(users), "--auth", f"file:{passwords}")
    assert code == 1
    assert lines == [
        "broadcast: --auth: --users checks the same logins already; leave one out"
    ]
    code, _, lines = check("--relay", "--users", str(users))
    assert code == 1
    assert lines == ["broadcast: --relay: a relay knows no login; leave out --users"]


def test_a_store_is_looked_at(tmp_path: Path) -> None:
    """A file that is none of ours is told of; one of ours is left as it is."""
    foreign = tmp_path / "foreign.db"
    foreign.write_bytes(b"\xa5" * 8192)
    code, out, lines = check("--store", str(foreign))
    assert (code, out, len(lines)) == (1, "", 1)
    assert lines[0].startswith(f"broadcast: --store: {foreign} can't be used: ")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    refused = [f"broadcast: --store: {pipe} is no file; name another one"]
    assert check("--store", str(pipe)) == (1, "", refused)
    ours = tmp_path / "ours.db"
    kept = Kept(ours).start()
    kept.say("a line")
    assert check("--store", str(ours)) == (0, "", [])
    kept.stop()
    before = sorted(tmp_path.iterdir())
    assert check("--store", str(ours)) == (0, "", [])
    assert check("--store", str(tmp_path / "none.db")) == (0, "", [])
    assert sorted(tmp_path.iterdir()) == before
