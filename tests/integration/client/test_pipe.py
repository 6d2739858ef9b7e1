"""``connect`` where stdin or stdout is no terminal."""

from tests.integration.client.conftest import RoomThread
from tests.support.client.command import run_client


def test_echo_into_connect_is_said_and_exits_0(room: RoomThread, home: str) -> None:
    """``echo hi | bcast-client connect`` exits 0, after the server has acknowledged."""
    done = run_client("connect", "-p", str(room.room.port), home=home, stdin="hi\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line["text"] for line in room.room.log] == ["hi"]
    assert "tester [you]: hi" in done.stdout


def test_output_to_a_file_is_plain(room: RoomThread, home: str) -> None:
    """Lines on a file or pipe have no control sequence in them."""
    room.do(lambda: room.room.say("mallory", "\x1b[31mred\x9b2J"))
    stdin = "/history\n/who\n"
    done = run_client("connect", "-p", str(room.room.port), home=home, stdin=stdin)
    assert done.returncode == 0
    assert "mallory: ␛[31mred\ufffd2J\n" in done.stdout
    assert "* tester (1 here)\n" in done.stdout
    assert "\x1b" not in done.stdout


def test_commands_and_exit_in_a_pipe(room: RoomThread, home: str) -> None:
    """``//x`` says ``/x``; ``exit`` ends at once; a command for a terminal fails."""
    port = str(room.room.port)
    done = run_client("connect", "-p", port, home=home, stdin="//x\nexit\nno\n")
    assert done.returncode == 0
    assert [line["text"] for line in room.room.log] == ["/x"]
    done = run_client("connect", "-p", port, home=home, stdin="/save x\n")
    assert (done.returncode, done.stderr) == (
        1,
        "bcast-client: /save needs a terminal; leave it out\n",
    )


def test_own_lines_stay_marked_over_a_rename(room: RoomThread, home: str) -> None:
    """Lines said before another name was taken are marked as well."""
    stdin = "before\n/name robert\nafter\n"
    done = run_client("connect", "-p", str(room.room.port), home=home, stdin=stdin)
    assert done.returncode == 0, done.stderr
    assert "tester [you]: before\n" in done.stdout
    assert "robert [you]: after\n" in done.stdout


def test_nobody_there(home: str, closed_port: int) -> None:
    """Where nobody listens, one line says so and the exit code is 3."""
    done = run_client("connect", "-p", str(closed_port), home=home, stdin="hi\n")
    assert done.returncode == 3
    expected = f"can't connect to 127.0.0.1:{closed_port}: connection refused"
    hint = "start the daemon, or name its port"
    assert done.stderr == f"bcast-client: {expected}; {hint}\n"


def test_server_goes_for_good(room: RoomThread, home: str) -> None:
    """With ``--retry 0`` a lost connection ends it with 5 and a reason."""

    def drop(member: object, rest: str) -> bool:
        room.room.drop_all()
        return True

    room.room.on["/say"] = drop
    port = str(room.room.port)
    done = run_client("connect", "-p", port, "--retry", "0", home=home, stdin="x\n")
    assert done.returncode == 5
    assert f"the connection to 127.0.0.1:{port} is lost" in done.stderr
