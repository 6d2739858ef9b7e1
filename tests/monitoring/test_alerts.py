"""docs/alerts.yml: each alert comes when it should, and only then."""

import re
import subprocess
from pathlib import Path

from tests.support.prometheus import ALERTS, require

TESTS = Path(__file__).with_name("alerts.test.yml")


def test_promtool_finds_the_rules_right() -> None:
    done = subprocess.run(
        [require("promtool"), "check", "rules", "--lint-fatal", str(ALERTS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_comes_and_stays_away() -> None:
    """As alerts.test.yml says, with series of its own."""
    done = subprocess.run(
        [require("promtool"), "test", "rules", TESTS.name],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_alert_is_without_a_test() -> None:
    """Each is seen to come, and to stay away where all is well."""
    alerts = set(re.findall(r"- alert: (\w+)", ALERTS.read_text("utf-8")))
    tests = TESTS.read_text("utf-8")
    well, _, ill = tests.partition("- name: a daemon is gone")
    assert alerts
    assert set(re.findall(r"alertname: (\w+), exp_alerts: \[\]", well)) == alerts
    assert set(re.findall(r"alertname: (\w+)\n +exp_alerts:\n +- ", ill)) == alerts
