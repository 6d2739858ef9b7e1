"""A daemon with ``--nats`` whose room is not to be had ends as any other does."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from soak.servers import Servers, program
from tests.support.daemon import DEADLINE, Output, refused_start

pytestmark = pytest.mark.skipif(program() is None, reason="there is no nats-server")

ASYNCIO = ("--reactor=asyncio",)


@contextmanager
def awaiting(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Output]]:
    """Start a daemon for a room that a lone nats-server can't keep."""
    options = ("--port", "0", "--nats-replicas", "3", "--lame-duck", "600")
    with Servers(folder) as servers:
        process = subprocess.Popen(
            [sys.executable, "-m", "broadcast", "--nats", servers.urls, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        out = Output(process.stdout)
        try:
            out.wait_for("JetStream can't keep the room yet")
            yield process, out
        finally:
            process.kill()
            process.wait(DEADLINE)
            out.finish()


def test_signals_are_handled_while_nats_is_awaited(tmp_path: Path) -> None:
    """SIGHUP reads the files, and SIGTERM ends it: nobody takes it for ready."""
    with awaiting(tmp_path) as (process, out):
        process.send_signal(signal.SIGHUP)
        out.wait_for("settings read again: nothing changed")
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == -signal.SIGTERM
    assert not [line for line in out.lines if "CRITICAL" in line or "ready" in line]


def test_a_second_signal_is_no_fault_of_the_daemons(tmp_path: Path) -> None:
    """It finds a daemon that stops."""
    with awaiting(tmp_path) as (process, out):
        process.send_signal(signal.SIGTERM)
        out.wait_for("shutting down|no more ready")
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == -signal.SIGTERM
    assert not [line for line in out.lines if "CRITICAL" in line]


def test_a_failed_start_is_no_lame_duck() -> None:
    """Nobody was to be sent elsewhere, so nothing is waited for."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        where = f"127.0.0.1:{port}"
        code, out, err = refused_start(
            *("--nats", where, "--port", "0", "--lame-duck", "600"), twist=ASYNCIO
        )
    hint = "is nats-server -js there?"
    assert (code, "ready" in out) == (1, False)
    assert err == f"broadcast: --nats: nats://{where}: connection refused; {hint}\n"


@pytest.mark.parametrize("option", ["--nats-creds", "--nats-ca"])
@pytest.mark.parametrize("is_check", [True, False])
def test_a_file_that_blocks_is_one_line(
    option: str, is_check: bool, tmp_path: Path
) -> None:
    """A named pipe would wait for its writer; ``--check`` looks at these files too."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    given = ("--nats", "127.0.0.1:1", option, str(pipe))
    done = refused_start(*given, *["--check"] * is_check, twist=ASYNCIO)
    hint = "name a file that can be read"
    assert done == (1, "", f"broadcast: {option}: {pipe}: it is a pipe; {hint}\n")


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("--nats-creds", "it has no claims (JWT) of a user; nsc generate creds"),
        ("--nats-ca", "it has no certificate; name one with certificates in PEM"),
    ],
)
def test_a_check_reads_the_files(option: str, why: str, tmp_path: Path) -> None:
    """As the start does."""
    empty = tmp_path / "empty"
    empty.touch()
    given = ("--nats", "127.0.0.1:1", option, str(empty), "--check")
    code, _, err = refused_start(*given)
    assert code == 1
    assert err.startswith(f"broadcast: {option}: {empty}: {why}")
    assert err.count("\n") == 1
