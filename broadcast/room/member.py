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
        echo: own lines come back in the text dialect too.
    """

    __slots__ = (
        "_peer",
        "_speaker",
        "account",
        "echo",
        "key",
        "name",
        "session_id",
        "silenced",
    )

    def __init__(self, session_id: int, peer: Peer, echo: bool = False) -> None:
        self.session_id = session_id
        self._peer = peer
        self._speaker: Speaker | None = None
        self.echo = echo
        self.name = ""
        self.key: str | None = None
        self.account = ""
        self.silenced = ""

    @property
    def address(self) -> str:
        """Where from, for the log: ``127.0.0.1:8000``."""
        peer = self._peer
        return peer if isinstance(peer, str) else "{}:{}".format(*peer)

    @property
    def speaker(self) -> Speaker:
        """The member's name as the log keeps it."""
        if self._speaker is None or self._speaker.name != self.name:
            self._speaker = Speaker(self.name)
        return self._speaker
