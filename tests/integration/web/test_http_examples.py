"""docs/http.md: what is written there is run, as it stands."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.browser import Page
from tests.support.curl import Site, listening, shell, url
from tests.support.daemon import DEADLINE, Daemon, eventually
from tests.support.lineclient import LineClient

DOCS = Path(__file__).parents[3] / "docs" / "http.md"
HERE = "http://127.0.0.1:8080"

Join = Callable[..., LineClient]
Open = Callable[..., Page]
Start = Callable[..., Daemon]


def command(begin: str) -> str:
    """Return the command line in the document that begins so."""
    lines = re.findall(rf"^    ({re.escape(begin)}.*)$", DOCS.read_text(), re.MULTILINE)
    (found,) = lines
    return str(found)


def block(kind: str, holding: str) -> str:
    """Return the block of code of that kind that holds a text."""
    blocks = re.findall(rf"```{kind}\n(.*?)```", DOCS.read_text(), re.DOTALL)
    (found,) = [one for one in blocks if holding in one]
    return str(found)


def require_jq() -> None:
    """Skip the test where there is no jq."""
    if shutil.which("jq") is None:
        pytest.skip("no jq: apt-get install jq")


@pytest.mark.parametrize(
    ("begin", "given", "said"),
    [
        ("curl -d 'deploy", b"", ["http: deploy done"]),
        ("curl --json", b"", ["ci: tests are green"]),
        ("curl -H 'Idem", b"", ["http: build 4711 is out"]),
    ],
)
def test_saying(
    web: Daemon, join: Join, begin: str, given: bytes, said: list[str]
) -> None:
    """Each is heard, and answered with its position."""
    ear = join(web, f"ear{len(begin)}")
    answer = json.loads(shell(f"{command(begin)} -sS".replace(HERE, url(web)), given))
    assert re.fullmatch(r"[0-9a-f]+:\d+", answer["position"])
    assert answer["count"] == len(said)
    for line in said:
        assert ear.until(line)


def test_the_lines_of_a_pipe(web: Daemon, join: Join) -> None:
    """What git prints is said line by line."""
    ear = join(web, "ear")
    git, _, rest = command("git log").partition(" | ")
    assert git == "git log --oneline -3"
    line = f"printf '1 a\\n2 b\\n3 c\\n' | {rest} -sS"
    assert json.loads(shell(line.replace(HERE, url(web))))["count"] == 3
    assert ear.until("git: 3 c")


def test_listening(web: Daemon) -> None:
    """Text, and objects; and what there is, to its end."""
    with (
        listening(command("curl -N http").replace(HERE, url(web))) as text,
        listening(command("curl -N -H").replace(HERE, url(web))) as objects,
    ):
        objects.wait_for('"event":"welcome"')
        for number in range(100):
            shell(f"curl -sS -d heard-{number} {url(web)}/say")
            if any("heard" in line for line in text.lines):
                break
        text.wait_for("http: heard")
        objects.wait_for('"text":"heard')
    rest = shell(command("curl -s 'http").replace(HERE, url(web)))
    assert "http: heard" in rest
    assert rest.endswith("* that was the last 3 lines\n") or number < 2


def test_the_text_alone(web: Daemon, join: Join) -> None:
    """No names, and neither joins nor leaves."""
    require_jq()
    join(web, "zoe")
    shell(f"curl -sS -d 'a: b' {url(web)}/say")
    old = f"'{url(web)}/lines?history=1&follow=0'"
    assert shell(command("curl -sN").replace(f"{HERE}/lines", old)) == "a: b\n"


def test_logging_in(daemon: Start, tmp_path: Path) -> None:
    """A secret, and an account, whose name it is said under."""
    (tmp_path / "tokens").write_text("open-sesame\n")
    passwd = [sys.executable, "-m", "broadcast.auth.passwd", str(tmp_path / "users")]
    subprocess.run([*passwd, "alice"], input=b"correct-horse\n", check=True)
    given = ("--token-file", "--users"), (tmp_path / "tokens", tmp_path / "users")
    options = [f"{name}={path}" for name, path in zip(*given, strict=True)]
    started = daemon("--web", "0", *options)
    for begin in ("curl -H 'Authorization", "curl -u"):
        answer = shell(f"{command(begin)} -sS".replace(HERE, url(started)))
        assert json.loads(answer)["count"] == 1
    secret = "-H 'Authorization: Bearer open-sesame'"
    lines = shell(f"curl -sS {secret} '{url(started)}/lines?follow=0'")
    assert re.findall(r"\] (\w+): hi", lines) == ["http", "alice"]


def test_the_recipes_for_jobs_and_shells(web: Daemon, join: Join) -> None:
    """A CI job says how it ended, once; an alias says its words, or its input."""
    ear = join(web, "ear")
    env = {"SERVER": url(web), "CI_JOB_ID": "4711", "TOKEN": "any"}
    env |= {"CI_JOB_NAME": "test", "CI_JOB_STATUS": "success", "USER": "eve"}
    first = json.loads(shell(command("curl -fsS --retry"), env=env))
    again = json.loads(shell(command("curl -fsS --retry"), env=env))
    assert again == first | {"double": True}
    assert ear.until("ci: test: success")
    alias = command("say()")
    shell(f"{alias}\nsay two words", env=env)
    assert ear.until("eve: two words")
    shell(f"{alias}\nprintf 'a\\nb\\n' | say", env=env)
    assert ear.until("eve: b")


def test_the_recipe_for_webhooks(web: Daemon, tmp_path: Path) -> None:
    """What is said is posted once each, and the position is kept."""
    require_jq()
    (tmp_path / "webhook.py").write_text(block("python", "hook, path"))
    position = json.loads(shell(f"curl -sS -d before {url(web)}/say"))["position"]
    server = f" tcp://127.0.0.1:{web.port} |"
    env = {"HOME": str(tmp_path)}
    begin = command("bcast-client tail --json -n 0").replace(" |", server, 1)
    shell(f"cd {tmp_path} && {begin}", env=env)
    assert (tmp_path / "position").read_text() == f"{position}\n"
    last = json.loads(shell(f"curl -sS --data-binary $'1\\n2' {url(web)}/say"))
    pipe = command("bcast-client tail --json --since").replace(" |", server, 1)
    pipe = pipe.replace("tail", "tail --no-follow", 1)
    with Site() as site:
        hook = f"http://127.0.0.1:{site.port}/"
        shell(f"cd {tmp_path} && {pipe}", env=env | {"HOOK": hook})
        assert [json.loads(post)["text"] for post in site.posts] == ["1", "2"]
    assert (tmp_path / "position").read_text() == last["position"]


def test_the_python_program(web: Daemon, tmp_path: Path) -> None:
    """It says hi and hears it."""
    (tmp_path / "robot.py").write_text(block("python", "httpx.stream"))
    done = subprocess.run(
        [sys.executable, tmp_path / "robot.py", url(web)],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("robot hi\n", "")


def test_a_page_that_logs_in(daemon: Start, open_page: Open, tmp_path: Path) -> None:
    """It listens with its secret, where an EventSource is refused for good."""
    (tmp_path / "tokens").write_text("open-sesame\n")
    started = daemon("--web", "0", "--token-file", str(tmp_path / "tokens"))
    page = open_page(started)
    page.run(
        block("js", "async function listen")
        + "listen('', 'open-sesame', (e) => { window.heard = e.text || e.event; });"
        "new EventSource('/events').onerror = (e) => { window.state ="
        " e.target.readyState; };"
    )
    secret = "-H 'Authorization: Bearer open-sesame'"
    page.wait_until(lambda: page.run("return window.heard") == "welcome", "listening")
    shell(f"curl -sS {secret} -d 'for all' {url(started)}/say")
    page.wait_until(lambda: page.run("return window.heard") == "for all", "heard")
    page.wait_until(lambda: page.run("return window.state") == 2, "closed for good")


def test_the_page_of_ones_own(daemon: Start, open_page: Open, join: Join) -> None:
    """A page elsewhere that is named may post and listen; and our own, of course."""
    with Site() as site:
        origin = f"http://app.test:{site.port}"
        started = daemon("--web", "0", "--web-origin", origin)
        page = open_page(site.port)
        page.driver.get(f"{origin}/")
        script = block("js", "async function say")
        page.run(
            script.replace("https://chat.example.org", url(started)).replace(
                "new EventSource", "window.source = new EventSource"
            )
            + "window.say = say; source.onmessage = (e) => { document.title = "
            "JSON.parse(e.data).text; };"
            "source.addEventListener('welcome', () => say('from afar', 'eve'));"
        )
        page.wait_until(lambda: page.driver.title == "from afar", "heard")
        ours = open_page(started)
        ours.run(block("js", '"/events?history=20"'))
        ours.wait_until(lambda: "eve: from afar" in ours.text("body > p"), "shown")
        shell(f"curl -sS -d 'to all' {url(started)}/say")
        eventually(lambda: page.driver.title == "to all", "heard")
        ours.wait_until(lambda: "http: to all" in ours.texts("body > p"), "shown")
