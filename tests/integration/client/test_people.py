"""Whom a person sees come and go, and whom they do not want to hear."""

import contextlib
import socket
from collections.abc import Iterator

from tests.integration.client.test_chat import say
from tests.support.client.command import run_client
from tests.support.client.daemon import Daemon
from tests.support.client.terminal import Terminal


@contextlib.contextmanager
def member(daemon: Daemon, name: str) -> Iterator[socket.socket]:
    """Somebody with ``nc``."""
    with socket.create_connection(("127.0.0.1", daemon.port)) as sock:
        sock.sendall(f"/name {name}\n/ping\n".encode())
        sock.recv(65536)
        yield sock


def test_those_who_spoke_are_told(daemon: Daemon, home: str) -> None:
    """Smart presence is the default: strangers pass unseen, a talker is seen to go."""
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as bob:
        bob.wait_for("connected · bob")
        with member(daemon, "stranger"), member(daemon, "eve") as eve:
            eve.sendall(b"hello\n")
            bob.wait_for("eve: hello")
        bob.wait_for("* eve left")
        bob.type("/presence all\r")
        bob.wait_for("- presence: all")
        with member(daemon, "zoe"):
            bob.wait_for("* zoe joined")
        assert not any("stranger" in row for row in bob.everything)
        bob.type("\x04")
        assert bob.exit_code() == 0
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as bob:
        bob.wait_for("connected · bob")
        with member(daemon, "zoe"):
            bob.wait_for("* zoe joined")
        bob.type("/presence\r")
        bob.wait_for("- presence: all")


def test_scripts_come_and_go_unannounced(daemon: Daemon, home: str) -> None:
    """``send`` and ``tail`` are quiet members; ``--announced`` undoes it."""
    arguments = ("connect", daemon.url, "-n", "bob", "--presence", "all")
    with Terminal(*arguments, home=home) as bob:
        bob.wait_for("connected · bob")
        say(daemon, home, "eve", "hello")
        for name in ("robot", "herald"):
            announced = ["--announced"] if name == "herald" else []
            words = ("tail", daemon.url, "--name", name, "--no-follow", *announced)
            assert run_client(*words, home=home).returncode == 0
        bob.wait_for("* herald joined")
        bob.wait_for("* herald left")
        told = "\n".join(bob.everything)
        assert "eve joined" not in told
        assert "robot" not in told


def test_ignoring_follows_a_rename_and_lasts(daemon: Daemon, home: str) -> None:
    """Another name is no way round it, nor is another session of mine."""
    arguments = ("connect", daemon.url, "-n", "bob")
    with member(daemon, "eve") as eve:
        with Terminal(*arguments, home=home) as bob:
            bob.wait_for("connected · bob")
            bob.type("/ignore eve\r/bell all\r")
            bob.wait_for("- bell: all")
            eve.sendall(b"/name mallory\nhidden\n")
            say(daemon, home, "zoe", "shown")
            bob.wait_for("zoe: shown")
            bob.type("/ignore\r")
            bob.wait_for("- ignored: eve (also mallory)")
            bob.type("\x04")
            assert bob.exit_code() == 0
        with Terminal(*arguments, "--history", "0", home=home) as bob:
            bob.wait_for("connected · bob")
            bob.type("/ignore\r/bell\r")
            bob.wait_for("- ignored: eve (also mallory)")
            bob.wait_for("- bell: all")
            eve.sendall(b"hidden too\n")
            say(daemon, home, "zoe", "shown too")
            bob.wait_for("zoe: shown too")
            assert not any("hidden" in row for row in bob.everything)


def test_silence_is_told(daemon: Daemon, home: str) -> None:
    """``/who`` tells for how long somebody was silent, and who is quiet."""
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as bob:
        bob.wait_for("connected · bob")
        with member(daemon, "eve") as eve:
            eve.sendall(b"hello\n")
            bob.wait_for("eve: hello")
            bob.type("/who e\r")
            bob.wait_for("* eve (silent for")
        bob.type("/ping\r")
        bob.wait_for("* pong: ")
        assert any(row.endswith(" ms") for row in bob.shown)


def test_what_somebody_does(daemon: Daemon, home: str) -> None:
    """``/me waves`` is ``* waves`` to all, and set in italics here."""
    with (
        Terminal("connect", daemon.url, "-n", "bob", home=home) as bob,
        member(daemon, "eve") as eve,
    ):
        bob.wait_for("connected · bob · 2 here>")
        bob.type("/me waves\r")
        bob.wait_for("bob [you] waves")
        heard = b""
        while b"waves" not in heard:
            heard += eve.recv(65536)
        assert b"bob: * waves\n" in heard
        eve.sendall(b"* nods\n")
        bob.wait_for("eve nods")
        assert b"\x1b[3mnods\x1b[0m" in bob.bytes
