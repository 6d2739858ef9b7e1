"""The comparison of two pictures, by what the eye would see.

The pictures are compared in small squares, by the mean colour of each. Another version
of the browser may smooth the edges of letters in another way, so a mean may differ
somewhat there; in the same version it may not. Chromium decodes the pictures, so that
no package is needed for it.
"""

import base64
from collections.abc import Iterable
from typing import Any, Final

from docs.record import outline
from docs.record.page import Picture

SQUARE: Final = 8
"""Pixels of a square's side."""

TOLERANCE: Final = 1
"""Difference of two mean colours in red, green or blue, of 255, that is still none."""

OTHER_TOLERANCE: Final = 24
"""The same, for the pictures of two versions of the browser."""

_SCRIPT: Final = r"""
const [old, now, masks, side, tolerance, done] = arguments;
const read = async (text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.drawImage(picture, 0, 0);
  for (const box of masks) pen.fillRect(...box);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
};
const mean = ({ data, width }, x, y, wide, high) => {
  const sum = [0, 0, 0];
  for (let row = y; row < y + high; row++)
    for (let column = x; column < x + wide; column++)
      for (let part = 0; part < 3; part++)
        sum[part] += data[(row * width + column) * 4 + part];
  return sum.map((each) => each / wide / high);
};
Promise.all([read(old), read(now)]).then(([a, b]) => {
  if (a.width !== b.width || a.height !== b.height)
    return done({ sizes: [`${a.width}x${a.height}`, `${b.width}x${b.height}`] });
  const squares = [];
  for (let y = 0; y < a.height; y += side)
    for (let x = 0; x < a.width; x += side) {
      const wide = Math.min(side, a.width - x), high = Math.min(side, a.height - y);
      const [was, is] = [mean(a, x, y, wide, high), mean(b, x, y, wide, high)];
      if (was.some((part, at) => Math.abs(part - is[at]) > tolerance))
        squares.push([x, y]);
    }
  done({ squares });
}, (error) => done({ error: String(error) }));
"""


def differences(driver: Any, old: Picture, new: Picture) -> list[str]:
    """Return what differs in the pixels of two pictures, in a line for people.

    Boxes of times and dates are left out. Pictures in other fonts differ everywhere:
    of them only the size is compared.

    Args:
        driver: a browser at a page without a policy, such as ``about:blank``.
        old: the picture that was recorded.
        new: the picture that was taken now.
    """
    is_same_font = outline.fonts(old.outline) == outline.fonts(new.outline)
    is_same = outline.browser(old.outline) == outline.browser(new.outline)
    found = driver.execute_async_script(
        _SCRIPT,
        *(base64.b64encode(each.png).decode() for each in (old, new)),
        [*outline.times(old.outline), *outline.times(new.outline)],
        SQUARE,
        TOLERANCE if is_same else OTHER_TOLERANCE,
    )
    if "error" in found:
        return [f"a picture can't be read: {found['error']}"]
    if "sizes" in found:
        return ["the size was {} pixels, and is {}".format(*found["sizes"])]
    squares = found["squares"] if is_same_font else []
    return [_told(squares)] if squares else []


def _told(squares: Iterable[tuple[int, int]]) -> str:
    every = list(squares)
    left, top = (min(place) for place in zip(*every, strict=True))
    right, bottom = (max(place) + SQUARE for place in zip(*every, strict=True))
    count = f"{len(every)} squares" if len(every) > 1 else "1 square"
    return f"{count} of other colours, from {left},{top} to {right},{bottom}"
