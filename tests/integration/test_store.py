"""A daemon with ``--store``: restarts, a full disk, and files that can't be used."""

import re
import resource
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.daemon import DEADLINE, Daemon, refused_start
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.manager import NotifySocket

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]

ROOM = "room.db"


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Name a file that isn't there yet."""
    return str(tmp_path / ROOM)


def join(client: LineClient, name: str, key: str = "") -> tuple[str, int]:
    """Join, and return epoch and id of the greeting."""
    client.send("/format json", f"/name {name} {key}".rstrip())
    welcome = client.await_event("welcome")
    return str(welcome["epoch"]), int(welcome["id"])


def said_since(client: LineClient, epoch: str, id: int) -> tuple[object, list[str]]:
    """Return what is missing, and the lines, after a position."""
    client.send(f"/since {epoch}:{id}")
    missing = client.await_event("replay")["missing"]
    lines = []
    while (event := client.event())["event"] != "replayed":
        lines.append(f"{event['id']} {event['name']}: {event['text']}")
    return missing, lines


def limit_files(daemon: Daemon, size: int) -> None:
    """Let the daemon's files grow up to a size: a disk that is full, and isn't."""
    _, hard = resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (size, hard))


def test_a_killed_daemon_has_lost_nothing(
    daemon: Start, connect: Connect, path: str
) -> None:
    """Epoch, ids, lines and tokens are the same after kill -9."""
    first = daemon("--store", path)
    client = connect(first)
    epoch, id = join(client, "Zoë", "a-secret-key")
    client.send("/say t1 one", "two", "/say t2 drei", "/ping")
    assert [client.await_event("ack")["id"] for _ in range(2)] == [id + 1, id + 3]
    client.await_event("pong")
    first.kill()
    client = connect(daemon("--store", path))
    assert join(client, "Zoë", "a-secret-key") == (epoch, id + 3)
    lines = ["1 Zoë: one", "2 Zoë: two", "3 Zoë: drei"]
    assert said_since(client, epoch, id) == (0, lines)
    client.send("/say t2 drei", "/say t3 four")
    double, new = client.await_event("ack"), client.await_event("ack")
    assert (double["id"], double["double"]) == (id + 3, True)
    assert (new["id"], new.get("double")) == (id + 4, None)


def test_what_is_said_last_is_kept(daemon: Start, connect: Connect, path: str) -> None:
    """A sender's lines are on the disk when the daemon that heard them has stopped."""
    first = daemon("--store", path)
    client = connect(first)
    client.send("/name al", *map(str, range(5000)))
    client.wire.end()
    while client.raw_line():
        pass
    first.stop()
    client = connect(daemon("--store", path))
    assert join(client, "bo")[1] == 5000


def test_a_relays_lines_are_kept(daemon: Start, connect: Connect, path: str) -> None:
    """They have ids, and nobody's name: the next start goes on from them."""
    first = daemon("--store", path, "--relay")
    client, other = connect(first), connect(first)
    first.out.wait_for("somebody joined", 2)
    client.send("one", "", "/two")
    assert [other.line() for _ in range(3)] == ["one", "", "/two"]
    first.kill()
    client = connect(daemon("--store", path))
    epoch, id = join(client, "al")
    assert id == 3
    assert said_since(client, epoch, 1)[0] == 0


def not_ours(path: str) -> None:
    """Have a file that is none of SQLite's."""
    Path(path).write_text("Dear diary\n" * 1000)


def cut_short(path: str) -> None:
    """Have a file of which the end is gone."""
    with Daemon("--store", path):
        pass
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[: len(whole) // 3])


def of_a_newer_version(path: str) -> None:
    """Have a file whose layout is not known yet."""
    with Daemon("--store", path):
        pass
    with sqlite3.connect(path) as file:
        file.execute("UPDATE meta SET value = 1000 WHERE key = 'version'")
    file.close()


def no_folder(path: str) -> None:
    """Have nothing, not even the folder."""
    Path(path).parent.rmdir()


def a_folder(path: str) -> None:
    """Have a folder in the file's place."""
    Path(path).mkdir()


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (not_ours, "move the file away"),
        (cut_short, "move the file away"),
        (of_a_newer_version, "newer version of broadcast; run that"),
        (no_folder, "name a file in a folder that is there"),
        (a_folder, "is no file; name another one"),
    ],
)
def test_a_file_that_can_not_be_used_is_one_line(
    make: Callable[[str], None], hint: str, path: str
) -> None:
    """The line names the file and says what to do; the daemon has not started."""
    make(path)
    code, out, err = refused_start("--port", "0", "--store", path)
    assert code == 1
    assert "listening" not in out
    assert re.fullmatch(
        rf"broadcast: --store: [^\n]*{re.escape(path)}[^\n]*{hint}[^\n]*\n", err
    )


