"""Bans: hosts, networks, names; for a while; across restarts."""

import errno
import json
import os
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from twisted.logger import capturedLogs

from broadcast.auth.bans import MAX_PAST, RETRY, Ban, BanError, Bans
from broadcast.auth.passwords import FileError
from broadcast.auth.policy import Policy
from tests.support.hall import Hall


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    ("whom", "address", "is_banned"),
    [
        ("192.0.2.7", "192.0.2.7:1", True),
        ("192.0.2.7", "192.0.2.8:1", False),
        ("192.0.2.7", "[::ffff:192.0.2.7]:1", True),
        ("::ffff:192.0.2.7", "[::ffff:192.0.2.7]:1", True),
        ("::ffff:192.0.2.7", "192.0.2.7:1", True),
        ("::ffff:192.0.2.0/120", "[::ffff:192.0.2.9]:1", True),
        ("fe80::1", "[fe80::1%eth0]:1", True),
        ("192.0.2.0/24", "192.0.2.200:1", True),
        ("192.0.2.9/24", "192.0.3.1:1", False),
        ("2001:db8::/32", "[2001:db8::1]:1", True),
        ("2001:db8::1", "[2001:db8::2]:1", False),
        ("::1", "127.0.0.1:1", False),
        ("0.0.0.0/0", "unix:/run/x", False),
        ("alice", "192.0.2.7:1", False),
    ],
)
def test_hosts(clock: Clock, whom: str, address: str, is_banned: bool) -> None:
    """An address, or a network, however an address is written."""
    bans = Bans(clock.seconds)
    bans.add(whom, None, "")
    assert (bans.for_host(address) is not None) is is_banned


def test_many_bans_hold_nobody_up(clock: Clock) -> None:
    """A host is looked up once for each length of network, not for each ban."""
    bans = Bans(clock.seconds)
    for number in range(2000):
        bans.add(f"10.{number // 250}.{number % 250}.0/{24 + number % 3}", None, "")
    counted = CountingBans(bans)
    assert bans.for_host("192.0.2.1:1") is None
    assert counted.looks == 3


class CountingBans:
    """Counts how often bans are looked at."""

    def __init__(self, bans: Bans) -> None:
        self.looks = 0
        look = bans._standing

        def count(key: str) -> Ban | None:
            self.looks += 1
            return look(key)

        bans._standing = count  # type: ignore[method-assign]


def test_names_are_folded(clock: Clock) -> None:
    """A name is banned however it is spelt."""
    bans = Bans(clock.seconds)
    bans.add("Straße", None, "")
    assert bans.for_name("STRASSE")
    assert bans.for_name("strass") is None


def test_a_ban_ends(clock: Clock) -> None:
    """With a time, it is over by itself; then it is in no list and no file."""
    bans = Bans(clock.seconds)
    bans.add("alice", 60, "")
    bans.add("192.0.2.7", 60, "")
    clock.advance(59.9)
    assert bans.for_name("alice")
    assert bans.for_host("192.0.2.7:1")
    clock.advance(0.1)
    assert not bans.for_name("alice")
    assert not bans.for_host("192.0.2.7:1")
    assert list(bans) == []


def test_a_restart_forgets_nobody(clock: Clock, tmp_path: Path) -> None:
    """A ban that was written is read again: whom, until when, why."""
    path = str(tmp_path / "bans")
    bans = Bans(clock.seconds, path)
    bans.add("Alice", 60, "rude")
    bans.add("192.0.2.0/24", None, "")
    again = Bans(clock.seconds, path)
    assert list(again) == list(bans)
    again.remove("ALICE")
    assert [ban.whom for ban in Bans(clock.seconds, path)] == ["192.0.2.0/24"]


@pytest.mark.parametrize("name", ["ß" * 17, "İ" + "\u0334" * 3, "ℌello", "a-b.c_d"])
def test_what_is_saved_is_read(clock: Clock, tmp_path: Path, name: str) -> None:
    """Whatever name is banned: its fold, though it is no good name, is read again."""
    path = str(tmp_path / "bans")
    bans = Bans(clock.seconds, path)
    listed = bans.add(name, None, "").whom
    again = Bans(clock.seconds, path)
    assert again.for_name(name)
    again.remove(listed)
    assert list(again) == []


