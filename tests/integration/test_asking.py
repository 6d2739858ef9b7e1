"""Listeners that ask for a name, byte for byte as clients of other servers see them."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.daemon import DEADLINE, Daemon, refused_start
from tests.support.lineclient import LineClient
from tests.support.websocket import TEXT, connect_websocket, frame

ASK = ("--ask", "tcp:0:interface=127.0.0.1")
EACH_SEND = ("--flush-partial", "0.05")
"""For clients that never send a line end."""


class Foreign:
    """A client that sends and receives bytes, and knows nothing of lines."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE)

    def send(self, text: str) -> None:
        """Send text as it is: without a line end."""
        self.socket.sendall(text.encode())

    def gets(self, text: str) -> None:
        """Check that the next bytes are ``text``, and that they come."""
        wanted, got = text.encode(), b""
        while len(got) < len(wanted) and (more := self.socket.recv(len(wanted))):
            got += more
        assert got == wanted

    def gets_no_more(self, seconds: float) -> None:
        """Check that nothing comes for so long."""
        self.socket.settimeout(seconds)
        with pytest.raises(TimeoutError):
            self.socket.recv(1)
        self.socket.settimeout(DEADLINE)

    def gets_the_end(self) -> None:
        """Check that the server closes."""
        assert self.socket.recv(1) == b""


Enter = Callable[[Daemon], Foreign]
Connect = Callable[[Daemon], LineClient]


@pytest.fixture
def enter() -> Iterator[Enter]:
    """Connect foreign clients, and close them at the end."""
    with ExitStack() as stack:

        def make(running: Daemon) -> Foreign:
            client = Foreign(running.port)
            stack.callback(client.socket.close)
            return client

        yield make


def test_a_server_that_waits_without_a_word(
    daemon: Callable[..., Daemon], enter: Enter
) -> None:
    """The client sends its name at first, and never a line end; the server has no
    prompt, and greets in its own words. A name that is taken is told as a line that
    such a client shows; the next one counts."""
    running = daemon(
        *ASK,
        *EACH_SEND,
        *("--name-prompt", ""),
        *("--joined-text", "[INFO] Добро пожаловать, {name}!"),
    )
    anna, boris = enter(running), enter(running)
    anna.send("Анна")
    anna.gets("[INFO] Добро пожаловать, Анна!\n")
    boris.gets_no_more(0.4)
    boris.send("анна")
    boris.gets("* error: the name анна is taken\n")
    boris.send("Борис")
    boris.gets("[INFO] Добро пожаловать, Борис!\n")
    anna.gets("* Борис joined the chat\n")
    anna.send("привет")
    boris.gets("Анна: привет\n")
    boris.send("привет, Анна")
    anna.gets("Борис: привет, Анна\n")
    anna.socket.shutdown(socket.SHUT_WR)
    anna.gets_the_end()
    boris.gets("* Анна left the chat\n")


def test_a_server_that_asks_with_a_word(
    daemon: Callable[..., Daemon], enter: Enter
) -> None:
    """The client answers the bytes ``NICK`` with its name, neither with a line end."""
    running = daemon(*ASK, *EACH_SEND, "--name-prompt", "NICK")
    anna, boris = enter(running), enter(running)
    for client, name, count in ((anna, "Anna", 1), (boris, "Boris", 2)):
        client.gets("NICK")
        client.send(name)
        client.gets(f"* You are {name}, {count} here. /help lists the commands.\n")
    anna.gets("* Boris joined the chat\n")
    anna.send("hello")
    boris.gets("Anna: hello\n")
    boris.send("hello, Anna")
    anna.gets("Boris: hello, Anna\n")
    third = enter(running)
    third.gets("NICK")
    third.send("Anna")
    third.gets("* error: the name Anna is taken\nNICK")
    third.send("Anna: hello")
    third.gets("* error: a name is 1 to 32 letters, digits, _ - or ., beginning with")
    third.gets(" a letter or digit\nNICK")
    third.send("Carla")
    third.gets("* You are Carla, 3 here. /help lists the commands.\n")


