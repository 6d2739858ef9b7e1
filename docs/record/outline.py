"""The outline of a page: what a picture of it shows, in words and numbers.

It has the browser and the fonts of the picture, the accessibility tree, and each
visible text and control with its style and its box. Roles, words, colours and sizes of
letters are the same on every machine, boxes where the fonts are the same. Times and
dates don't count.
"""

import difflib
import re
from typing import Any, Final

from tests.support.browser import Page

TOLERANCE: Final = 3
"""Pixels by which a box may be elsewhere: browsers round in different ways."""

_MASKS: Final = (
    (re.compile(r"\b\d\d:\d\d [AP]M\b"), "TIME"),
    (re.compile(r"\b\w+day, \w+ \d+, \d{4}\b"), "DATE"),
)
_BOX: Final = re.compile(r" at (-?\d+),(-?\d+) (\d+)x(\d+)$")

# A text or control that can be seen, with the colour of what is behind it.
_SCRIPT: Final = r"""
const hex = (color) => '#' + color.match(/[\d.]+/g).slice(0, 3)
  .map((part) => Math.round(part).toString(16).padStart(2, '0')).join('');
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    if (!/, 0\)$/.test(color)) return hex(color);
  }
  return '#ffffff';
};
const opacity = (element) => {
  let product = 1;
  for (let at = element; at; at = at.parentElement)
    product *= Number(getComputedStyle(at).opacity);
  return product === 1 ? '' : ` opacity ${product.toFixed(2)}`;
};
const found = [];
for (const element of document.body.querySelectorAll('*')) {
  const own = [...element.childNodes].filter((node) => node.nodeType === 3)
    .map((node) => node.data.trim()).filter(Boolean).join(' ');
  const isControl = element.matches('button, input, textarea, select');
  if (!own && !isControl) continue;
  if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
    continue;
  const mark = element.closest('.mark') ?? element;
  const { x, y, width, height, bottom, right } = mark.getBoundingClientRect();
  if (width <= 1 || bottom <= 0 || right <= 0 || y >= innerHeight || x >= innerWidth)
    continue;
  const style = getComputedStyle(element);
  const words = own || element.value || element.placeholder || '';
  const font = [style.fontSize, style.fontWeight, style.fontStyle].join(' ');
  const box = [x, y].map(Math.round) + ' ' + [width, height].map(Math.round).join('x');
  found.push(`${element.localName} ${JSON.stringify(words)} ${font} `
    + `${hex(style.color)} on ${behind(element)}${opacity(element)} at ${box}`);
}
return found;
"""

_STATES: Final = ("expanded", "pressed", "checked", "disabled")
_SILENT: Final = frozenset({"none", "generic", "InlineTextBox", "RootWebArea"})


def outline(page: Page) -> str:
    """Return the outline of what the page shows now."""
    shown = masked("\n".join(page.run(_SCRIPT)))
    hide = "document.getElementById('announcer').hidden = arguments[0]"
    page.run(hide, True)  # a screen reader hears it, and it is empty again soon
    tree = masked("\n".join(_tree(page)))
    page.run(hide, False)
    version = page.driver.capabilities["browserVersion"].partition(".")[0]
    head = f"Chromium {version}; {', '.join(_fonts(page))}"
    return f"{head}\n\n{tree}\n\n{shown}\n"


def masked(text: str) -> str:
    """Return an outline with stand-ins for times and dates."""
    for pattern, stand_in in _MASKS:
        text = pattern.sub(stand_in, text)
    return text


def browser(text: str) -> str:
    """Return the browser of an outline, with its version."""
    return text.partition("\n")[0].partition("; ")[0]


def fonts(text: str) -> str:
    """Return the fonts of an outline."""
    return text.partition("\n")[0].partition("; ")[2]


def times(text: str) -> list[tuple[int, ...]]:
    """Return the boxes of an outline that differ each time: those of times and dates.

    A box is (left, top, width, height).
    """
    return [
        tuple(int(part) for part in box.groups())
        for line in text.splitlines()
        if _is_time(line) and (box := _BOX.search(line))
    ]


def differences(old: str, new: str) -> list[str]:
    """Return the lines in which two outlines differ, for people.

    Boxes count where the fonts are the same, and where one has moved or grown by more
    than ``TOLERANCE``.
    """
    have_boxes = fonts(old) == fonts(new)
    before, now = old.splitlines()[1:], new.splitlines()[1:]
    rows = [_BOX.sub("", line) for line in before], [_BOX.sub("", line) for line in now]
    if rows[0] != rows[1]:
        return list(difflib.unified_diff(*rows, "recorded", "now", lineterm=""))
    pairs = zip(before, now, strict=True)
    return [
        told
        for was, line in pairs
        if have_boxes and _has_moved(was, line)
        for told in (f"-{was}", f"+{line}")
    ]


def _has_moved(was: str, line: str) -> bool:
    old, new = _BOX.search(was), _BOX.search(line)
    if old is None or new is None or _is_time(line):
        return False
    pairs = zip(old.groups(), new.groups(), strict=True)
    return any(abs(int(a) - int(b)) > TOLERANCE for a, b in pairs)


def _is_time(line: str) -> bool:
    return "TIME" in line or "DATE" in line


def _tree(page: Page) -> list[str]:
    """Return the accessibility tree: a line a node, indented, with name and states."""
    command = page.driver.execute_cdp_cmd
    nodes = command("Accessibility.getFullAXTree", {})["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}
    lines: list[str] = []

    def tell(node: dict[str, Any], depth: int) -> None:
        role = node.get("role", {}).get("value", "none")
        is_silent = node.get("ignored") or role in _SILENT
        if not is_silent:
            lines.append("  " * depth + _told(node, role))
        for child in node.get("childIds", ()):
            if child in by_id:
                tell(by_id[child], depth + (not is_silent))

    tell(nodes[0], 0)
    return lines


def _told(node: dict[str, Any], role: str) -> str:
    states = {
        each["name"]: each["value"].get("value") for each in node.get("properties", ())
    }
    words = [node.get(field, {}).get("value") for field in ("name", "value")]
    quoted = [f'"{each}"' for each in words if each]
    set_ = [f"{name}={states[name]}" for name in _STATES if name in states]
    return " ".join([role, *quoted, *set_])


def _fonts(page: Page) -> list[str]:
    """Return the fonts of the machine in which the page's text is drawn."""
    command = page.driver.execute_cdp_cmd
    for domain in ("DOM", "CSS"):
        command(f"{domain}.enable", {})
    root = command("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    body = command("DOM.querySelector", {"nodeId": root, "selector": "body"})
    used = command("CSS.getPlatformFontsForNode", {"nodeId": body["nodeId"]})
    return sorted({font["familyName"] for font in used["fonts"]})
