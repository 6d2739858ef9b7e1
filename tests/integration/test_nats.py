"""Daemons with ``--nats``: one room on all of them, kept by a real nats-server."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from soak.servers import Servers, program
from tests.support.daemon import Daemon, Output, eventually, refused_start
from tests.support.lineclient import LineClient
from tests.support.office import Office
from tests.support.websocket import web_port

pytestmark = pytest.mark.skipif(program() is None, reason="there is no nats-server")

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]

ASYNCIO = ("--reactor=asyncio",)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a nats-server; return where it is."""
    with Servers(tmp_path_factory.mktemp("nats")) as servers:
        yield servers.urls


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder for admin sockets."""
    return tmp_path_factory.mktemp("admin")


@pytest.fixture(scope="module")
def pair(server: str, folder: Path) -> Iterator[tuple[Daemon, Daemon]]:
    """Start two daemons of one room."""
    room = ("--nats", server, "--room", "pair", "--web", "0")

    def options(name: str) -> tuple[str, ...]:
        return (*room, "--node", name, "--admin", f"unix:{folder}/{name}")

    with Daemon(*options("one")) as one, Daemon(*options("two")) as two:
        yield one, two


Pair = tuple[Daemon, Daemon]


def join(client: LineClient, *wanted: str) -> dict[str, object]:
    """Join; return the greeting."""
    client.send("/format json", *(f"/name {each}" for each in wanted), "/ping in")
    welcome = client.await_event("welcome")
    client.await_event("pong")
    return welcome


def code_of(client: LineClient, line: str) -> object:
    """Return why a line is refused; None if it isn't."""
    client.send(line, "/ping")
    events = client.events_until("pong")
    return next((each["code"] for each in events if each["event"] == "error"), None)


# One daemon


def test_a_room_outlives_its_daemons(
    daemon: Start, connect: Connect, server: str
) -> None:
    """Lines, positions, tokens and names are there for the next one."""
    room = ("--nats", server, "--room", "outlives")
    first = daemon(*room)
    ann = connect(first)
    welcome = join(ann, "ann sesame-open")
    ann.send("/say t1 one", "two")
    said = ann.await_event("ack")
    first.stop()
    second = daemon(*room)
    again = connect(second)
    back = join(again, "ann sesame-open")
    assert (back["name"], back["epoch"]) == ("ann", welcome["epoch"])
    again.send("/say t1 one", f"/since {welcome['epoch']}:0")
    double = again.await_event("ack")
    assert (double["id"], double["double"]) == (said["id"], True)
    replay = again.await_event("replay")
    assert replay["missing"] == 0
    lines = again.events_until("replayed")
    assert [each["text"] for each in lines if each["event"] == "message"] == [
        "one",
        "two",
    ]


def test_a_key_is_nowhere_in_the_stream(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """A name's key is a digest there."""
    with Servers(tmp_path) as servers:
        here = daemon("--nats", servers.urls)
        join(connect(here), "ann sesame-open")
        here.stop()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b'"ann"' in path.read_bytes() for path in files)
    assert not any(b"sesame-open" in path.read_bytes() for path in files)


# Several daemons


def test_two_daemons_are_one_room(pair: Pair, connect: Connect) -> None:
    """Members of each hear those of the other, in one order, and are listed."""
    one, two = pair
    ann, bob = connect(one), connect(two)
    join(ann, "ann")
    join(bob, "bob")
    ann.await_event("join", name="bob")
    for number in range(20):
        ann.send(f"a{number}")
        bob.send(f"b{number}")
    heard = [[each.await_event("message") for _ in range(40)] for each in (ann, bob)]
    assert heard[0] == heard[1]
    ids = [event["id"] for event in heard[0]]
    assert ids == sorted(ids)
    ann.send("/who")
    who = ann.await_event("who")
    assert {"ann", "bob"} <= set(who["names"])
    bob.send("/quit")
    left = ann.await_event("leave", name="bob")
    assert (left["reason"], left["count"]) == ("quit", who["count"] - 1)


