"""``bcast-client tail`` against the real daemon, and against one that misbehaves."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import pytest

from tests.integration.client.conftest import RoomThread
from tests.support.client.command import environment, run_client
from tests.support.client.daemon import Daemon


class Follower:
    """A ``tail`` that goes on, and what it has printed."""

    def __init__(
        self,
        home: str,
        *arguments: str,
    ) -> None:
        command = [
            sys.executable,
            "-m",
            "broadcast.client.cli.main",
            "tail",
            *arguments,
        ]
        self.process = subprocess.Popen(
            command,
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._late = threading.Timer(20, self.process.kill)
        self._late.daemon = True
        self._late.start()

    @property
    def out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Signal it; its exit code and what it said on stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=15)
        self._late.cancel()
        return self.process.returncode, errors


def send(daemon: Daemon, home: str, *lines: str) -> None:
    stdin = "\n".join(lines)
    words = ("send", "-s", daemon.url, "-n", "eve", "--announced")
    done = run_client(*words, home=home, stdin=stdin)
    assert done.returncode == 0, done.stderr


def test_last_lines(daemon: Daemon, home: str) -> None:
    """``-n N --no-follow`` prints the last N lines and exits 0; 0 prints none."""
    send(daemon, home, *(str(n) for n in range(30)))
    done = run_client("tail", daemon.url, "-n", "3", "--no-follow", home=home)
    assert done.returncode == 0
    assert [line.split(" ", 1)[1] for line in done.stdout.splitlines()] == [
        "eve: 27",
        "eve: 28",
        "eve: 29",
    ]
    done = run_client("tail", daemon.url, "-n", "0", "--no-follow", home=home)
    assert (done.returncode, done.stdout) == (0, "")


def test_json_is_the_servers_own_line(daemon: Daemon, home: str) -> None:
    """``--json`` prints the server's JSON, from the welcome on, one object a line."""
    send(daemon, home, "é", '"quoted"')
    done = run_client("tail", daemon.url, "--json", "--no-follow", home=home)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds == ["welcome", "replay", "message", "message", "replayed"]
    assert [e["text"] for e in events if "id" in e and "text" in e][1:] == [
        "é",
        '"quoted"',
    ]


def test_since_goes_on_after_a_position(daemon: Daemon, home: str) -> None:
    """The position that one run ends at is where the next goes on."""
    send(daemon, home, "one", "two")
    first = run_client("tail", daemon.url, "--json", "--no-follow", home=home)
    position = json.loads(first.stdout.splitlines()[-1])["position"]
    send(daemon, home, "three")
    more = ("tail", daemon.url, "--since", position, "--no-follow")
    done = run_client(*more, home=home)
    assert [line.split(" ", 1)[1] for line in done.stdout.splitlines()] == [
        "eve: three"
    ]
    gone = run_client("tail", daemon.url, "--since", "f00:1", "--no-follow", home=home)
    assert gone.returncode == 0
    assert "that position is not in the server's log" in gone.stdout
    assert "said meanwhile" not in gone.stdout


def test_json_has_nothing_active(room: RoomThread, home: str) -> None:
    """C1 and bidi controls from a careless server are escaped; the JSON is the same."""
    line = '{"event":"notice","text":"a\x9b\u202e\x7f"}\n'.encode()

    def careless(member: object, rest: str) -> bool:
        room.room.members[0].raw(line)
        return False

    room.room.on["/history"] = careless
    room.room.on["/ping"] = careless
    done = run_client("tail", room.room.address, "--json", "--no-follow", home=home)
    assert done.returncode == 0
    follower = Follower(home, room.room.address, "-n", "1", "--json")
    lines = [follower.out.readline() for _ in range(4)]
    code, errors = follower.end()
    assert (code, errors) == (130, "")
    assert any('"a\\u009b\\u202e\\u007f"' in line for line in lines), lines


def test_presence_unless_quiet(daemon: Daemon, home: str) -> None:
    """``--presence all`` prints joins and leaves; ``--quiet`` leaves them out."""
    loud = Follower(home, daemon.url, "--presence", "all")
    calm = Follower(home, daemon.url, "--quiet")
    send(daemon, home, "x")
    heard = [""]
    while "eve: x" not in heard[-1]:
        heard.append(loud.out.readline())
    assert calm.out.readline().endswith("eve: x\n")
    send(daemon, home, "y")
    while "eve: y" not in heard[-1]:
        heard.append(loud.out.readline())
    assert any("* eve joined (" in line for line in heard)
    assert calm.out.readline().endswith("eve: y\n")
    assert calm.end() == (130, "")
    assert loud.end() == (130, "")


def test_reader_that_goes_ends_it_quietly(daemon: Daemon, home: str) -> None:
    """``tail | head -1`` ends by itself, with 0 and not a word, and at once."""
    follower = Follower(home, daemon.url, "--quiet")
    send(daemon, home, "one")
    assert "eve: one" in follower.out.readline()
    follower.out.close()
    assert follower.process.wait(15) == 0
    assert follower.process.stderr is not None
    assert follower.process.stderr.read() == ""
    follower.process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    "command",
    [
        ("tail", "--no-follow", "--url"),
        ("tail", "--no-follow", "--json", "--url"),
        ("tail", "--url"),
        ("connect", "--url"),
        ("completion", "bash"),
    ],
)
def test_full_disk_is_told(
    command: tuple[str, ...], room: RoomThread, home: str
) -> None:
    """What can't be printed makes it end with 1 and one line, also at the very end."""
    room.do(lambda: room.room.say("eve", "lost on the disk"))
    url = [room.room.address] if command[-1] == "--url" else []
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "broadcast.client.cli.main", *command, *url],
            env=environment(home),
            input=b"/history\n",
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
        )
    why = b"can't write to standard output: No space left on device"
    assert done.stderr == b"bcast-client: %b; send it elsewhere\n" % why
    assert done.returncode == 1