def test_a_second_daemon_is_kept_out(
    daemon: Start, connect: Connect, path: str
) -> None:
    """It ends with one line; the first goes on, and so may a second when that ends."""
    first = daemon("--store", path)
    code, _, err = refused_start("--port", "0", "--store", path)
    assert code == 1
    assert re.fullmatch(
        r"broadcast: --store: \S+ is in use by a running daemon; [^\n]+\n", err
    )
    client = connect(first)
    join(client, "al")
    client.send("/say t one")
    assert client.await_event("ack")["id"] == 1
    first.stop()
    daemon("--store", path)


@pytest.fixture
def stuck(path: str) -> Iterator[tuple[Daemon, NotifySocket]]:
    """Give a daemon whose disk is full, and what it tells its service manager."""
    with NotifySocket() as manager:
        daemon = Daemon("--store", path, "--drain", "1", env=manager.env)
        try:
            manager.until(READY="1")
            yield daemon, manager
        finally:
            daemon.kill()


def test_a_full_disk_loses_nothing(
    stuck: tuple[Daemon, NotifySocket], connect: Connect
) -> None:
    """Nobody is answered until there is room; then all is said, in order.

    The log and the service manager are told why.
    """
    daemon, manager = stuck
    join(sender := connect(daemon), "al")
    join(hearer := connect(daemon), "bo")
    limit_files(daemon, 20_000)
    text = "x" * 1000
    sender.send(*(f"/say t{n} {n} {text}" for n in range(40)))
    manager.until(STATUS="disk I/O error, 2 here")
    daemon.out.wait_for(r"\[ERROR\] nothing can be written: disk I/O error; everybody")
    limit_files(daemon, resource.RLIM_INFINITY)
    acks = [sender.await_event("ack") for _ in range(40)]
    assert [(ack["token"], ack["id"]) for ack in acks] == [
        (f"t{n}", n + 1) for n in range(40)
    ]
    heard = [hearer.await_event("message") for _ in range(40)]
    assert [(m["id"], m["text"]) for m in heard] == [
        (n + 1, f"{n} {text}") for n in range(40)
    ]
    manager.until(STATUS="2 here")
    daemon.out.wait_for(r"\[WARNING\] lines can be written again")


def test_a_daemon_with_a_full_disk_stops_in_time(
    stuck: tuple[Daemon, NotifySocket], connect: Connect
) -> None:
    """SIGTERM ends it after ``--drain``; what was not acknowledged was not heard."""
    daemon, manager = stuck
    join(sender := connect(daemon), "al")
    join(hearer := connect(daemon), "bo")
    limit_files(daemon, 4096)
    sender.send("/say t " + "x" * 8000, "/ping")
    manager.until(STATUS="disk I/O error, 2 here")
    began = time.monotonic()
    daemon.signal()
    assert daemon.wait() == -signal.SIGTERM
    assert 1 <= time.monotonic() - began < DEADLINE / 2
    rest = bytearray()
    for client in (sender, hearer):
        with suppress(ConnectionResetError):
            while data := client.wire.receive():
                rest += data
    assert b'"message"' not in rest
    assert b'"ack"' not in rest
    assert b'"pong"' not in rest


def test_a_file_that_is_moved_away_ends_the_daemon(
    daemon: Start, connect: Connect, path: str
) -> None:
    """Nothing is acknowledged that nobody would find; members are sent away."""
    running = daemon("--store", path)
    client = connect(running)
    join(client, "al")
    Path(path).rename(f"{path}.old")
    client.send("/say t one")
    assert client.await_event("bye")["code"] == "restarted"
    assert running.wait() == 1
    assert running.err.lines == []
    running.out.wait_for(r"\[CRITICAL\] stopping: --store: \S+ was moved or deleted")


def page(client: LineClient, command: str) -> tuple[list[int], dict[str, object]]:
    """Return the ids of the lines of an answer, and how it ends."""
    client.send(command)
    start = client.await_event("replay")
    ids = []
    while (event := client.event())["event"] == "message":
        assert event["replayed"]
        assert event["text"].startswith(f"line {event['id']} ")
        ids.append(event["id"])
    assert event["event"] == "replayed"
    assert start["count"] == len(ids)
    return ids, event | {"missing": start["missing"]}