def test_a_name_is_one_members_on_all_daemons(pair: Pair, connect: Connect) -> None:
    """A taken name is refused; guests have different numbers; a key moves a name."""
    one, two = pair
    ann, other, guest = connect(one), connect(two), connect(two)
    join(ann, "amy sesame-open")
    first = join(guest)["name"]
    assert join(other, "amy")["name"] not in ("amy", first)
    assert code_of(other, "/name amy sesame-shut") == "name-taken"
    back = connect(two)
    assert join(back, "amy sesame-open")["name"] == "amy"
    bye = ann.await_event("bye")
    assert (bye["code"], bye["reconnect"]) == ("replaced", False)


def test_a_mended_name_gets_a_number(pair: Pair, connect: Connect) -> None:
    """The name that another protocol's client wants is in use on another daemon."""
    one, two = pair
    join(connect(one), "max")
    other = connect(two)
    other.send("CONNECT max")
    other.until("SUCCESS")
    third = connect(two)
    join(third)
    third.send("/who max")
    assert third.await_event("who")["names"] == ["max", "max-2"]


def test_of_many_claims_at_once_one_wins(pair: Pair, connect: Connect) -> None:
    """Whoever is first in the stream has the name, and all daemons say so."""
    one, two = pair
    clients = [connect(each) for each in (one, two) * 6]
    for client in clients:
        client.send("/format json", "/name eve", "/ping in")
    names = [client.await_event("welcome")["name"] for client in clients]
    assert names.count("eve") == 1
    assert len(set(names)) == len(names)


def test_a_line_is_said_once_whichever_daemon_it_is_sent_to(
    pair: Pair, connect: Connect
) -> None:
    """The same token, on another daemon, is answered with the first line's id."""
    one, two = pair
    hearer = connect(two)
    join(hearer, "tom")
    ann = connect(one)
    welcome = join(ann, "liz sesame-open")
    ann.send("/say t1 one")
    said = ann.await_event("ack")
    again = connect(two)
    join(again, "liz sesame-open")
    again.send("/say t1 one", "/say t2 two", f"/since {welcome['epoch']}:0")
    acks = [again.await_event("ack") for _ in range(2)]
    assert acks[0] == {"event": "ack", "token": "t1", "id": said["id"], "double": True}
    assert "double" not in acks[1]
    texts = [hearer.await_event("message")["text"] for _ in range(2)]
    assert texts == ["one", "two"]


def test_a_position_is_good_on_every_daemon(pair: Pair, connect: Connect) -> None:
    """At once, too: a daemon that has not read so far yet has it waited for."""
    one, two = pair
    ann, bob = connect(one), connect(two)
    welcome = join(ann, "ida")
    join(bob, "ted")
    for number in range(30):
        ann.send(f"line {number}")
        id = ann.await_event("message")["id"]
        bob.send(f"/since {welcome['epoch']}:{id}")
        assert bob.await_event("replay")["missing"] == 0
        bob.await_event("replayed")
    bob.send(f"/since {welcome['epoch']}:{id - 1}")
    assert bob.await_event("replay") == {"event": "replay", "count": 1, "missing": 0}


# Cut off


