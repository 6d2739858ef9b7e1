"""The page keeps secrets: the name's key, and what one logs in with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broadcast.auth.passwords import make_hash
from tests.support.browser import Page
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.proxy import Proxy
from tests.support.websocket import web_port

Start = Callable[..., Daemon]
Open = Callable[..., Page]
Join = Callable[..., LineClient]

SECRET = "open-sesame"
KEY = "tops3cret-key"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Give a daemon where one has to log in, for a whole module."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "tokens").write_text(f"{SECRET}\n")
    (folder / "tokens").chmod(0o600)
    with Daemon("--web", "0", "--token-file", str(folder / "tokens")) as started:
        yield started


@pytest.fixture
def carol(guarded: Daemon) -> Iterator[LineClient]:
    """Give a client that has logged in and hears all that is said."""
    client = LineClient(connect_tcp(guarded.port))
    client.since_ping(f"/login {SECRET}", "/name carol")
    yield client
    client.close()


def kept_key(page: Page) -> str:
    """Return the key that the page keeps for the person's name."""
    found: str = page.run(
        "return Object.entries({...localStorage, ...sessionStorage})"
        ".find(([name]) => /key$/.test(name))?.[1] ?? ''"
    )
    return found


def test_without_a_name_nothing_is_sent(web: Daemon, open_page: Open) -> None:
    """An empty name is refused where it was typed: the key never takes its place."""
    page = open_page(web, size=(1200, 800)).connected()
    page.record()
    for typed in ("/name", "/name ", "/NICK", "/name   "):
        page.write(f"\ue009a\ue009\ue003{typed}\n")
        page.wait_until(lambda: "/name NAME" in page.text("#problem"), "refused")
    page.click("people-button")
    page.wait_until(lambda: page.value("name") != "", "its name")
    page.run("document.getElementById('name').value = ''")
    page.type("name", "\n")
    page.write("\ue009a\ue009\ue003after\n")
    page.shows("after")
    assert not any("/name" in sent.lower() for sent in page.recorded())
    assert "guest-" in page.text("#status")


def test_a_key_that_is_typed_is_a_key(web: Daemon, open_page: Open, join: Join) -> None:
    """What stands behind a name is its key, as anywhere: nobody else is told it."""
    dora = join(web, "dora")
    page = open_page(web).connected()
    for number, typed in enumerate(("/name", "/nick ", "/NAME")):
        page.write(f"{typed} ada{number}  {KEY}{number}\n")
        page.connected(f"ada{number}")
        assert kept_key(page) == f"{KEY}{number}"
    page.write("hello\n")
    heard = dora.until("ada2: hello")
    assert KEY not in "".join(heard)


