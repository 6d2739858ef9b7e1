"""The sessions that README.md and the pages of ``docs/`` show are what happens now."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from docs.record import pages
from docs.record.scenes import SCENES
from docs.record.stage import masked, missing_tools

NAMES = [*SCENES, "client"]
TEXTS = {page: page.read_text("utf-8") for page in pages.pages()}

Runs = dict[str, subprocess.Popen[str]]


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    """Every scene, played at the same time."""
    if missing := missing_tools():
        pytest.skip(f"not installed: {', '.join(missing)}")
    command = [sys.executable, "-m", "docs.record", "--check"]
    found = {
        name: subprocess.Popen(
            [*command, name],
            cwd=pages.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in NAMES
    }
    yield found
    for run in found.values():
        run.kill()
        run.communicate()


@pytest.mark.parametrize("name", NAMES)
def test_recording_is_what_happens(runs: Runs, name: str) -> None:
    """Else: ``python -m docs.record`` records anew. Times and ports don't count."""
    told, _ = runs[name].communicate(timeout=60)
    assert runs[name].returncode == 0, told


def test_every_session_is_recorded() -> None:
    """A page shows no session of a terminal that nobody played."""
    for page, text in TEXTS.items():
        found = pages.places(text)
        assert text.count("```console") == len(found), page
        assert {scene for scene, _ in found} <= SCENES.keys(), page
        assert all(found.values()), page


def test_every_scene_is_shown() -> None:
    """A scene that no page shows would be played for nothing."""
    shown = {scene for text in TEXTS.values() for scene, _ in pages.places(text)}
    assert shown == set(SCENES)


def test_other_words_are_a_difference() -> None:
    """What is masked is the time, the port and the epoch, and nothing else."""
    line = "2026-11-25 22:18:31 [INFO] alice joined from 127.0.0.1:57466, 1 here"
    again = "2027-01-02 00:00:07 [INFO] alice joined from 127.0.0.1:40000, 1 here"
    assert masked(line) == masked(again)
    assert masked(line) != masked(line.replace("1 here", "2 here"))
    assert masked(line) != masked(line.replace("57466", "8000"))
    position = '{"position":"9dfe4344cb7fe2cf:4","count":1}'
    assert masked(position) == masked(position.replace("9dfe", "0123"))
    assert masked(position) != masked(position.replace(":4", ":5"))


def test_recordings_take_their_places() -> None:
    """A page gets a recording that differs, and keeps one that differs in times."""
    page = "a\n<!-- recorded: talk bob -->\n```console\n12:00:00 hi\n```\nb\n"
    key = ("talk", "bob")
    assert pages.rewritten(page, {key: "13:00:00 hi\n"}) == page
    assert pages.rewritten(page, {key: "13:00:00 ho\n"}) == page.replace(
        "12:00:00 hi", "13:00:00 ho"
    )
    assert pages.rewritten(page, {}) == page