def test_a_daemon_that_is_cut_off_sends_everybody_to_another_one(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """They are told so, newcomers too, and /readyz; it comes back by itself."""
    with Servers(tmp_path) as servers:
        [server] = servers.all
        here = daemon("--nats", servers.urls, "--cut-off", "1", "--web", "0")
        ann, port = connect(here), web_port(here)
        welcome = join(ann, "ann sesame-open")
        ann.send("/say t1 one")
        ann.await_event("ack")
        server.kill()
        ann.send("/say t2 two")
        bye = ann.await_event("bye")
        assert (bye["code"], bye["reconnect"]) == ("restarted", True)
        assert readiness(port) == 503
        late = connect(here)
        late.send("/format json", "/name bob")
        assert late.await_event("bye")["code"] == "restarted"
        server.start()
        eventually(lambda: readiness(port) == 200)
        again = connect(here)
        back = join(again, "ann sesame-open")
        assert (back["name"], back["epoch"]) == ("ann", welcome["epoch"])
        again.send("/say t1 one", "/say t2 two", f"/since {back['epoch']}:0")
        assert again.await_event("ack")["double"] is True
        again.await_event("ack", token="t2")
        assert again.await_event("replay")["missing"] == 0
        texts = [each.get("text") for each in again.events_until("replayed")]
        assert (texts.count("one"), texts.count("two")) == (1, 1)
        here.signal()
        here.wait()


def readiness(port: int) -> int:
    """Return what /readyz says."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=20) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def test_the_client_goes_on_at_another_daemon(
    daemon: Start, connect: Connect, server: str
) -> None:
    """The one that it is at is killed: nothing is missing, nothing said twice."""
    room = ("--nats", server, "--room", "client")
    one, two = daemon(*room), daemon(*room)
    url = f"127.0.0.1:{one.port},127.0.0.1:{two.port}"
    command = [sys.executable, "-m", "broadcast.client.cli.main", "tail", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        speaker = connect(two)
        join(speaker, "ann")
        lines = Output(tail.stdout)
        speaker.await_event("join")
        speaker.send("before")
        lines.wait_for("before")
        one.kill()
        speaker.send("meanwhile")
        lines.wait_for("meanwhile")
        speaker.send("after")
        lines.wait_for("after")
        heard = [line.rpartition(" ")[2] for line in lines.lines]
        assert [word for word in heard if word in WORDS] == WORDS
        tail.terminate()


WORDS = ["before", "meanwhile", "after"]


# The admin, and what watches


def test_an_admins_orders_are_for_the_whole_room(
    pair: Pair, connect: Connect, folder: Path
) -> None:
    """From any daemon: members of all are listed, kicked, muted and banned."""
    office = Office(pair[0], folder / "one")
    far = connect(pair[1])
    join(far, "far away-key-1")
    rows = office.order("who").splitlines()
    assert any(row.split()[0] == "far" and "two" in row.split() for row in rows)
    assert office.order("mute", "far") == "muted far\n"
    assert far.await_event("notice")["text"] == "you are muted"
    assert code_of(far, "unheard") == "muted"
    assert office.order("unmute", "far") == "unmuted far\n"
    assert far.await_event("notice")["text"] == "you may speak again"
    assert office.order("kick", "far", "enough") == "kicked far\n"
    assert far.await_event("bye")["text"] == "you were kicked: enough"
    again = connect(pair[1])
    join(again, "far away-key-1")
    office.run("ban", "far")
    assert again.await_event("bye")["code"] == "banned"
    assert "far" in Office(pair[1], folder / "two").order("bans")
    office.order("unban", "far")
    eventually(lambda: "far" not in Office(pair[1], folder / "two").order("bans"))


def test_the_metrics_tell_of_the_room(pair: Pair) -> None:
    """How many daemons there are, and that members may come."""
    with urlopen(f"http://127.0.0.1:{web_port(pair[0])}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    assert "broadcast_nodes 2.0" in text
    assert "broadcast_cut_off 0.0" in text
    assert "broadcast_doubles_dropped_total 0.0" in text


# What can't be


def test_another_reactor_is_one_line() -> None:
    """nats-py needs asyncio."""
    code, _, err = refused_start("--nats", "127.0.0.1:4222", twist=("--reactor=epoll",))
    assert code == 1
    assert err == (
        "broadcast: --nats: it needs Twisted's asyncio reactor; run bcastd, or twist"
        " --reactor=asyncio broadcast\n"
    )


@pytest.mark.parametrize("option", ["--nats-creds", "--nats-ca"])
def test_a_missing_file_is_one_line(option: str, tmp_path: Path) -> None:
    """Whose name it says."""
    missing = str(tmp_path / "missing")
    code, _, err = refused_start(
        "--nats", "127.0.0.1:4222", option, missing, twist=ASYNCIO
    )
    assert code == 1
    assert err.startswith(f"broadcast: {option}: {missing}: ")
    assert err.endswith("; name a file that can be read\n")


def test_a_missing_extra_is_one_line(tmp_path: Path) -> None:
    """Its line says how it is installed."""
    (tmp_path / "nats.py").write_text("raise ModuleNotFoundError(name='nats')\n")
    code, _, err = refused_start(
        "--nats", "x:1", twist=ASYNCIO, env={"PYTHONPATH": str(tmp_path)}
    )
    assert code == 1
    hint = "pip install 'twisted-broadcast[nats]'"
    assert err == f"broadcast: --nats: there is no nats; {hint}\n"


def test_a_server_that_is_not_there_is_one_line() -> None:
    """Within seconds, on stderr."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        url = f"nats://u:secret@127.0.0.1:{port}"
        code, out, err = refused_start("--nats", url, "--port", "0", twist=ASYNCIO)
    assert code == 1
    why = "connection refused; is nats-server -js there?"
    assert err == f"broadcast: --nats: nats://127.0.0.1:{port}: {why}\n"
    assert "CRITICAL" not in out


def test_a_server_behind_silent_ones_is_found(daemon: Start, server: str) -> None:
    """Addresses that take a connection and say nothing may come before it."""
    silent = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    urls = [f"nats://127.0.0.1:{each.getsockname()[1]}" for each in silent]
    try:
        here = daemon("--nats", ",".join([*urls, server]), "--room", "behind")
        here.out.wait_for(r"in the room behind at nats://\S+ as \S+, 1 daemon: epoch")
    finally:
        for each in silent:
            each.close()


def test_an_old_server_is_one_line() -> None:
    """Servers before 2.10.23 have lost streams by mere crashes."""
    with socket.create_server(("127.0.0.1", 0)) as old:

        def serve() -> None:
            joined, _ = old.accept()
            with joined:
                joined.sendall(
                    b'INFO {"server_id":"x","version":"2.9.10","proto":1,'
                    b'"headers":true,"max_payload":1048576}\r\n'
                )
                while data := joined.recv(4096):
                    if b"PING" in data:
                        joined.sendall(b"PONG\r\n")

        threading.Thread(target=serve, daemon=True).start()
        where = f"nats://127.0.0.1:{old.getsockname()[1]}"
        code, _, err = refused_start("--nats", where, "--port", "0", twist=ASYNCIO)
    assert (code, err) == (
        1,
        f"broadcast: --nats: {where}: nats-server 2.9.10 is too old;"
        " run 2.10.23 or later\n",
    )


def test_a_server_that_asks_for_a_login(daemon: Start, tmp_path: Path) -> None:
    """It has it from the URL, and no line tells it; without, that is one line."""
    login = "authorization { user: ann, password: sesame }"
    with Servers(tmp_path, 1, login) as servers:
        options = ("--nats", servers.urls, "--port", "0")
        code, _, err = refused_start(*options, twist=ASYNCIO)
        hint = "give --nats-creds, or user:password@ in the URL"
        assert code == 1
        assert err.endswith(f"; {hint}\n")
        here = daemon("--nats", servers.urls.replace("//", "//ann:sesame@"))
        here.stop()
        assert not [line for line in here.out.lines if "sesame" in line]


def test_other_terms_are_refused(daemon: Start, server: str) -> None:
    """A daemon with another --max-line can't be in a room in which one lives."""
    room = ("--nats", server, "--room", "terms")
    daemon(*room)
    code, _, err = refused_start(
        *room, "--max-line", "1000", "--port", "0", twist=ASYNCIO
    )
    assert code == 1
    assert err.startswith("broadcast: --nats: the daemon ")
    assert "--max-line 8192" in err
    assert "--max-line 1000" in err
    assert err.count("\n") == 1
