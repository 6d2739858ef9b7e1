"""What the admin chose for the room."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class House:
    """What the admin chose for the room.

    Attributes:
        server: name and version, told in the greeting.
        welcome: the admin's words, told in the greeting.
        max_line: bytes that a line may have.
        history: lines that may be asked back.
        echo: own lines come back in the text dialect too.
        relay: bytes in, bytes out, nothing else.
        rate: lines a second that a member may say; 0: any number.
        burst: lines that it may say at once beyond that.
        max_members: members in all.
        max_per_host: members from one host; 0: any number.
    """

    server: str = "broadcast"
    welcome: str = ""
    max_line: int = 8192
    history: int = 1000
    echo: bool = False
    relay: bool = False
    rate: float = 0
    burst: float = 0
    max_members: int = 1_000_000
    max_per_host: int = 0