def test_a_name_that_is_an_address(clock: Clock, tmp_path: Path) -> None:
    """``name:`` bans who is called so, not who comes from there; in the file too."""
    path = str(tmp_path / "bans")
    Bans(clock.seconds, path).add("name:192.0.2.7", None, "")
    bans = Bans(clock.seconds, path)
    assert [ban.whom for ban in bans] == ["name:192.0.2.7"]
    assert bans.for_name("192.0.2.7")
    assert not bans.for_host("192.0.2.7:1")
    bans.add("192.0.2.7", None, "")
    bans.remove("name:192.0.2.7")
    assert not bans.for_name("192.0.2.7")
    assert bans.for_host("192.0.2.7:1")
    assert bans.add("name:Alice", None, "").whom == "alice"
    with pytest.raises(BanError, match="or a name"):
        bans.add("name:2001:db8::/32", None, "")


def test_an_older_file_is_read(clock: Clock, tmp_path: Path) -> None:
    """Names of another fold are folded anew; mapped addresses become IPv4."""
    saved = ("Hello", "s" * 34, "\u1160a\ufe0f", "::ffff:102:304/128")
    rows = [{"ban": whom} for whom in saved]
    path = tmp_path / "bans"
    lines = (json.dumps(row | {"until": None, "reason": ""}) for row in rows)
    path.write_text("\n".join(lines))
    bans = Bans(clock.seconds, str(path))
    assert [ban.whom for ban in bans] == ["hello", *saved[1:3], "1.2.3.4/32"]


def test_what_is_no_ban(clock: Clock) -> None:
    """Neither host nor name, or not there: refused, and nothing is written."""
    bans = Bans(clock.seconds)
    with pytest.raises(BanError):
        bans.add("two words", None, "")
    with pytest.raises(BanError):
        bans.remove("alice")


def test_a_full_disk_is_told(clock: Clock, tmp_path: Path) -> None:
    """The ban stands, and whoever made it learns that it is not written down."""
    bans = Bans(clock.seconds, str(tmp_path / "gone" / "bans"))
    with pytest.raises(OSError, match="No such file"):
        bans.add("alice", None, "")
    assert bans.for_name("alice")


@pytest.mark.parametrize(
    "line",
    [
        *("{", "[]", "{}", '"x"', "[" * 200_000),
        '{"ban":"a b","until":null,"reason":""}',
        '{"ban":"a/b","until":null,"reason":""}',
        '{"ban":"","until":null,"reason":""}',
        '{"ban":"a","until":1%s,"reason":""}' % ("0" * 400),
        '{"ban":"a","until":1e400,"reason":""}',
        '{"ban":"a","until":253402300800,"reason":""}',
        '{"ban":"a","until":NaN,"reason":""}',
    ],
    ids=range(12),
)
def test_a_broken_file_keeps_the_old_bans(
    clock: Clock, tmp_path: Path, line: str
) -> None:
    """An unreadable line is named in the error; no ban is forgotten."""
    path = tmp_path / "bans"
    bans = Bans(clock.seconds, str(path))
    bans.add("alice", None, "")
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(FileError, match="line 2: not a ban"):
        bans.reload()
    assert bans.for_name("alice")
    with pytest.raises(FileError):
        Bans(clock.seconds, str(path))


def test_the_banned_are_told_and_closed(clock: Clock) -> None:
    """By host and by name, before they join; others notice nothing."""
    bans = Bans(clock.seconds)
    hall = Hall(policy=Policy(bans))
    ear = hall.join("/name ear")
    ear.take()
    bans.add("Rude", None, "for a while")
    guest = hall.join("/format json", "/name RUDE")
    bye = json.loads(guest.lines()[0])
    assert (bye["code"], bye["reconnect"]) == ("banned", False)
    assert bye["text"] == "you are banned: for a while"
    bans.add("192.168.1.1", None, "")  # where StringTransport comes from
    assert hall.join().lines() == ["* you are banned"]
    assert ear.lines() == []
    ear.send("/name rude")
    assert ear.lines() == ["* error: that name is banned"]


@pytest.mark.parametrize("name", ["hello", "ℌello", "ｈello", "HELLO"])
def test_no_spelling_evades_a_ban(clock: Clock, name: str) -> None:
    """Whatever folds to a banned name is banned, coming and by /name."""
    bans = Bans(clock.seconds)
    bans.add("Hello", None, "")
    hall = Hall(policy=Policy(bans))
    guest = hall.join("/name guest")
    guest.take()
    guest.send(f"/name {name}")
    assert guest.lines() == ["* error: that name is banned"]
    assert hall.join(f"/name {name}").lines() == ["* you are banned"]


def test_a_name_of_the_banned_is_free(clock: Clock) -> None:
    """A refused member holds no name."""
    bans = Bans(clock.seconds)
    hall = Hall(policy=Policy(bans))
    bans.add("rude", 60, "")
    hall.join("/name rude")
    assert len(hall.room.roster) == 0


