"""Input and output that other programs left in a state of their own."""

import fcntl
import os
import subprocess
import sys
import threading
from functools import partial

import pytest

from tests.integration.client.conftest import RoomThread
from tests.support.client.command import environment, run_client

CLIENT = (sys.executable, "-m", "broadcast.client.cli.main")


def unblock(fd: int) -> None:
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_NONBLOCK)


@pytest.mark.parametrize("command", ["send", "connect"])
def test_stdin_that_does_not_block(command: str, room: RoomThread, home: str) -> None:
    """A pause in a non-blocking stdin is no end of it: all three lines are said."""
    read, write = os.pipe()
    unblock(read)
    with subprocess.Popen(
        [*CLIENT, command, "-p", str(room.room.port), "-n", "bob"],
        env=environment(home),
        stdin=read,
        stdout=subprocess.PIPE,
    ) as process:
        os.close(read)
        for number, text in enumerate((b"one\n", b"two\n", b"three\n")):
            os.write(write, text)
            ready = threading.Event()
            while len(room.room.log) <= number:
                assert not ready.wait(0.01)
                assert process.poll() is None
        os.close(write)
        process.communicate(timeout=15)
        assert process.returncode == 0
    assert [line["text"] for line in room.room.log] == ["one", "two", "three"]


@pytest.mark.parametrize("which", ["stdout", "stderr"])
def test_output_that_does_not_block(which: str, room: RoomThread, home: str) -> None:
    """A slow reader of a non-blocking pipe gets all of it."""
    read, write = os.pipe()
    unblock(write)
    texts = [f"{number} " + "x" * 2000 for number in range(200)]
    if which == "stdout":
        for text in texts:
            room.do(partial(room.room.say, "eve", text))
        command = ["tail", "-n", "200", "--no-follow"]
    else:
        command = ["send"]
        room.room.max_line = 100
    with subprocess.Popen(
        [*CLIENT, *command, "-p", str(room.room.port)],
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=write if which == "stdout" else None,
        stderr=write if which == "stderr" else None,
    ) as process:
        os.close(write)
        feed = b"" if which == "stdout" else "\n".join(texts).encode()
        feeding = threading.Thread(target=process.communicate, args=(feed,))
        feeding.start()
        with open(read, "rb") as reader:
            printed = reader.read()
        feeding.join(15)
        assert process.wait(15) == (0 if which == "stdout" else 4)
    assert printed.count(b"\n") == 200


def test_stdin_that_cannot_be_read(room: RoomThread, home: str) -> None:
    """A stdin that can only be written is exit 1 and one line, not an empty input."""
    output = os.open(f"{home}/file", os.O_WRONLY | os.O_CREAT)
    done = subprocess.run(
        [*CLIENT, "send", "-p", str(room.room.port)],
        env=environment(home),
        stdin=output,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    os.close(output)
    expected = (
        "bcast-client: can't read standard input: Bad file"
        " descriptor; give it in a pipe or a file\n"
    )
    assert (done.returncode, done.stderr) == (1, expected)


def test_byte_order_marks(room: RoomThread, home: str) -> None:
    """PowerShell's first bytes are not said, and hide no command."""
    where = ("-p", str(room.room.port))
    assert run_client("send", *where, home=home, stdin="\ufeffone\n").returncode == 0
    done = run_client("connect", *where, home=home, stdin="\ufeff/who\n")
    assert "tester (1 here)" in done.stdout
    assert run_client("send", *where, "\ufefftwo", home=home).returncode == 0
    wide = run_client("send", *where, home=home, stdin="\ufeffx\n".encode("utf-16-le"))
    said = (
        "bcast-client: can't read standard input: the input is UTF-16;"
        " convert it to UTF-8\n"
    )
    assert (wide.returncode, wide.stderr) == (1, said)
    assert [line["text"] for line in room.room.log] == ["one", "two"]


def test_arguments_in_another_encoding(room: RoomThread, home: str) -> None:
    """Bytes that mean nothing in this locale are refused, and never said as ``?``."""
    done = subprocess.run(
        [*CLIENT, "send", "-p", str(room.room.port), b"caf\xe9"],
        env=environment(home, {"LC_ALL": "C.UTF-8"}),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    said = (
        "bcast-client: 'caf\\udce9' is not in the encoding of this locale; use UTF-8\n"
    )
    assert (done.returncode, done.stderr) == (2, said)
    assert room.room.log == []
