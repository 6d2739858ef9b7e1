"""Text files: what is read, and what is refused in one line, at once."""

import os
import re
import socket
import threading
from pathlib import Path

import pytest

from broadcast.base.files import (
    is_named_pipe,
    is_open_to_others,
    read_text,
    text_or_file,
)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        ("Grüße\n".encode(), "Grüße\n"),
        (b"\xef\xbb\xbf[server]\n", "[server]\n"),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
    ],
)
def test_a_file_is_read(tmp_path: Path, data: bytes, text: str) -> None:
    """Line ends of any system are one; the mark that some editors write is dropped."""
    path = tmp_path / "file"
    path.write_bytes(data)
    assert read_text(str(path)) == text


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("[server]\n".encode("utf-16"), "it is UTF-16"),
        (b"\xfe\xff" + "[server]\n".encode("utf-16-be"), "it is UTF-16"),
        ("[server]\n".encode("utf-32"), "it is UTF-32"),
        ("[server]\n".encode("utf-16-le"), "it has NUL bytes, as UTF-16 has"),
        ("Grüße".encode("latin-1"), "it is not UTF-8"),
    ],
)
def test_another_encoding_is_told(tmp_path: Path, data: bytes, why: str) -> None:
    """The refusal says what the file is, and what to do with it."""
    path = tmp_path / "file"
    path.write_bytes(data)
    told = re.escape(f"can't read {path}: {why}; save it as UTF-8")
    with pytest.raises(ValueError, match=f"^{told}$"):
        read_text(str(path))


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes to is refused at once; a folder and a socket too."""
    pipe, where = tmp_path / "pipe", tmp_path / "socket"
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(where))
        for path, why in (
            (pipe, "it is no file; name a regular file"),
            (tmp_path, "is a directory; name a file that can be read"),
            (where, "no such device or address; name a file that can be read"),
            (tmp_path / "none", "no such file or directory; name a file that can be"),
        ):
            with pytest.raises(ValueError, match=re.escape(f"{path}: {why}")):
                read_text(str(path))
    assert is_named_pipe(str(pipe))
    assert not is_named_pipe(str(tmp_path))
    assert not is_named_pipe(str(tmp_path / "none"))


def test_a_pipe_of_a_shell_is_read() -> None:
    """``--users <(gpg -d users.gpg)`` is read to its end, however late that comes."""
    ear, mouth = os.pipe()

    def write() -> None:
        with open(mouth, "wb") as pipe:
            pipe.write(b"words")

    writer = threading.Timer(0.05, write)  # once somebody waits for it
    writer.start()
    try:
        assert not is_named_pipe(f"/dev/fd/{ear}")
        assert read_text(f"/dev/fd/{ear}") == "words"
    finally:
        writer.join()
        os.close(ear)


def test_the_null_device_is_an_empty_file() -> None:
    """Other devices are refused: one of them never ends."""
    assert read_text(os.devnull) == ""
    with pytest.raises(ValueError, match="it is no file"):
        read_text("/dev/zero")


def test_a_text_after_an_at_sign_is_a_files(tmp_path: Path) -> None:
    """The file's text loses the line ends at its end, and nothing else."""
    path = tmp_path / "words"
    path.write_bytes("\ufeff  Grüße\n\nan alle \n\n".encode())
    assert text_or_file(f"@{path}") == "  Grüße\n\nan alle "
    assert text_or_file(f" @{path}") == f" @{path}"
    with pytest.raises(ValueError, match=r"^'@' names no file; give @FILE$"):
        text_or_file("@")


@pytest.mark.parametrize(
    ("mode", "is_open"),
    [(0o600, False), (0o640, False), (0o644, True), (0o602, True)],
)
def test_a_file_that_is_open_to_others(
    tmp_path: Path, mode: int, is_open: bool
) -> None:
    """A group may read a secret; every account of the machine may not."""
    path = tmp_path / "secret"
    path.touch()
    path.chmod(mode)
    assert is_open_to_others(str(path)) == is_open
    assert not is_open_to_others(str(tmp_path / "none"))