def test_goes_on_after_the_server_was_away(room: RoomThread, home: str) -> None:
    """What was said while the connection was lost appears, once and in order."""
    follower = Follower(home, room.room.address, "--quiet", "-n", "5")
    room.do(lambda: room.room.say("eve", "before"))
    assert follower.out.readline().endswith("eve: before\n")

    def meanwhile() -> None:
        room.room.drop_all()
        room.room.say("eve", "meanwhile")

    room.do(meanwhile)
    assert follower.out.readline().endswith("eve: meanwhile\n")
    room.do(lambda: room.room.say("eve", "after"))
    assert follower.out.readline().endswith("eve: after\n")
    code, errors = follower.end()
    assert code == 130
    lost, back = errors.splitlines()
    assert lost.startswith("bcast-client: connection lost: ")
    assert back == "bcast-client: connected again"


def test_a_shutdown_is_told_once(daemon: Daemon, home: str) -> None:
    """By the loss, whose reason it is; as json the server's own line is printed."""
    text = Follower(home, daemon.url, "--quiet")
    json = Follower(home, daemon.url, "--quiet", "--json")
    send(daemon, home, "before")
    assert text.out.readline().endswith("eve: before\n")
    while "before" not in json.out.readline():
        pass
    daemon.stop()
    while '"event":"bye"' not in json.out.readline():
        pass
    for follower in (text, json):
        assert follower.process.stderr is not None
        told = follower.process.stderr.readline()
        assert told.startswith("bcast-client: connection lost: The server has shut")
        follower.process.send_signal(signal.SIGINT)
        out, errors = follower.process.communicate(timeout=15)
        assert "shut down" not in out + errors


def test_what_is_gone_is_marked(room: RoomThread, home: str) -> None:
    """Where the server no longer has all of it, a line says how many are missing."""
    follower = Follower(home, room.room.address, "--quiet")
    room.do(lambda: room.room.say("eve", "before"))
    follower.out.readline()
    room.room.missing = 7
    room.do(room.room.drop_all)
    assert follower.out.readline().startswith("* (7 lines are missing here")
    assert follower.end()[0] == 130


@pytest.mark.parametrize(
    "arguments",
    [("-n", "-1"), ("-nx",), ("--since", "x"), ("--since", "e:" + "1" * 17)],
)
def test_bad_arguments(home: str, arguments: tuple[str, ...]) -> None:
    """A count or a position that is none is a usage error."""
    done = run_client("tail", *arguments, home=home)
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("bcast-client tail: error: ")
    assert last.endswith(("is not a whole number; give 0 or more", "the ID in digits"))


def test_killed_daemon_is_exit_5(home: str) -> None:
    """With ``--retry 0``, a server that goes is the end: 5."""
    with Daemon() as daemon:
        send(daemon, home, "x")
        follower = Follower(home, daemon.url, "--retry", "0", "-n", "1")
        follower.out.readline()
        daemon.stop()
    _, errors = follower.process.communicate(timeout=15)
    assert follower.process.returncode == 5
    assert "is lost: " in errors


def test_lines_are_sifted(daemon: Daemon, home: str) -> None:
    """``--from``, ``--grep`` and ``--count``: what matches, and so many at most."""
    for name, text in (("eve", "build ok"), ("zoe", "build ok"), ("eve", "lunch?")):
        done = run_client("send", "-s", daemon.url, "-n", name, text, home=home)
        assert done.returncode == 0
    for words, shown in (
        (["--from", "EVE", "--no-follow"], ["eve: build ok", "eve: lunch?"]),
        (["--grep", "bui.d", "--no-follow"], ["eve: build ok", "zoe: build ok"]),
        (["-f", "--count", "2"], ["eve: build ok", "zoe: build ok"]),
        (["--from", "zoe", "--grep", "ok$", "--count", "1"], ["zoe: build ok"]),
    ):
        done = run_client("tail", daemon.url, *words, home=home)
        lines = [line.split(" ", 1)[1] for line in done.stdout.splitlines()]
        assert (done.returncode, lines) == (0, shown), words
    sifted = ("--grep", "lunch", "--json", "--count", "1")
    done = run_client("tail", daemon.url, *sifted, home=home)
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == ["lunch?"]


def test_tail_ends_in_time(daemon: Daemon, home: str) -> None:
    """``--timeout`` ends it: with 0, or with 1 where lines were awaited."""
    for more, code, stderr in (
        ([], 0, ""),
        (
            ["--count", "2"],
            1,
            "bcast-client: timed out: 0 of 2 lines came; give a longer --timeout\n",
        ),
    ):
        words = ("tail", "127.0.0.1", str(daemon.port), "--timeout", "0.3", *more)
        done = run_client(*words, home=home)
        assert (done.returncode, done.stderr) == (code, stderr)


def test_errors_show_the_usage_of_their_command(home: str) -> None:
    """What is wrong with ``tail`` is told with the usage of ``tail``."""
    done = run_client("tail", "--no-such-option", home=home)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: bcast-client tail ")
    assert "unrecognized arguments: --no-such-option" in done.stderr
    for words in (["--grep", "("], ["--count", "0"], ["--timeout", "soon"]):
        done = run_client("tail", *words, home=home)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) > 1
