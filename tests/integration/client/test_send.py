"""``bcast-client send`` against the real daemon, and against one that misbehaves."""

import asyncio
import signal
import subprocess
import sys
import time

import pytest

from soak import restarts
from tests.integration.client.conftest import RoomThread
from tests.support.client.command import environment, run_client
from tests.support.client.daemon import Daemon
from tests.support.client.room import Member


def spoken(daemon: Daemon, home: str, lines: int = 1000) -> list[str]:
    """The lines in the daemon's log, as ``NAME: TEXT``."""
    done = run_client(
        "tail", daemon.url, "-n", str(lines), "--no-follow", "--quiet", home=home
    )
    assert done.returncode == 0, done.stderr
    return [line.split(" ", 1)[1] for line in done.stdout.splitlines()]


def test_words_are_one_line(daemon: Daemon, home: str) -> None:
    """``send TEXT…`` says its words as one line, and prints nothing."""
    done = run_client("send", "-s", daemon.url, "all", "is  well", "/quit", home=home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert spoken(daemon, home) == ["tester: all is  well /quit"]


def test_line_ends_in_the_words_are_kept(daemon: Daemon, home: str) -> None:
    """A text with line ends in it is said as several lines."""
    done = run_client("send", "-s", daemon.url, "one\ntwo", "three", home=home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert spoken(daemon, home) == ["tester: one", "tester: two three"]


def test_piped_lines_arrive_complete_and_in_order(daemon: Daemon, home: str) -> None:
    """Every line of stdin, in order, as it is; blank ones are nothing to say."""
    lines = [f"line {number} é" for number in range(5000)]
    stdin = "\n\n" + "\n".join(lines) + "\n  \n/not a command\nno line end"
    done = run_client("send", "-s", daemon.url, "-n", "eve", home=home, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    expected = [*lines, "/not a command", "no line end"][-1000:]
    assert spoken(daemon, home) == [f"eve: {line}" for line in expected]


def test_nothing_to_say_is_said_at_once(daemon: Daemon, home: str) -> None:
    """An empty input is a success, if the server is there."""
    assert run_client("send", "-s", daemon.url, home=home).returncode == 0


def test_line_too_long_is_refused(daemon: Daemon, home: str) -> None:
    """A line that the server would drop makes it exit with 4; the others are said,
    up to the length that is told."""
    stdin = f"one\n{'x' * 8153}\n{'y' * 8152}\n"
    done = run_client("send", "-s", daemon.url, home=home, stdin=stdin)
    assert done.returncode == 4
    told = "a line was refused: longer than the 8152 bytes that a line may have: xxx"
    assert done.stderr.startswith(f"bcast-client: {told}")
    assert spoken(daemon, home) == ["tester: one", "tester: " + "y" * 8152]


def test_own_name_taken_by_oneself(daemon: Daemon, home: str) -> None:
    """A person in the chat can still send: the default name gets a suffix."""
    holder = [sys.executable, "-m", "broadcast.client.cli.main", "connect", daemon.url]
    with subprocess.Popen(
        holder,
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("here\n")
        process.stdin.flush()
        assert "tester [you]: here" in process.stdout.readline()
        done = run_client("send", "-s", daemon.url, "two", home=home)
        assert done.returncode == 0, done.stderr
        taken = run_client("send", "-s", daemon.url, "-n", "tester", "x", home=home)
        process.stdin.close()
        assert process.wait(15) == 0
    assert taken.returncode == 4
    assert "tester" in taken.stderr
    said = spoken(daemon, home)
    assert said[0] == "tester: here"
    assert said[1].startswith("tester-")
    assert said[1].endswith(": two")
    assert len(said) == 2


def test_said_once_over_a_lost_connection(room: RoomThread, home: str) -> None:
    """A line that the server heard but could not acknowledge is not said again."""

    def drop_once(member: object, rest: str) -> bool:
        del room.room.on["/say"]
        room.room.tokens[("tester", keys()[0], rest.split(" ")[0])] = room.room.say(
            "tester", rest.partition(" ")[2]
        )
        room.room.drop_all()
        return True

    def keys() -> list[str]:
        names = [line.split(" ") for line in room.room.heard if "/name" in line]
        return [words[2] for words in names]

    room.room.on["/say"] = drop_once
    done = run_client("send", "-s", room.room.address, "just once", home=home)
    assert done.returncode == 0
    assert "trying again " in done.stderr
    assert [line["text"] for line in room.room.log] == ["just once"]
    assert len(set(keys())) == 1
    says = [line for line in room.room.heard if line.startswith("/say")]
    assert len(says) == 2
    assert len(set(says)) == 1


@pytest.mark.parametrize(
    ("action", "said", "stderr"),
    [
        (
            "skip",
            ["zwei", "drei"],
            "said or not, nobody can tell: eins\n"
            "bcast-client: 1 line may have been said or not\n",
        ),
        (
            "resend",
            ["eins", "zwei", "drei"],
            "perhaps said twice: eins\nbcast-client: 1 line may be said twice\n",
        ),
        (
            "stop",
            [],
            "said or not, nobody can tell: eins\n"
            "bcast-client: not said: zwei\nbcast-client: not said: drei\n"
            "bcast-client: 1 line may have been said or not\n"
            "bcast-client: 2 lines not said\n",
        ),
    ],
)
def test_a_stream_outlives_a_server_that_forgot(
    action: str, said: list[str], stderr: str, room: RoomThread, home: str
) -> None:
    """Lines in doubt are named on stderr, others are said; exit 5 tells of doubt."""
    on = room.room.on

    def crash(member: object, rest: str) -> bool:
        del on["/say"]
        room.room.epoch = "e2"
        room.room.drop_all()
        return True

    on["/say"] = crash
    on["/quit"] = lambda member, rest: True
    where = ("-s", room.room.address, "--on-doubt", action)
    with subprocess.Popen(
        [sys.executable, "-m", "broadcast.client.cli.main", "send", *where],
        env=environment(home),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write("eins\n")
        process.stdin.flush()
        told = process.stderr.readline()
        assert "connection lost" in told
        process.stdin.write("zwei\ndrei\n")
        process.stdin.close()
        assert process.wait(15) == 5
        told = process.stderr.read().removeprefix("bcast-client: connected again\n")
    assert told == f"bcast-client: {stderr}"
    assert [line["text"] for line in room.room.log] == said


def test_lines_that_are_given_up_are_named(room: RoomThread, home: str) -> None:
    """Where nobody comes back, each line stands on stderr: in doubt, or not said."""

    def die(member: object, rest: str) -> bool:
        room.room.drop_all()
        return True

    room.room.on["/say"] = die
    where = ("-s", room.room.address, "--retry", "0")
    done = run_client("send", *where, home=home, stdin="eins\n")
    assert done.returncode == 5
    assert done.stderr.endswith(
        "bcast-client: said or not, nobody can tell: eins\n"
        "bcast-client: 1 line may have been said or not\n"
    )


@pytest.mark.parametrize(("graceful", "killed"), [(1, 0), (0, 2)])
def test_every_line_of_a_stream_is_accounted_for(graceful: int, killed: int) -> None:
    """Through restarts and crashes of the real daemon: said once, or named."""
    *problems, report = asyncio.run(restarts.run(graceful, killed))
    assert problems == [], report


def test_ctrl_c(room: RoomThread, home: str) -> None:
    """Ctrl-C ends it with 130, and without a traceback."""
    command = [sys.executable, "-m", "broadcast.client.cli.main", "send"]
    with subprocess.Popen(
        [*command, "-s", room.room.address],
        env=environment(home),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        end = time.monotonic() + 15
        while not any("/ping" in line for line in room.room.heard):
            assert time.monotonic() < end
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 130
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.parametrize("command", [("send",), ("connect",), ("tail", "--no-follow")])
@pytest.mark.parametrize("code", ["bad-argument", "bad-name", "from-the-future"])
def test_introduction_that_is_refused(
    command: tuple[str, ...], code: str, room: RoomThread, home: str
) -> None:
    """Whatever the server has against the name, it ends with 4 and its words."""

    def refuse(member: Member, rest: str) -> bool:
        room.room.join(member)
        member.send("error", code=code, command="name", text="not you")
        return True

    room.room.on["/name"] = refuse
    where = ("--url", room.room.address, "--name", "tester")
    done = run_client(*command, *where, home=home, stdin="x\n")
    assert (done.returncode, done.stderr) == (4, "bcast-client: not you\n")
    assert room.room.log == []


def test_default_name_that_is_always_refused(room: RoomThread, home: str) -> None:
    """With a suffix it is tried once; then it ends with 4."""

    def refuse(member: Member, rest: str) -> bool:
        room.room.join(member)
        member.send("error", code="name-taken", command="name", text="taken")
        return True

    room.room.on["/name"] = refuse
    done = run_client("send", "-s", room.room.address, "x", home=home)
    assert (done.returncode, done.stderr) == (4, "bcast-client: taken\n")
    names = [line for line in room.room.heard if line.startswith("/name")]
    assert len(names) == 2


def test_login_that_is_not_understood(room: RoomThread, home: str) -> None:
    """Any error before the greeting ends it with 4: it would wait for ever."""

    def ask(member: Member, rest: str) -> bool:
        member.send("login", text="who are you?")
        return True

    def misunderstand(member: Member, rest: str) -> bool:
        member.send("error", code="bad-argument", command="login", text="what?")
        return True

    room.room.on |= {"/ping": ask, "/login": misunderstand}
    environ = {"BCAST_TOKEN": "three words here"}
    where = ("-s", room.room.address)
    done = run_client("send", *where, "x", home=home, environ=environ)
    assert (done.returncode, done.stderr) == (4, "bcast-client: what?\n")


def test_login_without_a_secret_is_refused(room: RoomThread, home: str) -> None:
    """A server that asks for a login gets none: exit 4 names the options."""

    def ask(member: object, rest: str) -> bool:
        room.room.members[0].send("login", text="who are you?")
        return True

    room.room.on["/ping"] = ask
    done = run_client("send", "-s", room.room.address, "x", home=home)
    assert done.returncode == 4
    assert "--token-file or BCAST_TOKEN" in done.stderr


def test_login_from_the_environment(room: RoomThread, home: str) -> None:
    """BCAST_TOKEN answers; a wrong one is exit 4 with the server's words."""

    def ask(member: object, rest: str) -> bool:
        room.room.members[0].send("login", text="who are you?")
        return True

    def check(member: object, rest: str) -> bool:
        if rest != "s3cret":
            room.room.members[0].send("error", code="login-failed", text="wrong")
            return True
        del room.room.on["/ping"]
        room.room.join(room.room.members[0])
        return True

    room.room.on["/ping"], room.room.on["/login"] = ask, check
    address = room.room.address
    bad = run_client(
        "send", "-s", address, "x", home=home, environ={"BCAST_TOKEN": "?"}
    )
    assert (bad.returncode, bad.stderr) == (4, "bcast-client: wrong\n")
    environ = {"BCAST_TOKEN": "s3cret"}
    good = run_client("send", "-s", address, "x", home=home, environ=environ)
    assert (good.returncode, good.stderr) == (0, "")
    assert [line["text"] for line in room.room.log] == ["x"]
