"""How a daemon is let in by NATS: TLS, and files of creds."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from soak.servers import Servers, program
from tests.integration.test_nats import ASYNCIO, join
from tests.support.credentials import Realm
from tests.support.daemon import Daemon, refused_start
from tests.support.faces import make_certificate
from tests.support.lineclient import LineClient

pytestmark = pytest.mark.skipif(program() is None, reason="there is no nats-server")

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]

ROOM = "guarded"
MAY = {
    "pub": {"allow": [f"{ROOM}.log", f"{ROOM}.dump.>", "$JS.API.>", "$JS.FC.>"]},
    "sub": {"allow": ["_INBOX.>"]},
}
"""What docs/scale.md says that a daemon needs."""


@dataclass(frozen=True)
class Guarded:
    """A server with TLS that lets some users in.

    Attributes:
        servers: the server.
        url: where it is.
        folder: where files are.
        ca: the certificate.
        creds: the file of a user that may do what a daemon needs, and no more.
    """

    servers: Servers
    url: str
    folder: Path
    ca: Path
    creds: Path


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Start such a server."""
    folder = tmp_path_factory.mktemp("guarded")
    key, certificate = make_certificate(folder)
    realm = Realm()
    creds = realm.write_creds(folder / "daemon.creds", **MAY)
    creds.chmod(0o600)
    tls = f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}'
    with Servers(folder / "server", 1, tls, realm.config) as servers:
        url = servers.urls.replace("nats:", "tls:")
        yield Guarded(servers, url, folder, certificate, creds)


def options(guarded: Guarded, ca: Path | None, creds: Path | None) -> list[str]:
    """Return the options of a daemon."""
    found = ["--nats", guarded.url, "--room", ROOM, "--rate", "0"]
    found += [] if ca is None else ["--nats-ca", str(ca)]
    return found + ([] if creds is None else ["--nats-creds", str(creds)])


def test_a_daemon_needs_no_more_than_documented(
    guarded: Guarded, daemon: Start, connect: Connect
) -> None:
    """Over TLS, with creds: it speaks, reads much, and has another one read it."""
    chosen = options(guarded, guarded.ca, guarded.creds)
    one, two = daemon(*chosen), daemon(*chosen, "--history", "all")
    ear = connect(two)
    epoch = join(ear, "ear")["epoch"]
    mouth = connect(one)
    join(mouth, "mouth")
    text = "x" * 7000
    mouth.send(*[text] * 700)  # more than what flow control lets through at once
    for _ in range(700):
        assert ear.await_event("message")["text"] == text
    late = connect(daemon(*chosen, "--history", "all"))
    assert join(late, "late")["epoch"] == epoch
    late.send(f"/since {epoch}:0")
    assert late.await_event("replay")["missing"] == 0
    late.close()


def test_creds_may_be_replaced_meanwhile(
    guarded: Guarded, daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """A file that is none keeps it out when the server comes back; a right one lets it
    in again."""
    creds = tmp_path / "daemon.creds"
    shutil.copy(guarded.creds, creds)
    here = daemon(*options(guarded, guarded.ca, creds), "--cut-off", "1")
    client = connect(here)
    join(client, "ann")
    creds.write_text("rubbish\n")
    [server] = guarded.servers.all
    server.kill()
    server.start()
    server.wait()
    client.send("unheard")
    assert client.await_event("bye")["code"] == "restarted"
    shutil.copy(guarded.creds, creds)
    here.out.wait_for("members may come again")
    again = connect(here)
    assert join(again, "ann")["name"] == "ann"
    here.signal()
    here.wait()


def refusal(guarded: Guarded, ca: Path | None, creds: Path | None) -> str:
    """Return the one line with which a daemon does not start."""
    chosen = options(guarded, ca, creds)
    code, out, err = refused_start(*chosen, "--port", "0", twist=ASYNCIO)
    assert code == 1
    assert err.count("\n") == 1
    assert "Traceback" not in out
    assert "[ERROR]" not in out
    return err


def test_a_wrong_authority_is_one_line(guarded: Guarded, tmp_path: Path) -> None:
    """As is none at all, for a certificate that nobody known has signed."""
    _, wrong = make_certificate(tmp_path)
    hint = "; give --nats-ca the certificate of the authority that has signed it\n"
    for ca in (wrong, None):
        err = refusal(guarded, ca, guarded.creds)
        why = f"{guarded.url}: its certificate is not accepted: "
        assert err.startswith(f"broadcast: --nats: {why}")
        assert err.endswith(hint)


def test_wrong_creds_are_one_line(guarded: Guarded, tmp_path: Path) -> None:
    """Of an account that the server does not know; and none at all."""
    wrong = Realm().write_creds(tmp_path / "wrong.creds")
    err = refusal(guarded, guarded.ca, wrong)
    assert "Authorization Violation" in err
    assert err.endswith("; the server does not know its account, or not this user\n")
    err = refusal(guarded, guarded.ca, None)
    assert err.endswith("; give --nats-creds, or user:password@ in the URL\n")


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("", "it has no claims (JWT) of a user"),
        ("-----BEGIN NATS USER JWT-----\na.b.c\n", "it has no seed of a user's key"),
        (
            "-----BEGIN NATS USER JWT-----\na.b.c\n"
            "-----BEGIN USER NKEY SEED-----\nSUAAAA\n",
            "the seed of its key is damaged",
        ),
    ],
)
def test_a_file_that_is_no_creds_is_one_line(
    guarded: Guarded, tmp_path: Path, text: str, lacks: str
) -> None:
    """It says which file that is, and what it lacks."""
    creds = tmp_path / "creds"
    creds.write_text(text)
    assert refusal(guarded, guarded.ca, creds) == (
        f"broadcast: --nats-creds: {creds}: {lacks}; nsc generate creds writes one\n"
    )


def test_a_file_without_certificates_is_one_line(guarded: Guarded) -> None:
    """It says which file that is."""
    assert refusal(guarded, guarded.creds, guarded.creds) == (
        f"broadcast: --nats-ca: {guarded.creds}: it has no certificate; name one with"
        " certificates in PEM\n"
    )


def test_nothing_is_said_in_the_clear_where_tls_is_asked_for(
    daemon: Start, tmp_path: Path
) -> None:
    """A server without TLS is refused before the daemon logs in; one that only has it
    to offer is taken at its word."""
    key, certificate = make_certificate(tmp_path)
    with Servers(tmp_path / "plain", 1, "authorization { token: sesame }") as servers:
        for scheme, more in (("tls", ()), ("nats", ("--nats-ca", str(certificate)))):
            url = servers.urls.replace("nats:", f"{scheme}:")
            chosen = ("--nats", url.replace("//", "//sesame@"), "--port", "0")
            code, _, err = refused_start(*chosen, *more, twist=ASYNCIO)
            assert (code, err) == (
                1,
                f"broadcast: --nats: {url}: it has no TLS, which --nats-ca and tls://"
                " ask for; give nats://, without --nats-ca, or start it with TLS\n",
            )
        log = (tmp_path / "plain" / "n1" / "log").read_text()
        assert "authentication error" not in log
    tls = f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}'
    with Servers(tmp_path / "both", 1, tls, "allow_non_tls: true") as servers:
        url = servers.urls.replace("nats:", "tls:")
        daemon("--nats", url, "--nats-ca", str(certificate)).stop()
