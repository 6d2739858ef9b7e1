"""The parts that the settings are made into."""

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent

from broadcast import __version__
from broadcast.base.settings import RoomSettings
from broadcast.base.work import Work
from broadcast.tap import (
    _certificates_for,
    _policy_for,
    _room_for,
    _warn_of_open_secrets,
)
from tests.support.settings import settings_of


def test_the_room_is_given_each_of_its_settings() -> None:
    """Whatever is chosen; and the name of the daemon with its version."""
    settings: Any = settings_of(
        *("--welcome", "Hi", "--max-line", "100", "--history", "7", "--echo"),
        *("--relay", "--rate", "3", "--burst", "4", "--max-members", "5"),
        *("--max-per-host", "6", "--name-prompt", "?", "--joined-text", "Hi, {name}"),
        *("--login-timeout", "9"),
    )
    policy = _policy_for(settings, Work(Clock()), MemoryReactorClock())
    room = _room_for(settings, policy, Work(Clock()), MemoryReactorClock()).settings
    default = RoomSettings()
    for name in {field.name for field in fields(RoomSettings)} - {"server"}:
        assert getattr(room, name) == getattr(settings, name) != getattr(default, name)
    assert room.server == f"broadcast/{__version__}"


def test_a_file_that_is_needed_is_told_by_its_option(tmp_path: Path) -> None:
    """A daemon without its certificates, secrets or bans does not start."""
    path = tmp_path / "none" / "file"
    missing = "no such file or directory"
    hint = "name a file that can be read"
    for option, told in (
        ("ban-file", f"{path}: {missing}; make its folder first"),
        ("token-file", f"can't read {path}: {missing}; {hint}"),
    ):
        settings: Any = settings_of(f"--{option}", str(path))
        with pytest.raises(SystemExit) as refused:
            _policy_for(settings, Work(Clock()), MemoryReactorClock())
        assert refused.value.code == f"broadcast: --{option}: {told}"
    settings = settings_of("--tls-cert", str(path))
    with pytest.raises(SystemExit) as refused:
        _certificates_for(settings)
    assert str(refused.value.code).startswith("broadcast: --tls-cert: ")


def test_what_would_be_waited_for_is_refused(tmp_path: Path) -> None:
    """A pipe in place of a file, which opening would wait for without end."""
    pipe, file = tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    file.touch()
    for words in (
        ("--tls-cert", str(pipe)),
        ("--tls-cert", str(file), "--tls-key", str(pipe)),
        ("--tls-cert", str(file), "--tls-client-ca", str(pipe)),
    ):
        with pytest.raises(SystemExit) as refused:
            _certificates_for(settings_of(*words))
        told = f"{pipe}: it is a pipe; give PEM files that can be read"
        assert refused.value.code == f"broadcast: --tls-cert: {told}"


def test_the_path_of_a_file_stays_on_the_line(tmp_path: Path) -> None:
    """A line end in it, which a file of settings may hold, is escaped."""
    for option in ("token-file", "ban-file"):
        settings = settings_of(f"--{option}", f"{tmp_path}/a\nb/c")
        with pytest.raises(SystemExit) as refused:
            _policy_for(settings, Work(Clock()), MemoryReactorClock())
        assert f"{tmp_path}/a\\nb/c: no such" in str(refused.value.code)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("token-file", "token-file"),
        ("users", "users"),
        ("tls-key", "tls-key"),
        ("tls-cert", "tls-cert"),
        ("ban-file", None),
    ],
)
def test_a_secret_that_others_may_read_is_told(
    tmp_path: Path, option: str, told: str | None
) -> None:
    """At the start, in the log, with what to do; bans are no secret."""
    path = tmp_path / "file"
    path.touch(0o644)
    path.chmod(0o644)
    beside = ["--tls-cert", "cert.pem"] if option == "tls-key" else []
    settings = settings_of(f"--{option}", str(path), *beside)
    line = f"--{told}: every account of this machine may use {path}; chmod o-rwx it"
    with capturedLogs() as events:
        _warn_of_open_secrets(settings)
    assert [formatEvent(event) for event in events] == ([line] if told else [])
    path.chmod(0o640)
    with capturedLogs() as events:
        _warn_of_open_secrets(settings)
    assert events == []


def test_the_passwords_of_twisteds_checker_are_secrets_too(tmp_path: Path) -> None:
    """They stand in the file as they are."""
    path = tmp_path / "passwords"
    path.touch(0o644)
    path.chmod(0o644)
    with capturedLogs() as events:
        _warn_of_open_secrets(settings_of(f"--auth=file:{path}"))
    assert [event["option"] for event in events] == ["auth"]
