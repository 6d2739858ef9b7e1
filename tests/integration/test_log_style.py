"""``--log-style json``: what a log shipper's parser reads, of a noisy daemon."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import DEADLINE, Daemon, refused_start
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.office import Office

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LEVELS = {"debug", "info", "warning", "error", "critical"}

SHIPPED = """
(.time | sub("\\\\.[0-9]+Z$"; "Z") | fromdateiso8601) as $at
| select($at > 0 and (.message | test("[\\u0000-\\u001f\\u007f]") | not))
| [.level, .event] | @tsv
"""


def _noise(daemon: Daemon, admin: Path) -> None:
    """Have all sorts of things logged, hostile ones among them."""
    for number in range(300):
        wire = connect_tcp(daemon.port)
        wire.send(
            f"/name 名字{number}\nhello \x1b[2J\n/nick b{number}\n/quit\n".encode()
        )
        wire.close()
    for hello in (
        b"GET /\x1b]0;x\x07 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\n",
        b"x" * 40000,
    ):
        wire = connect_tcp(daemon.port)
        wire.send(hello)
        while wire.receive():
            pass
        wire.close()
    client = LineClient(connect_tcp(daemon.port))
    client.send("/name al", "/login wrong \x1b\u202e", "/login \u2028 \x9b")
    client.since_ping("/who")
    client.close()
    office = Office(daemon, admin)
    for words in (["mute", "al\x1b"], ["say", "hi \u202e"], ["log-level", "debug"]):
        office.run(*words)


@pytest.fixture
def noisy(daemon: Callable[..., Daemon], tmp_path: Path) -> tuple[list[str], list[str]]:
    """The lines of the console and of the file, of a daemon that has had visitors."""
    admin, log = tmp_path / "admin", tmp_path / "log"
    running = daemon(
        "--log-style", "json", "--log-file", str(log), "--admin", f"unix:{admin}"
    )
    _noise(running, admin)
    running.stop()
    return running.out.lines, log.read_text("utf-8").splitlines()


def test_each_line_is_an_object(noisy: tuple[list[str], list[str]]) -> None:
    """On the console and in the file: the same, from the first to the last."""
    console, file = noisy
    assert console == file
    records: list[dict[str, Any]] = [json.loads(line) for line in console]
    assert records[0]["event"] == "listening"
    assert records[-1]["event"] == "stopped"
    for line, record in zip(console, records, strict=True):
        assert re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e]", line) is None
        assert TIME.fullmatch(record["time"])
        assert record["level"] in LEVELS
        for name in ("name", "to", "subject", "address", "reason"):
            assert isinstance(record.get(name, ""), str)
        assert isinstance(record.get("count", 0), int)
    events = [record["event"] for record in records]
    assert events.count("joined") == events.count("left") > 300
    assert {"renamed", "stray", "admin"} <= set(events)
    joined = next(record for record in records if record["event"] == "joined")
    assert joined["message"] == (
        f"{joined['name']} joined from {joined['address']}, {joined['count']} here"
    )


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not here")
def test_jq_reads_each_line(noisy: tuple[list[str], list[str]]) -> None:
    """As a shipper does: a line, an object, a time; none is left over."""
    console, _ = noisy
    done = subprocess.run(
        ["jq", "-r", SHIPPED],
        input="\n".join(console),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == len(console)


def test_twist_has_one_format_for_the_console() -> None:
    """Asked for two, it says so in a line."""
    code, out, err = refused_start("--log-style=json", twist=["--log-format", "json"])
    assert (code, out) == (1, "")
    assert re.fullmatch(r"broadcast: --log-style: [^\n]*; [^\n]*\n", err)
