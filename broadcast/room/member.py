"""One member: who somebody connected is, wherever it reads and speaks."""

from broadcast.protocol.dialects import Speaker

Peer = str | tuple[str, int]
"""Where somebody comes from; a host and a port as the socket keeps them anyway,
since a string of its own would be 64 bytes more for each."""


class Member:
    """Somebody connected.

    Attributes:
        session_id: a number that no other connection ever has.
        name: in its one true form; "" until joined.
        key: the secret by which the name can be taken back.
        account: the folded name that it has logged in as; "" for none.
        silenced: the error's code for what it says; "" if it may speak.
        is_quiet: people aren't told of its coming, going and renaming.
        speaker: the name as the log keeps it, once it has spoken under it.
        echo: own lines come back in the text dialect too.
    """

    __slots__ = (
        "_name",
        "_peer",
        "account",
        "echo",
        "is_quiet",
        "key",
        "session_id",
        "silenced",
        "speaker",
    )

    def __init__(self, session_id: int, peer: Peer, echo: bool = False) -> None:
        self.session_id = session_id
        self._peer = peer
        self.speaker: Speaker | None = None
        self.echo = echo
        self._name = ""
        self.key: str | None = None
        self.account = ""
        self.silenced = ""
        self.is_quiet = False

    @property
    def address(self) -> str:
        """Where from, for the log: ``127.0.0.1:8000``."""
        peer = self._peer
        return peer if isinstance(peer, str) else "{}:{}".format(*peer)

    @property
    def name(self) -> str:
        """What it is called."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name
        self.speaker = None

    def begin_to_speak(self) -> Speaker:
        """Return the name as the log keeps it from now on: most never need it."""
        self.speaker = Speaker(self._name)
        return self.speaker
