"""The metrics, scraped by the real Prometheus: dashboard and alerts find theirs."""

import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from soak.servers import Servers, program
from tests.support.daemon import DEADLINE, Daemon
from tests.support.faces import make_certificate
from tests.support.prometheus import ALERTS, ROOT, Prometheus, require

BOARD = json.loads((ROOT / "docs/grafana-dashboard.json").read_text("utf-8"))
EXPRESSIONS = sorted(
    target["expr"] for panel in BOARD["panels"] for target in panel["targets"]
)
_NAME = re.compile(r"\b(?:broadcast|process)_\w+")
_VARIABLES = {"$__rate_interval": "1m", "$instance": ".*"}


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with TLS, a store and metrics, in which nobody has been yet."""
    folder = tmp_path_factory.mktemp("scraped")
    key, certificate = make_certificate(folder)
    with Daemon(
        *("--store", str(folder / "room.db")),
        *("--listen", "tls:0:interface=127.0.0.1", "--metrics", "0"),
        *("--tls-cert", str(certificate), "--tls-key", str(key)),
    ) as daemon:
        yield daemon


def _target(daemon: Daemon) -> str:
    return daemon.out.wait_for(r"metrics are on http://([^/]+)/metrics")[0][1]


def _text(daemon: Daemon) -> str:
    url = f"http://{_target(daemon)}/metrics"
    with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
        text: str = answer.read().decode()
    return text


@pytest.fixture(scope="module")
def prometheus(
    scraped: Daemon, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    with ExitStack() as stack:
        server = Prometheus(tmp_path_factory.mktemp("data"), _target(scraped))
        stack.callback(server.close)
        server.await_scrapes(4)
        yield server


def _names_in(expressions: str) -> set[str]:
    return set(_NAME.findall(expressions))


@pytest.mark.parametrize("where", ["dashboard", "alerts"])
def test_each_metric_that_is_asked_for_is_there(scraped: Daemon, where: str) -> None:
    """Before anybody has come: no name is one that there isn't."""
    queries = [
        variable["query"]["query"]
        for variable in BOARD["templating"]["list"]
        if variable["type"] == "query"
    ]
    asked = {
        "dashboard": _names_in("\n".join(EXPRESSIONS + queries)),
        "alerts": _names_in(re.sub("#.*", "", ALERTS.read_text("utf-8"))),
    }[where]
    given = set(re.findall(r"^(\w+)", _text(scraped), re.MULTILINE))
    assert len(asked) >= 9
    assert asked <= given


def test_promtool_finds_nothing_to_mend(scraped: Daemon) -> None:
    """Names, types, units and helps are as Prometheus wants them."""
    done = subprocess.run(
        [require("promtool"), "check", "metrics"],
        input=_text(scraped),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_dashboard_finds_each_series(prometheus: Prometheus) -> None:
    """Each query of each panel gives a series, in an empty room too."""
    for expression in EXPRESSIONS:
        asked = expression
        for variable, value in _VARIABLES.items():
            asked = asked.replace(variable, value)
        assert "$" not in asked
        assert prometheus.ask(asked), expression


def test_the_alerts_are_evaluated_and_one_comes(prometheus: Prometheus) -> None:
    """All is well but the certificate, which is good for a day only."""
    rules = prometheus.get("rules")["groups"][0]["rules"]
    found = {rule["name"]: (rule["health"], rule["state"]) for rule in rules}
    names = set(re.findall(r"- alert: (\w+)", ALERTS.read_text("utf-8")))
    assert found == dict.fromkeys(names, ("ok", "inactive")) | {
        "BroadcastCertificateExpires": ("ok", "pending")
    }


def test_the_version_is_told(prometheus: Prometheus) -> None:
    (found,) = prometheus.ask("broadcast_build_info")
    assert {"version", "python", "twisted"} <= found["metric"].keys()
    assert found["value"][1] == "1"


def _families(text: str) -> set[str]:
    return set(re.findall(r"^# TYPE (broadcast_\w+)", text, re.MULTILINE))


@pytest.mark.skipif(program() is None, reason="there is no nats-server")
def test_the_documents_name_each_metric(scraped: Daemon, tmp_path: Path) -> None:
    """docs/monitoring.md has all of ours, and none that there isn't."""
    text = (ROOT / "docs/monitoring.md").read_text("utf-8")
    told = set(re.findall(r"`(broadcast_\w+)(?:\{[\w,]+\})?`", text))
    with (
        Servers(tmp_path) as servers,
        Daemon("--nats", servers.urls, "--metrics", "0") as shared,
    ):
        assert told == _families(_text(scraped)) | _families(_text(shared))


def test_pages_are_somewhere_else() -> None:
    """Then the page's port has no metrics; health is told on both."""
    with Daemon("--web", "0", "--metrics", "0") as daemon:
        page = daemon.out.wait_for(r"the page is on http://([^/]+)/")[0][1]
        metrics = _target(daemon)
        for where, path, status in (
            (page, "metrics", 404),
            (page, "readyz", 200),
            (metrics, "metrics", 200),
            (metrics, "readyz", 200),
            (metrics, "healthz", 200),
            (metrics, "", 404),
            (metrics, "ws", 404),
        ):
            assert _status(f"http://{where}/{path}") == status, (where, path)


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