@pytest.fixture
def web_asking() -> Iterator[Daemon]:
    """Give a daemon whose page's port asks too, and another port that doesn't."""
    with Daemon(
        *("--listen", "tcp:0:interface=127.0.0.1", "--web", "0", "--web-ask"),
        *("--joined-text", "hello {name}"),
    ) as running:
        yield running


def test_a_websocket_client_whose_first_frame_is_its_name(
    web_asking: Daemon, connect: Connect
) -> None:
    """It is asked in a frame; ``__ping__`` is neither its name nor said."""
    other = connect(web_asking)
    other.send("/name other")
    other.until("You are other")
    wire = connect_websocket(web_asking)
    assert wire.receive() == b"NICK? \n"
    wire.send_frames(frame(TEXT, b"__ping__"), frame(TEXT, b"other"))
    assert wire.receive() == b"* error: the name other is taken\nNICK? \n"
    wire.send_frames(frame(TEXT, b"Anna"))
    assert wire.receive() == b"hello Anna\n"
    wire.send_frames(frame(TEXT, b"__ping__"), frame(TEXT, b"__ping__\n"))
    wire.send_frames(frame(TEXT, b"hello"))
    assert other.lines(2) == ["* Anna joined the chat", "Anna: hello"]
    other.send("__ping__")
    assert wire.receive() == b"other: __ping__\n"
    wire.close()


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("/ws?format=json&name=Anna", b'{"event":"welcome"'),
        ("/ws?name=Anna", b"hello Anna\n"),
        ("/", b"NICK? \n"),
    ],
)
def test_the_pages_own_way_is_an_introduction(
    web_asking: Daemon, path: str, first: bytes
) -> None:
    """What stands in the address is said of oneself; the page itself works on."""
    wire = connect_websocket(web_asking, path)
    assert wire.receive().startswith(first)
    wire.close()


def test_elsewhere_a_text_ping_is_said(
    daemon: Callable[..., Daemon], connect: Connect
) -> None:
    """Without ``--web-ask`` it is a line like any other."""
    running = daemon("--web", "0")
    other = connect(running)
    other.send("/name other")
    other.until("You are other")
    wire = connect_websocket(running, "/ws?name=Anna")
    wire.send_frames(frame(TEXT, b"__ping__"))
    assert other.until("__ping__")[-1] == "Anna: __ping__"
    wire.close()


def test_strays_are_turned_away_from_a_port_that_asks(
    daemon: Callable[..., Daemon], enter: Enter
) -> None:
    """A browser gets a proper answer, a TLS client the end: no prompt comes before."""
    running = daemon(*ASK)
    browser, secure = enter(running), enter(running)
    browser.send("GET / HTTP/1.1\r\n\r\n")
    browser.gets("HTTP/1.1 400 Bad Request\r\n")
    secure.socket.sendall(b"\x16\x03\x01\x02\x00")
    secure.gets_the_end()


def test_one_who_does_not_answer_is_closed(
    daemon: Callable[..., Daemon], enter: Enter
) -> None:
    """After ``--login-timeout``, with a word; and at the daemon's end, too."""
    running = daemon(*ASK, "--login-timeout", "1")
    client = enter(running)
    client.gets("NICK? \n* no name in 1 second\n")
    client.gets_the_end()
    assert any("(asks for a name)" in line for line in running.out.lines)
    last = enter(running)
    last.gets("NICK? ")
    running.signal()
    last.gets("\n* The server has shut down\n")
    last.gets_the_end()


@pytest.mark.parametrize(
    "options",
    [
        ("--joined-text", "{you}"),
        ("--joined-text", "hello {you}"),
        ("--joined-text", "hello {name"),
        ("--joined-text", "one\ntwo"),
        ("--name-prompt", "{"),
        ("--name-prompt", "name\n"),
        ("--relay", "--ask", "tcp:0"),
        ("--relay", "--web", "0", "--web-ask"),
    ],
)
def test_what_can_not_be_is_one_line(options: tuple[str, ...]) -> None:
    """It is told at the start, and the daemon doesn't run."""
    code, _, err = refused_start(*options)
    assert code != 0
    assert err.startswith(f"broadcast: {options[0]}: ")
    assert err.count("\n") == 1
