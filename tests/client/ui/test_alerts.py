"""When a person is called, and how often."""

import pytest

from broadcast.client.core.options import Options
from broadcast.client.events import Message
from broadcast.client.ui.alerts import QUIET, Alerts

LINE = Message(1, "", "eve", "x")


class Terminal:
    def __init__(self) -> None:
        self.rung = 0
        self.titles: list[str] = []
        self.now = 0.0

    def ring(self) -> None:
        self.rung += 1

    def set_title(self, title: str) -> None:
        self.titles.append(title)

    def alerts(self, **options: object) -> Alerts:
        given = Options("connect", **options)  # type: ignore[arg-type]
        return Alerts(given, self, pytest.fail, lambda: self.now)


@pytest.mark.parametrize(("bell", "rung"), [("off", 0), ("mention", 1), ("all", 2)])
def test_bell_rings_for_what_it_is_set_to(bell: str, rung: int) -> None:
    """Off, for mentions, or for all that others say."""
    terminal = Terminal()
    alerts = terminal.alerts(bell=bell)
    for is_mention in (False, True):
        alerts.hear(LINE, is_mention=is_mention)
        terminal.now += QUIET
    assert terminal.rung == rung


def test_a_burst_rings_once() -> None:
    """A hundred lines in a second are one ring."""
    terminal = Terminal()
    alerts = terminal.alerts(bell="all")
    for _ in range(100):
        terminal.now += 0.01
        alerts.hear(LINE, is_mention=True)
    assert terminal.rung == 1


def test_title_counts_until_the_person_looks() -> None:
    """Opt-in: without it the title is the terminal's own."""
    terminal = Terminal()
    terminal.alerts().hear(LINE, is_mention=True)
    assert terminal.titles == []
    alerts = terminal.alerts(title=True)
    alerts.hear(LINE, is_mention=False)
    alerts.hear(LINE, is_mention=False)
    alerts.look()
    alerts.close()
    where = "127.0.0.1:8000"
    assert terminal.titles == [f"(1) {where}", f"(2) {where}", where, ""]
