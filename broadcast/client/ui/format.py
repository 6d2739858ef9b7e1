"""Events as lines of text for a terminal or a file. Knows no terminal.

Remote text comes in safe already (see ``broadcast.client.events``); the only control
sequences in the result are the colours that this module puts there.
"""

import re
import unicodedata
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime

from broadcast.client import events as ev

# Of the 256 colours, some that stand out at 3.6:1 or more from black and from white.
PALETTE = (160, 166, 94, 100, 64, 28, 30, 32, 27, 99, 129, 164, 162, 131)
BASIC = (31, 32, 33, 34, 35, 36)
_USUAL = ("", "left", "quit")
_RESET = "\x1b[0m"
_DIM = "\x1b[2m"
_BOLD = "\x1b[1m"
_REVERSE = "\x1b[7m"
_ITALIC = "\x1b[3m"
_ACTION = "* "


def wants_color(choice: str, environ: Mapping[str, str], is_terminal: bool) -> int:
    """How many colours to use: 0, 8 or 256. See https://no-color.org."""
    off = environ.get("NO_COLOR") or environ.get("TERM") == "dumb"
    if choice == "never" or (choice == "auto" and (off or not is_terminal)):
        return 0
    rich = "256" in environ.get("TERM", "") or environ.get("COLORTERM")
    return 256 if rich else 8


class Formatter:
    """How a line looks for ``me``.

    Args:
        colors: 0, 8 or 256.
        stamp: whether each line begins with its local time.
        dated: whether that time has the date in any case.
    """

    def __init__(
        self, colors: int = 0, *, stamp: bool = True, dated: bool = False
    ) -> None:
        self.me = ""
        self._colors = colors
        self._stamp = stamp
        self._dated = dated
        self._second = ("", "")
        self._mention: tuple[str, re.Pattern[str] | None] = ("", None)
        self._paints: dict[str, str] = {}

    def follow(self, event: ev.Event) -> None:
        """Know our own name from this event on; to be called with each, in order."""
        if isinstance(event, ev.Welcome):
            self.me = event.name
        elif isinstance(event, ev.Renamed) and event.name == self.me:
            self.me = event.to

    def line(self, event: ev.Event) -> str | None:
        """The event as one line or several, or None when there is nothing to see."""
        match event:
            case ev.Message():
                return self._message(event)
            case ev.Joined(quiet=True) | ev.Left(quiet=True) | ev.Renamed(quiet=True):
                return None
            case ev.Bye():  # the loss that follows tells its text
                return None
            case ev.Presence(joined=0, left=0):  # renames, or quiet members
                return None
            case ev.Joined(name=name, count=count):
                return self._aside(event.at, f"{name} joined ({count} here)")
            case ev.Left(name=name, count=count, reason=reason):
                why = f": {reason}" if reason not in _USUAL else ""
                return self._aside(event.at, f"{name} left{why} ({count} here)")
            case ev.Renamed(name=name, to=to):
                return self._aside(event.at, f"{name} is now {to}")
            case ev.Presence(joined=joined, left=left, count=count):
                came = f"{joined} joined, " if joined else ""
                went = f"{left} left, " if left else ""
                return self._aside(event.at, f"{came}{went}{count} here")
            case ev.Notice(text=text):
                return self.server(text)
            case ev.Problem(text=text, code=code):
                return self.server(text or code)
            case ev.Who():
                return self.who(event)
            case ev.Pong(token=token):
                return self.server(f"pong {token}".rstrip())
        return None

    def is_mention(self, event: ev.Message) -> bool:
        """Whether somebody else says our name in it, as a word."""
        return event.name != self.me and bool(self._find_me(event.text))

    def who(
        self, event: ev.Who, silence: Callable[[str], float | None] = lambda _: None
    ) -> str:
        """The names, with how long each has been silent, where that is known."""
        names = []
        for name in event.names:
            seconds = silence(name)
            about = ["quiet"] if name in event.quiet else []
            about += [f"silent for {duration(seconds)}"] if seconds else []
            names.append(f"{name} ({', '.join(about)})" if about else name)
        tail = "" if event.more else f" ({event.count} here)"
        return self.server(", ".join(names) + tail)

    def server(self, text: str) -> str:
        """A text of the server's; each line is marked."""
        return "\n".join(f"* {line}" for line in text.split("\n"))

    def divider(self, text: str) -> str:
        """A line across."""
        return self._paint(_DIM, f"──── {text} ────")

    def own(self, text: str) -> str:
        """A text of the client's own."""
        return self._paint(_DIM, f"- {text}")

    def _message(self, event: ev.Message) -> str:
        stamp = self._time(event.at)
        name, text = event.name, event.text
        if not self._colors:
            mark = " [you]" if name == self.me else ""
            named = "> " if self.is_mention(event) else ""
            return f"{named}{stamp}{name}{mark}: {text}"
        is_mine = name == self.me
        shown = f"{_BOLD}{name} [you]{_RESET}" if is_mine else self._named(name)
        look, between = "", ": "
        if text.startswith(_ACTION) and text.strip() != "*":
            look, between, text = _ITALIC, " ", text.removeprefix(_ACTION)
        if not is_mine and self._find_me(text):
            look += _BOLD + _REVERSE
        return f"{stamp}{shown}{between}{look}{text}{_RESET if look else ''}"

    def _aside(self, at: str, text: str) -> str:
        return self._paint(_DIM, f"{self._time(at)}* {text}")

    def _named(self, name: str) -> str:
        painted = self._paints.get(name)
        if painted is None:
            if len(self._paints) > 1000:
                self._paints.clear()
            painted = self._paints[name] = f"{self.name_color(name)}{name}{_RESET}"
        return painted

    def name_color(self, name: str) -> str:
        """The control sequence of a name's colour: the same for ever."""
        number = zlib.crc32(unicodedata.normalize("NFKC", name).casefold().encode())
        if self._colors >= 256:
            return f"\x1b[38;5;{PALETTE[number % len(PALETTE)]}m"
        return f"\x1b[{BASIC[number % len(BASIC)]}m"

    def _paint(self, control: str, text: str) -> str:
        return f"{control}{text}{_RESET}" if self._colors else text

    def _time(self, at: str) -> str:
        if not self._stamp:
            return ""
        second, shown = self._second
        if at[:19] != second:
            shown = _local(at, dated=self._dated)
            self._second = (at[:19], shown)
        return shown

    def _find_me(self, text: str) -> bool:
        me, pattern = self._mention
        if me != self.me:
            word = rf"(?<![\w]){re.escape(self.me)}(?![\w])"
            pattern = re.compile(word, re.IGNORECASE) if self.me else None
            self._mention = (self.me, pattern)
        return pattern is not None and pattern.search(text) is not None


def duration(seconds: float) -> str:
    """A time in words, as ``2 min``."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def day_of(at: str) -> str:
    """The local day of a time, in words; empty where there is none."""
    try:
        return datetime.fromisoformat(at).astimezone().strftime("%A, %Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return ""


def _local(at: str, *, dated: bool = False) -> str:
    """The local time of day; a day in front where it is another one, or ``dated``."""
    try:
        time = datetime.fromisoformat(at).astimezone()
    except (ValueError, OverflowError, OSError):
        return ""
    today = time.date() == datetime.now().astimezone().date()
    is_short = today and not dated
    return time.strftime("%H:%M:%S " if is_short else "%Y-%m-%d %H:%M:%S ")
