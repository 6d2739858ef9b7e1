"""The scenes that are recorded. A page names a terminal as ``SCENE TERMINAL``."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from docs.record.stage import Stage

CLIENT_COLUMNS: Final = 80


def first_talk(stage: Stage) -> None:
    """A person with ``nc`` and a person with the client talk."""
    daemon = stage.shell("daemon")
    daemon.type("twist broadcast --port 8000")
    daemon.see("listening on")
    alice = stage.shell("alice")
    alice.type("nc 127.0.0.1 8000")
    alice.see("You are guest-1")
    alice.type("/name alice")
    alice.see("now alice")
    carol = stage.shell("carol", CLIENT_COLUMNS)
    carol.type("bcast-client connect --name carol")
    carol.see("2 here>")
    alice.see("carol joined")
    alice.type("hello, everybody")
    carol.see("alice: hello, everybody")
    carol.type("hi from the client")
    alice.see("hi from the client")
    alice.type("/who")
    alice.see("2 here: alice, carol")
    carol.type("/quit")
    carol.ends()
    alice.see("carol left")
    alice.type("/quit")
    alice.ends()
    daemon.see("alice left")
    daemon.press("c")
    daemon.ends()


def scripts(stage: Stage) -> None:
    """Programs speak by the client, ``nc`` and ``curl``; others follow and read."""
    daemon = stage.shell("daemon")
    daemon.type("twist broadcast --port 8000 --web 8080")
    daemon.see("the page is on")
    tail = stage.shell("tail")
    tail.type("bcast-client tail")
    daemon.see("1 here")
    shell = stage.shell("shell")
    shell.run("printf 'step %s\\n' 1 2 | bcast-client send -n builder")
    shell.run("echo 'by nc' | nc -N 127.0.0.1 8000 > /dev/null")
    tail.see("by nc")
    shell.run("curl -d 'deploy done' http://127.0.0.1:8080/say")
    tail.see("deploy done")
    tail.press("c")
    tail.ends()
    lines = "bcast-client tail --json --no-follow"
    shell.run(f"""{lines} | jq -r 'select(.event == "message").text'""")


def durable(stage: Stage) -> None:
    """A line is still there after the daemon was stopped and started again."""
    daemon = stage.shell("daemon")
    start = "twist broadcast --port 8000 --store room.db"
    daemon.type(start)
    daemon.see("listening on")
    shell = stage.shell("shell")
    shell.run("bcast-client send -n ops 'the backup is done'")
    daemon.see("ops left")
    daemon.press("c")
    daemon.ends()
    daemon.type(start)
    daemon.see("listening on")
    shell.run("bcast-client tail --lines 5 --no-follow")


def secret(stage: Stage) -> None:
    """Only those who know the secret come in."""
    daemon = stage.shell("daemon")
    daemon.run("(umask 077; echo correct-horse > tokens)")
    daemon.type("twist broadcast --port 8000 --token-file tokens")
    daemon.see("listening on")
    guest = stage.shell("guest")
    guest.type("nc 127.0.0.1 8000")
    guest.see("/login")
    guest.type("hello")
    guest.see("log in first")
    guest.type("/login correct-horse")
    guest.see("You are")
    guest.type("/quit")
    guest.ends()
    script = stage.shell("script")
    script.run("bcast-client send 'let me in'")
    script.run("BCAST_TOKEN=correct-horse bcast-client send 'deploy done'")


def moderation(stage: Stage) -> None:
    """The admin looks who is there, mutes, kicks, and bans."""
    daemon = stage.shell("daemon")
    daemon.type(
        "twist broadcast --port 8000 --admin unix:$PWD/admin --ban-file $PWD/bans"
    )
    daemon.see("for bcast-admin")
    mallory = stage.shell("mallory")
    mallory.type("nc 127.0.0.1 8000")
    mallory.see("You are")
    mallory.type("/name mallory")
    mallory.see("now mallory")
    admin = stage.shell("admin")
    admin.run("export BCAST_ADMIN=$PWD/admin")
    admin.run("bcast-admin mute mallory")
    mallory.see("you are muted")
    mallory.type("buy my pills")
    mallory.see("not said")
    admin.run("bcast-admin kick mallory 'no advertising here'")
    mallory.ends()
    admin.run("bcast-admin ban 127.0.0.1 --for 10m 'no advertising here'")
    admin.run("bcast-admin bans")
    mallory.type("nc 127.0.0.1 8000")
    mallory.see("banned")
    mallory.ends()


SCENES: Final[Mapping[str, Callable[[Stage], None]]] = MappingProxyType(
    {
        "first-talk": first_talk,
        "scripts": scripts,
        "durable": durable,
        "secret": secret,
        "moderation": moderation,
    }
)


def play(name: str) -> dict[str, str]:
    """Play a scene; return what each of its terminals has shown."""
    with Stage() as stage:
        SCENES[name](stage)
        return stage.recordings
