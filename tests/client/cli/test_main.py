"""From a command line to an exit code, in one process; nobody is reached."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broadcast.client.cli.completion import script_for
from broadcast.client.cli.main import main


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of whoever runs the tests: no settings, and no terminal."""
    for name in [*os.environ]:
        if name.startswith(("BCAST_", "XDG_")):
            monkeypatch.delenv(name)
    for name in ("HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO())


@contextmanager
def broken_stdout() -> Iterator[None]:
    """A stdout that nobody reads any more."""
    kept = os.dup(1)
    read, write = os.pipe()
    os.close(read)
    os.dup2(write, 1)
    os.close(write)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_need_no_settings(
    shell: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A shell that starts with a broken config file gets its completions whole."""
    monkeypatch.setenv("BCAST_CONFIG", str(tmp_path / "none"))
    assert main(["completion", shell]) == 0
    assert capfd.readouterr() == (script_for(shell), "")


def test_completions_that_nobody_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """As for any output, a reader that goes is no failure."""
    with broken_stdout():
        assert main(["completion", "bash"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", [["send", "x"], ["tail"], ["connect"]])
def test_missing_extra_is_one_line(
    command: list[str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A missing extra is told like a server that cannot be reached."""
    monkeypatch.setitem(sys.modules, "wsproto", None)
    assert main([*command, "--url", "ws://h"]) == 3
    expected = "bcast-client: ws:// and wss:// need wsproto; pip install wsproto\n"
    assert capfd.readouterr() == ("", expected)


@pytest.mark.parametrize("command", [["send", "x"], ["tail"]])
def test_exit_code_comes_back(
    command: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A program that calls ``main`` gets the code, and one line is on stderr."""
    path = tmp_path / "none"
    assert main([*command, "--url", f"unix:{path}"]) == 3
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"bcast-client: can't connect to {path}: ")


def test_arguments_are_the_programs(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a list of words those of the process count, and its environment."""
    monkeypatch.setattr("sys.argv", ["bcast-client", "tail"])
    monkeypatch.setenv("BCAST_COLOR", "blue")
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    assert "--color: 'blue'" in capfd.readouterr().err
