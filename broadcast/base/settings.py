"""What the admin chose, checked: frozen dataclasses that are handed around.

``broadcast.options`` makes them from the command line and the file.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """All options of ``twist broadcast``, checked. Times are seconds.

    Attributes:
        listen: Twisted endpoints; with ``listen_only`` and ``speak_only`` instead of
            ``host`` and ``port``.
        speak_only: the name of those who come there ("" for one of their own
            choice), and the endpoint.
        web_origin: other origins whose pages may talk: scheme, host, port.
    """

    port: int
    host: str
    listen: tuple[str, ...]
    echo: bool
    relay: bool
    welcome: str
    max_line: int
    log_size: int
    history: int
    idle_timeout: float
    stall_timeout: float
    greeting_delay: float
    flush_partial: float | None
    drain: float
    rate: float
    burst: float
    max_members: int
    max_per_host: int
    log_file: str | None
    log_file_size: int
    log_file_count: int
    tls_cert: str | None
    tls_key: str | None
    tls_client_ca: str | None
    tls_handshake: float
    tls_recheck: float
    token_file: str | None
    users: str | None
    auth: str | None
    login_timeout: float
    allow_plaintext_login: bool
    ban_file: str | None
    admin: str | None
    listen_only: tuple[str, ...]
    speak_only: tuple[tuple[str, str], ...]
    web: str | None
    web_metrics: str
    web_max_connections: int
    web_max_per_host: int
    web_origin: frozenset[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """What of the settings concerns the room.

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


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long silence is borne, in seconds; 0 is for ever.

    Attributes:
        idle: of one who pings.
        stall: of one who reads nothing at all of what has been sent.
    """

    idle: float
    stall: float
