"""The meaning of a typed line: text, a command for here, or one for the server.

Knows no terminal: ``connect`` in a pipe reads its input with ``interpret`` too.
"""

from dataclasses import dataclass

LOCAL_HELP = (
    ("help", "", "this list; the server's own is /help server"),
    ("me", "TEXT", "say what you do: /me waves is * waves"),
    ("ignore", "NAME", "hide what NAME says; alone: who is hidden"),
    ("unignore", "NAME", "show NAME again"),
    ("presence", "smart|all|none", "whose coming and going is shown"),
    ("bell", "off|mention|all", "when to ring"),
    ("search", "WORDS", "find lines in all that the server keeps"),
    ("lastlog", "[N]", "the last N lines again (100)"),
    ("save", "FILE", "write what was shown to FILE"),
    ("log", "on|off", "append what is shown to a file, see --log"),
    ("clear", "", "empty the screen"),
    ("resend", "", "say the lines in doubt again"),
    ("drop", "", "forget the lines in doubt"),
    ("quit", "", "leave; also /exit, exit and Ctrl-D"),
)

REMOTE_HELP = (
    ("name", "NAME", "take another name"),
    ("who", "[PREFIX]", "who is here, and how long silent"),
    ("history", "[N]", "the last lines again"),
    ("since", "EPOCH:ID", "what was said after that message"),
    ("ping", "[WORD]", "how long the server takes to answer"),
    ("login", "", "log in; your secret is asked for hidden"),
)

FOOTER = "//TEXT says /TEXT; Alt-Enter begins a new line; Tab completes"

_LOCAL = frozenset(word for word, _, _ in LOCAL_HELP) | {"exit"}
_REMOTE = frozenset(word for word, _, _ in REMOTE_HELP) | {"say", "format", "quiet"}


@dataclass(frozen=True, slots=True)
class Say:
    """A line to say."""

    text: str


@dataclass(frozen=True, slots=True)
class Local:
    """A command for this client: its word, without the slash, and the rest."""

    word: str
    rest: str


@dataclass(frozen=True, slots=True)
class Remote:
    """A command for the server, as typed."""

    word: str
    rest: str

    @property
    def line(self) -> str:
        """As it is sent."""
        return f"/{self.word} {self.rest}".rstrip()


def interpret(line: str) -> Say | Local | Remote:
    """The meaning of a typed line. ``//x`` says ``/x``; ``exit`` alone leaves."""
    if line.strip().lower() == "exit":
        return Local("quit", "")
    if line.startswith("//") or not line.startswith("/"):
        return Say(line[1:] if line.startswith("//") else line)
    word, _, rest = line[1:].partition(" ")
    word, rest = word.lower(), rest.strip()
    if word == "me" and rest:
        return Say(f"* {rest}")
    if word in _LOCAL:
        return Local("quit" if word == "exit" else word, rest)
    return Remote("name" if word == "nick" else word, rest)


def has_secret(line: str) -> bool:
    """Whether a typed line is a command with a secret in it, blanks in front or not."""
    meant = interpret(line.lstrip())
    if not isinstance(meant, Remote):
        return False
    is_login = meant.word == "login" and bool(meant.rest)
    return is_login or (meant.word == "name" and " " in meant.rest)


def is_kept(line: str) -> bool:
    """Whether a typed line may stand in the history: no secret is in it.

    A command that nobody knows may be a mistyped secret.
    """
    meant = interpret(line.lstrip())
    is_odd = isinstance(meant, Remote) and meant.word not in _REMOTE and meant.rest
    return not is_odd and not has_secret(line)


@dataclass(frozen=True, slots=True)
class Entered:
    """A text of one line or several, as a person entered it.

    Attributes:
        lines: the meaning of each.
        is_kept: whether it may stand in the history.
        slips: the lines with a secret that would be said to all for a blank in front.
    """

    lines: tuple[Say | Local | Remote, ...]
    is_kept: bool
    slips: tuple[str, ...] = ()

    @property
    def says(self) -> list[str]:
        """The texts to say."""
        return [m.text for m in self.lines if isinstance(m, Say) and m.text.strip()]


def understand(text: str) -> Entered:
    """The meaning of a text, without the byte order mark of a paste."""
    typed = text.removeprefix("\ufeff").split("\n")
    slips = (line for line in typed if line[:1].isspace() and has_secret(line))
    kept = all(map(is_kept, typed))
    return Entered(tuple(map(interpret, typed)), kept, tuple(slips))