def test_what_would_give_a_secret_away_is_refused(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """A name that is its key, and a command behind spaces, which would be said."""
    dora = join(web, "dora")
    page = open_page(web).connected()
    for typed in (
        f"/name {KEY} {KEY}",
        f" /name ada {KEY}",
        f"  /login {SECRET}",
        f"/name a b {KEY}",
        "/name a b",
    ):
        page.run("document.getElementById('problem').textContent = ''")
        page.write(f"\ue009a\ue009\ue003{typed}\n")
        page.wait_until(lambda: page.text("#problem") != "", "refused")
        assert page.value() == typed
    heard = "".join(dora.since_ping("/who"))
    assert KEY not in heard
    assert SECRET not in heard
    assert "a-b" not in heard


def test_a_secret_that_is_typed_alone_is_not_said(
    guarded: Daemon, open_page: Open, carol: LineClient
) -> None:
    """While a login is wanted, what is typed stays where it is, and is never said."""
    page = open_page(guarded)
    page.wait_until(lambda: page.is_shown("login"), "asked")
    page.write(f"{SECRET}\n")
    page.wait_until(lambda: "log in first" in page.text("#problem"), "refused")
    assert page.value() == SECRET
    page.type("login-secret", f"{SECRET}\n")
    page.connected()
    assert page.value() == SECRET
    assert SECRET not in "".join(carol.since_ping("/who"))
    kept = page.run("return JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert SECRET not in kept


def test_what_was_typed_before_the_login_was_asked_for_is_not_said(
    guarded: Daemon, open_page: Open, carol: LineClient
) -> None:
    """Away, one types; then the server asks for a login: it is given back, not said."""
    proxy = Proxy(web_port(guarded))
    page = open_page(proxy.port)
    page.wait_until(lambda: page.is_shown("login"), "asked")
    proxy.cut()
    page.wait_until(lambda: "away" in page.text("#status"), "away")
    page.write(f"{SECRET}\n")
    proxy.mend()
    page.hurry()
    page.wait_until(lambda: page.text("#status") == "log in first", "asked again")
    assert page.value() == SECRET
    page.type("login-secret", f"{SECRET}\n")
    page.connected()
    assert SECRET not in "".join(carol.since_ping("/who"))
    proxy.close()


def test_the_login_form(guarded: Daemon, open_page: Open, carol: LineClient) -> None:
    """It is for a password, says in place what is wrong, and logs in again by itself
    after a lost connection; what was written stays."""
    proxy = Proxy(web_port(guarded))
    page = open_page(proxy.port)
    page.wait_until(lambda: page.is_shown("login"), "asked")
    page.write("half a li")
    kinds = page.run(
        "const it = document.getElementById('login-secret');"
        "return [it.type, it.autocomplete,"
        " document.getElementById('login-name').autocomplete]"
    )
    assert kinds == ["password", "current-password", "username"]
    page.type("login-secret", "wrong\n")
    page.wait_until(lambda: "wrong" in page.text("#login-error"), "refused")
    page.type("login-secret", "\ue009a\ue009\ue003two words\n")
    page.wait_until(lambda: "spaces" in page.text("#login-error"), "refused")
    page.type("login-secret", f"\ue009a\ue009\ue003{SECRET}\n")
    page.connected()
    assert not page.is_shown("login")
    assert page.value() == "half a li"
    page.write("ne\n")
    carol.until("half a line")
    proxy.cut()
    page.wait_until(lambda: "away" in page.text("#status"), "away")
    page.write("typed away\n")
    proxy.mend()
    page.connected()
    carol.until("typed away")
    proxy.close()


def test_an_account_is_called_by_its_name(
    daemon: Start, open_page: Open, tmp_path: Path
) -> None:
    """The page sends no name that nobody chose, so the account's name holds; and the
    next account's does, whatever the last person in this browser was called."""
    users = tmp_path / "users"
    hashes = {name: make_hash(f"{name}-pass".encode()) for name in ("ada", "bob")}
    users.write_text("".join(f"{name}:{hash}\n" for name, hash in hashes.items()))
    users.chmod(0o600)
    started = daemon("--web", "0", "--users", str(users))
    page = open_page(started)
    page.wait_until(lambda: page.is_shown("login"), "asked")
    page.type("login-name", "ada")
    page.type("login-secret", "nonsense\n")
    page.wait_until(lambda: page.text("#login-error") != "", "refused")
    page.type("login-secret", "\ue009a\ue009\ue003ada-pass\n")
    page.connected("ada")
    assert not page.is_shown("first")
    page.write("/name countess\n")
    page.connected("countess")
    page.reload()
    page.wait_until(lambda: page.is_shown("login"), "asked")
    page.type("login-name", "ada")
    page.type("login-secret", "ada-pass\n")
    page.connected("countess")
    page.reload()
    page.wait_until(lambda: page.is_shown("login"), "asked")
    page.write("/login bob bob-pass\n")
    page.connected("bob")


def test_no_name_is_sent_that_nobody_chose(web: Daemon, open_page: Open) -> None:
    """Who has chosen none is a guest of the server's; a name that is chosen is kept."""
    page = open_page(web).connected()
    name = page.text("#status").removeprefix("connected as ")
    assert name.startswith("guest-")
    assert len(name) < len("guest-1000")
    page.type("first-name", "Ada Lovelace\n")
    page.connected("Ada-Lovelace")
    assert not page.is_shown("first")
    page.reload().connected("Ada-Lovelace")
    assert not page.is_shown("first")


def test_no_command_kills_the_page(web: Daemon, open_page: Open) -> None:
    """Another dialect would: in any case of letters it is refused, and said to be."""
    page = open_page(web).connected()
    for typed in ("/FORMAT text", "/Format json", "/format nonsense"):
        page.run("document.getElementById('problem').textContent = ''")
        page.write(f"\ue009a\ue009\ue003{typed}\n")
        page.wait_until(lambda: "json" in page.text("#problem"), "refused")
    page.write("\ue009a\ue009\ue003alive\n")
    page.shows("alive")
    page.assert_no_complaints()
