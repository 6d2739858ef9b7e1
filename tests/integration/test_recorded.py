"""The sessions that README.md and the pages of ``docs/`` show are what happens now."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from docs.record import outline, page, pages, pixels
from docs.record.__main__ import ALL, FOLDER
from docs.record.scenes import SCENES
from docs.record.stage import masked, missing_tools
from tests.support.browser import Browsers, missing_browser, require_browser

OLD = page.Picture.read(FOLDER, "laptop")
PICTURES = sorted(FOLDER.glob("page-*.png"))
TEXTS = {file: file.read_text("utf-8") for file in pages.pages()}

Runs = dict[str, subprocess.Popen[str]]


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    """Every scene that can be played here, at the same time."""
    missing = missing_tools()
    command = [sys.executable, "-m", "docs.record", "--check"]
    found = {
        name: subprocess.Popen(
            [*command, name],
            cwd=pages.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ALL
        if not (missing_browser() if name == "page" else missing)
    }
    yield found
    for run in found.values():
        run.kill()
        run.communicate()


@pytest.mark.parametrize("name", ALL)
def test_recording_is_what_happens(runs: Runs, name: str) -> None:
    """Else: ``python -m docs.record`` records anew. Times and ports don't count."""
    if name == "page":
        require_browser()
    elif missing := missing_tools():
        pytest.skip(f"not installed: {', '.join(missing)}")
    told, _ = runs[name].communicate(timeout=60)
    assert runs[name].returncode == 0, told


def test_every_session_is_recorded() -> None:
    """A page shows no session of a terminal that nobody played."""
    for file, text in TEXTS.items():
        found = pages.places(text)
        assert text.count("```console") == len(found), file
        assert {scene for scene, _ in found} <= SCENES.keys(), file
        assert all(found.values()), file


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
    told = "a\n<!-- recorded: talk bob -->\n```console\n12:00:00 hi\n```\nb\n"
    key = ("talk", "bob")
    assert pages.rewritten(told, {key: "13:00:00 hi\n"}) == told
    assert pages.rewritten(told, {key: "13:00:00 ho\n"}) == told.replace(
        "12:00:00 hi", "13:00:00 ho"
    )
    assert pages.rewritten(told, {}) == told


def test_every_picture_has_its_outline() -> None:
    """No page shows a picture of the browser's page that nobody compares."""
    shown = {
        name
        for text in TEXTS.values()
        for name in re.findall(r"\(\S*?page-(\w+)\.png\)", text)
    }
    assert shown == {each.stem.removeprefix("page-") for each in PICTURES}
    assert all(page.Picture.read(FOLDER, name).outline for name in shown)


def test_outlines_differ_by_words_and_colours() -> None:
    """Another word, state or colour is a difference; another time is none."""
    old = OLD.outline
    assert outline.differences(old, old) == []
    for was, now in (
        ("lunch is on me", "lunch is on you"),
        ("expanded=True", "expanded=False"),
        ("#1f2328", "#1f2329"),
    ):
        assert was in old
        assert outline.differences(old, old.replace(was, now)) != []
    assert outline.masked("at 01:03 AM") == outline.masked("at 12:59 PM")
    assert outline.masked("since 07:40") != outline.masked("since 07:41")


def test_boxes_count_in_the_same_fonts() -> None:
    """A box that has moved is a difference, unless the machine has other fonts."""
    old = OLD.outline
    there = re.search(r" at (\d+),", old)
    assert there is not None
    near, far = (old.replace(there[0], f" at {int(there[1]) + by},") for by in (3, 4))
    assert outline.differences(old, near) == []
    assert outline.differences(old, far) != []
    head = old.partition("\n")[0]
    assert outline.differences(old, far.replace(head, "Chromium 1; Other")) == []


def test_pixels_differ_by_colours() -> None:
    """Another picture is a difference, the same is none; so is another size."""
    require_browser()
    browsers = Browsers()
    try:
        driver = browsers.take()
        driver.get("about:blank")
        for name, told in (
            ("laptop", None),
            ("dark", "squares of other colours"),
            ("phone", "the size was 1180x760 pixels, and is 390x760"),
        ):
            new = page.Picture.read(FOLDER, name)
            found = pixels.differences(driver, OLD, new)
            assert found == [] if told is None else told in found[0]
    finally:
        browsers.stop()
