"""A member: the identity of a connection, in whatever room it reads and speaks."""

from broadcast.protocol.dialects import Speaker

Peer = str | tuple[str, int]
"""The address of a peer. Host and port are the socket's own tuple, since a string
would be 64 bytes more for each member."""


class Member:
    """The identity of a connection.

    Attributes:
        session_id: a number that no other connection ever has.
        name: the name in its canonical form; "" until the member joins.
        key: the secret by which the name can be taken back.
        owner: the digest of the name with its key; None without a key.
        account: the folded name of its login; "" for none.
        silenced: the error code for its lines; "" if it may speak.
        is_quiet: text does not tell of its joining, leaving and renaming.
        speaker: the name as the log keeps it, once the member has spoken under it.
        echo: its own lines come back in the text dialect too.
    """

    __slots__ = (
        "_name",
        "_peer",
        "account",
        "echo",
        "is_quiet",
        "key",
        "owner",
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
        self.owner: str | None = None
        self.account = ""
        self.silenced = ""
        self.is_quiet = False

    @property
    def address(self) -> str:
        """The peer's address, for the log: ``127.0.0.1:8000``."""
        peer = self._peer
        return peer if isinstance(peer, str) else "{}:{}".format(*peer)

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name
        self.speaker = None

    def begin_to_speak(self) -> Speaker:
        """Return the name as the log keeps it; made late, as most never speak."""
        self.speaker = Speaker(self._name)
        return self.speaker
