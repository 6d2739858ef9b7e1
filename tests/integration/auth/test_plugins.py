"""Checkers named on the command line, as Twisted names them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.daemon import Daemon, refused_start
from tests.support.lineclient import LineClient

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]

PLUGIN = """
from twisted.cred.strcred import ICheckerFactory
from twisted.plugin import IPlugin
from zope.interface import implementer

from broadcast.access.checkers import ISharedSecret

@implementer(ICheckerFactory, IPlugin)
class Factory:
    authType = "backwards"
    authHelp = argStringFormat = "a secret"
    credentialInterfaces = (ISharedSecret,)

    def generateChecker(self, argstring):
        self.secret = argstring.encode()
        return self

    def requestAvatarId(self, credentials):
        return b"mirror" if credentials.secret[::-1] == self.secret else b""

factory = Factory()
"""


def test_twisteds_own(daemon: Start, connect: Connect, tmp_path: Path) -> None:
    """--auth file: lets in who is in the file, under that name; others not."""
    passwords = tmp_path / "passwords"
    passwords.write_text("alice:correct-horse\n")
    running = daemon("--auth", f"file:{passwords}")
    client = connect(running)
    client.send("/login alice wrong-horse")
    client.until("that is wrong: /login NAME PASSWORD")
    client.send("/login alice correct-horse")
    client.until("You are alice")


def test_a_plugin_of_somebody_elses(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """A package that is installed is found, and told what stands after the colon."""
    plugins = tmp_path / "twisted" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "backwards_plugin.py").write_text(PLUGIN)
    running = daemon("--auth=backwards:terces", env={"PYTHONPATH": str(tmp_path)})
    client = connect(running)
    client.send("/login secret")
    client.until("You are mirror")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--auth=nothing:x"],
            "'nothing:x': there is no such checker; give one of file",
        ),
        (["--auth=memory:x"], "--auth: 'memory:x': argstring must be"),
        (["--auth=anonymous"], "takes neither name and password nor a secret"),
        (["--auth=memory:a:b", "--users=FILE"], "--users checks the same logins"),
        (["--auth=memory:a:b", "--relay"], "a relay knows no login"),
    ],
)
def test_what_is_of_no_use(tmp_path: Path, options: list[str], words: str) -> None:
    """One line says why, and the daemon does not start."""
    users = tmp_path / "users"
    users.write_text("")
    given = [option.replace("FILE", str(users)) for option in options]
    code, _, err = refused_start("--port=0", *given)
    assert code != 0
    assert words in err
    assert len(err.splitlines()) == 1