SMALL = ("--log-size", "64K", "--rate", "0")


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a store that has far more than a small memory."""
    folder = tmp_path_factory.mktemp("long")
    with Daemon("--store", str(folder / ROOM), *SMALL) as daemon:
        client = LineClient(connect_tcp(daemon.port))
        client.send("/name al", *(f"line {n} {'x' * 90}" for n in range(1, 5001)))
        client.since_ping()
        client.close()
    return folder


@pytest.fixture
def long_log(
    daemon: Start, connect: Connect, long_file: Path, tmp_path: Path
) -> Callable[..., LineClient]:
    """Start a daemon on a copy of it, with options, and join."""
    folder = shutil.copytree(long_file, tmp_path / "copy")

    def start(*more: str) -> LineClient:
        client = connect(daemon("--store", str(folder / ROOM), *SMALL, *more))
        assert join(client, "bo")[1] == 5000
        return client

    return start


def test_all_that_is_stored_is_paged_back_to(
    long_log: Callable[..., LineClient],
) -> None:
    """``/history`` goes from page to page to the first line; none is there twice."""
    client = long_log("--history", "all")
    ids, end = page(client, "/history 1000")
    while end["more"]:
        older, end = page(client, f"/history 1000 {end['first']}")
        assert end["missing"] == 0
        ids = older + ids
    assert ids == list(range(1, 5001))


def test_a_long_absence_is_made_good(long_log: Callable[..., LineClient]) -> None:
    """``/since`` goes on from position to position, to what is in memory alone."""
    client = long_log("--history", "all")
    _, end = page(client, "/history 0")
    epoch = str(end["position"]).partition(":")[0]
    ids, end = page(client, f"/since {epoch}:7")
    assert end["missing"] == 0
    while end["more"]:
        newer, end = page(client, f"/since {end['position']}")
        assert end["missing"] == 0
        ids += newer
    assert ids == list(range(8, 5001))
    ids, end = page(client, "/since another:3000")
    assert (ids, end["missing"], end["more"]) == (ids[:1000], None, True)
    assert ids[0] == 1


def test_nobody_goes_back_further_than_history(
    long_log: Callable[..., LineClient],
) -> None:
    """``--history`` counts stored lines too; those before it are missing."""
    client = long_log("--history", "3000")
    ids, end = page(client, "/since another:1")
    assert (ids[0], end["missing"], end["more"]) == (2001, None, True)
    epoch = str(end["position"]).partition(":")[0]
    ids, end = page(client, f"/since {epoch}:1500")
    assert (ids[0], end["missing"], end["more"]) == (2001, 500, True)
    ids, end = page(client, f"/history 100 {epoch}:2051")
    assert ids == list(range(2001, 2051))
    assert (end["missing"], end["more"]) == (50, False)
    ids, end = page(client, f"/history 100 {epoch}:1500")
    assert (ids, end["missing"], end["more"]) == ([], 100, False)


def test_no_history_is_nothing_however_much_is_stored(
    long_log: Callable[..., LineClient],
) -> None:
    """With ``--history 0`` nobody is given anything older, by any command."""
    client = long_log("--history", "0")
    ids, end = page(client, "/history 1000")
    assert (ids, end["more"]) == ([], False)
    epoch = str(end["position"]).partition(":")[0]
    assert page(client, f"/history 9 {epoch}:3000")[0] == []
    ids, end = page(client, f"/since {epoch}:3000")
    assert (ids, end["missing"], end["more"]) == ([], 2000, False)
    assert page(client, "/since another:1")[0] == []


def test_answers_keep_their_order_behind_a_page(
    long_log: Callable[..., LineClient],
) -> None:
    """Whatever is told after a page that is read comes after it; a page is whole."""
    client = long_log("--history", "all")
    client.send("/history 1000", "/ping a", "later", "/history 900", "/ping b")
    events = client.events_until("pong", token="b")
    told = [event["event"] for event in events if not event.get("replayed")]
    assert [each for each in told if each != "message"] == [
        *("replay", "replayed", "pong"),
        *("replay", "replayed", "pong"),
    ]
    assert told.index("message") > told.index("replayed")
    client.send("/format text", "/history 1000", "/quit")
    rest = client.rest().decode().split("\n")
    assert [line for line in rest if line.startswith("* ")][-4:] == [
        "* the last 1000 lines:",
        rest[-4],
        "* that was the last 1000 lines",
        "* Bye",
    ]


def test_a_page_that_nobody_reads_goes_with_its_reader(
    long_log: Callable[..., LineClient],
) -> None:
    """Who breaks off while its pages are read costs others nothing."""
    client = long_log("--history", "all")
    client.send(*["/history 1000"] * 30)
    client.reset()
