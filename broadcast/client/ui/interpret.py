"""What a typed line means: something to say, or a command and for whom."""

from dataclasses import dataclass


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


LOCAL_HELP = (
    ("help", "", "this list, and the server's commands"),
    ("ignore", "NAME", "hide what NAME says; alone: who is hidden"),
    ("unignore", "NAME", "show NAME again"),
    ("clear", "", "empty the screen"),
    ("save", "FILE", "write what was shown to FILE"),
    ("bell", "off|mention|all", "when to ring"),
    ("resend", "", "say the lines in doubt again"),
    ("drop", "", "forget the lines in doubt"),
    ("quit", "", "leave; also /exit, exit and Ctrl-D"),
)
REMOTE_HELP = (
    ("name", "NAME", "take another name"),
    ("who", "[PREFIX]", "who is here"),
    ("history", "[N]", "the last lines again"),
    ("since", "EPOCH:ID", "what was said after that message"),
    ("ping", "[WORD]", "ask for a pong"),
    ("login", "", "tell the server your secret; it is asked for hidden"),
)
_LOCAL = frozenset(word for word, _, _ in LOCAL_HELP) | {"exit"}


def interpret(line: str) -> Say | Local | Remote:
    """What a typed line means. `//x` says `/x`; `exit` alone leaves."""
    if line.strip().lower() == "exit":
        return Local("quit", "")
    if line.startswith("//") or not line.startswith("/"):
        return Say(line[1:] if line.startswith("//") else line)
    word, _, rest = line[1:].partition(" ")
    word, rest = word.lower(), rest.strip()
    if word in _LOCAL:
        return Local("quit" if word == "exit" else word, rest)
    return Remote("name" if word == "nick" else word, rest)
