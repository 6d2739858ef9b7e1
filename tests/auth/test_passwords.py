"""The files that say who may come in are read whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from broadcast.auth.passwords import (
    FileError,
    HashError,
    make_hash,
    nobodys_hash,
    read_hash,
    read_tokens,
    read_users,
    write_whole,
)


def test_a_hash_knows_its_password() -> None:
    """The right password matches, after a turn through text; others don't."""
    hash = read_hash(str(make_hash("sésame-ouvre".encode())))
    assert hash.matches("sésame-ouvre".encode())
    assert not hash.matches(b"sesame-ouvre")
    assert not nobodys_hash().matches(b"")


def test_the_same_password_twice_looks_different() -> None:
    """Each hash has a salt of its own."""
    assert str(make_hash(b"password", 2)) != str(make_hash(b"password", 2))


SALT_AND_HASH = "sYpGoHqjrF3cXYIhCq9ooA==$9KHZOKV57JIpVroep8FKKpBmPCPAF3cPgl00ExBnkgs="
GOOD = f"scrypt$2$8$5${SALT_AND_HASH}"  # of "password"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "password",
        "scrypt$2$8$5",
        GOOD.replace("scrypt", "bcrypt"),
        f"scrypt$x$8$5${SALT_AND_HASH}",
        f"scrypt$3$8$5${SALT_AND_HASH}",
        f"scrypt$1$8$5${SALT_AND_HASH}",
        f"scrypt$2$0$5${SALT_AND_HASH}",
        f"scrypt$1048576$8$1${SALT_AND_HASH}",
        f"scrypt$2$8$4194304${SALT_AND_HASH}",
        f"scrypt$2$999999999$1${SALT_AND_HASH}",
        f"scrypt$2$8$5${SALT_AND_HASH}!",
        f"scrypt$2$8$5${SALT_AND_HASH}$",
        "scrypt$2$8$5$AAAA$AAAA",
        "scrypt$²$8$5$AAAA$AAAA",
    ],
)
def test_a_bad_hash_is_refused(text: str) -> None:
    """An invalid or too costly hash is refused when it is read."""
    with pytest.raises(HashError):
        read_hash(text)


def test_tokens_and_comments(tmp_path: Path) -> None:
    """A secret a line; comments, blanks, CR and a BOM don't matter."""
    path = tmp_path / "tokens"
    path.write_bytes(b"\xef\xbb\xbf# class 7b\r\n\r\n open-sesame \r\n#old\nsecond-one")
    assert read_tokens(str(path)) == ("open-sesame", "second-one")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "has no secret; put one in it, a line each"),
        (b"# nothing\n", "has no secret; put one in it, a line each"),
        (b"ok-secret\nshort\n", "line 2: no secret; give 8 or more"),
        (b"two words here\n", "line 1"),
        (b"bell\x07bell-bell\n", "line 1"),
        (b"\xfcber-alles\n", "it is not UTF-8"),
        (None, "no such file"),
    ],
)
def test_bad_tokens(tmp_path: Path, data: bytes | None, words: str) -> None:
    """An error names the line, and doesn't show the secret."""
    path = tmp_path / "tokens"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(FileError) as caught:
        read_tokens(str(path))
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "short" not in str(caught.value).replace("shorter", "")


def test_users(tmp_path: Path) -> None:
    """Names are found by their folds, and keep their own spelling."""
    path = tmp_path / "users"
    path.write_text(f"# staff\nAlice:{GOOD}\n")
    users = read_users(str(path))
    assert users["alice"][0] == "Alice"
    assert users["alice"][1].matches(b"password")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("alice\n", "line 1: not scrypt"),
        (f"alice:{GOOD}\nALICE:{GOOD}\n", "line 2: ALICE is here twice"),
        (f"server:{GOOD}\n", "line 1: not allowed as a name: it is reserved; "),
        (f"a b:{GOOD}\n", "line 1: not allowed as a name: a name has no spaces; "),
        (f":{GOOD}\n", "line 1: not allowed as a name: a name is 1 to 32 letters"),
    ],
    ids=["no hash", "a double", "reserved", "two words", "empty"],
)
def test_bad_users(tmp_path: Path, text: str, words: str) -> None:
    """An error names the line."""
    path = tmp_path / "users"
    path.write_text(text)
    with pytest.raises(FileError, match="line"):
        read_users(str(path))
    with pytest.raises(FileError) as caught:
        read_users(str(path))
    assert words in str(caught.value)


def test_writing_is_all_or_nothing(tmp_path: Path) -> None:
    """A write that fails leaves the old file, and nothing beside it."""
    path = tmp_path / "users"
    write_whole(str(path), "one\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(UnicodeEncodeError):
        write_whole(str(path), "\ud800")
    assert path.read_text() == "one\n"
    assert os.listdir(tmp_path) == ["users"]


def test_writing_follows_a_link_and_keeps_the_group(tmp_path: Path) -> None:
    """The file that a link names is replaced, not the link; 0640 stays 0640."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_whole(str(link), "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    """A pipe, or a device such as /dev/null, is never made a file of."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(OSError, match="Not a regular file"):
            write_whole(str(path), "x\n")
    assert pipe.is_fifo()
    assert sorted(tmp_path.iterdir()) == [link, pipe]
