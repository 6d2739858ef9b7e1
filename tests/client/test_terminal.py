"""`connect` for a person, on a pseudo-terminal, as the screen shows it."""

from functools import partial

from tests.client.conftest import RoomThread
from tests.client.terminal import Terminal


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
    """What I said comes back in its place, marked as mine."""
    with connect(room, home, "-n", "bob") as terminal:
        terminal.wait_for("here>")
        terminal.type("hello\r")
        terminal.wait_for("bob [you]: hello")
        assert terminal.prompt == "connected · bob · 1 here>"


def test_asks_for_a_name(room: RoomThread, home: str) -> None:
    """Without a name, a person is asked; Enter takes the one they have here."""
    with connect(room, home) as terminal:
        terminal.wait_for("Your name: tester")
        terminal.type("\x15alice\r")
        terminal.wait_for("connected · alice · 1 here>")


def test_leaving(room: RoomThread, home: str) -> None:
    """`/quit`, `/exit`, `exit` and Ctrl-D exit 0; Ctrl-C on an empty line 130."""
    for typed, code in (
        ("/quit\r", 0),
        ("/exit\r", 0),
        ("exit\r", 0),
        ("\x04", 0),
        ("half a line\x03\x03", 130),
    ):
        with connect(room, home, "-n", "bob") as terminal:
            terminal.wait_for("here>")
            terminal.type(typed)
            assert terminal.exit_code() == code, typed


def test_server_that_cannot_be_reached(home: str) -> None:
    """One line on the terminal says what is wrong; the exit code is 3."""
    with Terminal("connect", "-p", "1", "-n", "bob", home=home) as terminal:
        assert terminal.exit_code() == 3
        expected = "bcast-client: Could not connect to 127.0.0.1:1: connection refused"
        assert expected in terminal.shown
