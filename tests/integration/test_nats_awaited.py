"""A daemon with ``--nats`` whose room is not to be had ends as any other does."""

import os
from pathlib import Path

import pytest

from soak.servers import program
from tests.support.daemon import refused_start

pytestmark = pytest.mark.skipif(program() is None, reason="there is no nats-server")

ASYNCIO = ("--reactor=asyncio",)


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