@pytest.mark.parametrize(
    "whom",
    [
        *("010.0.0.1", "1.2.3", "0x7f.1", "0X7F.0.0.1", "127.1", "10.0.0.1."),
        *("256.0.0.1", "1.2.3.4.5", "１.２.３", "fe80::1%eth0", "10.0.0.1%lo"),
        *("[::1]", "10.0.0.1:80", "10.0.0.0/33", "10.0.0.0/"),
    ],
)
def test_half_an_address_is_no_name(clock: Clock, whom: str) -> None:
    """An address that programs read differently is refused, in one line."""
    bans = Bans(clock.seconds)
    with pytest.raises(BanError, match="not an address") as refused:
        bans.add(whom, None, "")
    assert "\n" not in str(refused.value)
    assert list(bans) == []


@pytest.mark.parametrize("name", ["1.2.3", "127.1"])
def test_a_name_of_digits_and_dots(clock: Clock, tmp_path: Path, name: str) -> None:
    """With ``name:`` before it, it is banned as a name, and listed so."""
    path = str(tmp_path / "bans")
    Bans(clock.seconds, path).add(f"name:{name}", None, "")
    bans = Bans(clock.seconds, path)
    assert bans.for_name(name)
    assert [ban.whom for ban in bans] == [f"name:{name}"]
    bans.remove(f"name:{name}")
    assert list(bans) == []


YEARS = 10 * 365 * 86400.0


class Times:
    """A wall clock that can be set, and one that never goes back."""

    def __init__(self, path: Path) -> None:
        self.steady = Clock()
        self.offset = 1e9
        self.path = path / "folder" / "bans"
        self.path.parent.mkdir()

    def wall(self) -> float:
        return self.offset + self.steady.seconds()

    def bans(self) -> Bans:
        steady = self.steady
        return Bans(self.wall, str(self.path), steady)


@pytest.fixture
def times(tmp_path: Path) -> Times:
    return Times(tmp_path)


def test_the_wall_clock_may_be_set(times: Times) -> None:
    """A ban of an hour lasts an hour, though the clock goes ten years on and back.

    Changes, the list and SIGHUP meanwhile take nothing away.
    """
    bans = times.bans()
    bans.add("alice", 3600, "")
    times.offset += YEARS
    bans.add("bob", 3600, "")
    assert bans.reload() == "2 bans"
    assert [ban.until for ban in bans] == [times.wall() + 3600] * 2
    times.offset -= YEARS
    assert bans.reload() == "2 bans"
    assert bans.for_name("alice")
    times.steady.advance(3599)
    assert bans.for_name("bob")
    times.steady.advance(1)
    assert bans.reload() == "0 bans"


def test_a_start_in_the_wrong_year(times: Times) -> None:
    """A ban that is over when it is read stays in the file, and may stand again."""
    times.bans().add("alice", 3600, "")
    times.offset += YEARS
    bans = times.bans()
    assert list(bans) == []
    bans.add("bob", None, "")
    times.offset -= YEARS
    assert bans.for_name("alice")
    assert [ban.whom for ban in times.bans()] == ["alice", "bob"]


def test_the_file_does_not_grow(times: Times) -> None:
    """Of those that were over when they were read, the latest thousand are kept."""
    row = '{"ban":"n%d","until":%d,"reason":""}\n'
    times.path.write_text("".join(row % (n, n) for n in range(MAX_PAST + 500)))
    bans = times.bans()
    bans.add("alice", None, "")
    assert times.path.read_text().count("\n") == MAX_PAST + 1
    assert '"n499"' not in times.path.read_text()


def test_what_is_not_saved_holds(times: Times, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bans ordered, or taken back, on a full disk survive SIGHUP, and are saved later.

    The log says once that it fails, and once that it works again.
    """
    bans = times.bans()
    bans.add("alice", None, "")
    bans.add("bob", None, "")

    def no_room(path: str, text: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    with capturedLogs() as logs:
        with monkeypatch.context() as patch:
            patch.setattr("broadcast.auth.bans.write_whole", no_room)
            with pytest.raises(OSError, match="No space left"):
                bans.add("carol", 3600, "rude")
            with pytest.raises(OSError, match="No space left"):
                bans.remove("bob")
            assert bans.reload() == "2 bans, 2 changes not saved"
            times.steady.advance(RETRY)
            assert {ban.whom for ban in bans} == {"alice", "carol"}
        assert {ban.whom for ban in times.bans()} == {"alice", "bob"}
        times.steady.advance(RETRY)
    assert {ban.whom for ban in times.bans()} == {"alice", "carol"}
    assert bans.reload() == "2 bans"
    assert [event["log_format"] for event in logs] == [
        "the ban file can't be written: {reason}",
        "the ban file is written again",
    ]
