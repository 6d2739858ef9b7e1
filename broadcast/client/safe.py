"""What came from afar, made safe to show. Nothing else writes remote text raw.

The server repairs lines already; a client cannot know that, so it does so again.
The rules are those of docs/protocol.md: C0 but TAB, and DEL, become their U+2400
pictures; C1, the line separators and the bidi controls become U+FFFD.
"""

import re

_UNSAFE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def is_safe(text: str) -> bool:
    """Whether `visible` would leave this text as it is."""
    return _UNSAFE.search(text) is None


def visible(text: str) -> str:
    """The same text with nothing left in it that a terminal would act on."""
    return _UNSAFE.sub(_picture, text)


def visible_json(line: str) -> str:
    """A line of JSON with the same characters escaped, so that it means the same."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
