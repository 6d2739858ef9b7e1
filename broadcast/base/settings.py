"""The admin's settings, checked: frozen dataclasses that are handed around.

Each field that is an option carries its row: all that the command line, the file, the
help and docs/options.md say of it is here, and nowhere else. ``broadcast.options``
reads them.
"""

from dataclasses import dataclass
from typing import Final

from broadcast.base import files, values
from broadcast.base.rows import Group, OnReload, option

SCRAPERS: Final = 64
"""HTTP connections that may be open on the endpoint of ``--metrics``."""


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """The settings of the room. Rates are lines a second.

    Attributes:
        server: name and version, told in the greeting.
    """

    server: str = "broadcast"
    welcome: str = option(
        files.text_or_file,
        "Text that greets each newcomer. @FILE: what that file holds.",
        Group.ROOM,
        "TEXT|@FILE",
        on_reload=OnReload.CHANGES,
    )
    name_prompt: str = option(
        values.one_line,
        "Text that asks for a name on --ask endpoints, without a line end. May be"
        " empty.",
        Group.ROOM,
        "TEXT",
        "NICK? ",
        on_reload=OnReload.CHANGES,
    )
    joined_text: str = option(
        values.template("name", "count"),
        "Line that greets newcomers on --ask endpoints, with {name} and {count} filled"
        " in.",
        Group.ROOM,
        "TEMPLATE",
        default_is="the usual greeting",
        on_reload=OnReload.CHANGES,
    )
    max_line: int = option(
        values.whole(64, 1 << 20),
        "Bytes that a line may have.",
        Group.ROOM,
        "BYTES",
        "8192",
    )
    history: int | None = option(
        values.whole_or_all(values.MOST_LINES),
        "How many lines back anybody may ask, by any command, 1000 of them at a time."
        " 0: nothing that is over. all: as far back as they are kept.",
        Group.ROOM,
        "LINES|all",
        "1000",
        on_reload=OnReload.CHANGES,
    )
    echo: bool = option(
        values.flag, "Sends members their own lines as well.", Group.ROOM, default="no"
    )
    relay: bool = option(
        values.flag,
        "Passes bytes on as they are: no names, notices or commands.",
        Group.ROOM,
        default="no",
    )
    rate: float = option(
        values.optional(values.rate),
        "Lines a second that a member may say; more are slowed. 0: any number.",
        Group.LIMITS,
        "LINES",
        default_is="10000, or 0 with --relay",
        unset=0.0,
        on_reload=OnReload.CHANGES,
    )
    burst: float = option(
        values.optional(values.rate),
        "Lines that a member may say at once beyond --rate.",
        Group.LIMITS,
        "LINES",
        default_is="2 seconds of --rate",
        unset=0.0,
        on_reload=OnReload.CHANGES,
    )
    max_members: int = option(
        values.optional(values.whole(1, 10_000_000)),
        "Members that may be here.",
        Group.LIMITS,
        "MEMBERS",
        default_is="64 fewer than files may be open, less those of --web and --metrics",
        unset=1_000_000,
    )
    max_per_host: int = option(
        values.whole(0, 1_000_000),
        "Members that may be here from one host. 0: any number.",
        Group.LIMITS,
        "MEMBERS",
        "0",
    )

    login_timeout: float = option(
        values.seconds,
        "Seconds that a newcomer has to log in, or to answer --name-prompt.",
        Group.ACCESS,
        "SECONDS",
        "30",
    )


@dataclass(frozen=True, slots=True)
class Settings(RoomSettings):
    """All options of ``twist broadcast``, checked. Times are seconds.

    Attributes:
        listen: Twisted endpoints; with ``ask``, ``listen_only`` and ``speak_only``
            instead of ``host`` and ``port``.
        speak_only: the name of those who come there ("" for one of their own
            choice), and the endpoint.
        web_origin: other origins whose pages may talk: scheme, host, port.
        web_embed: origins whose pages may show the page in a frame.
    """

    port: int = option(
        values.whole(0, 65535),
        "TCP port to listen on. 0: any free one.",
        Group.LISTENING,
        "PORT",
        "8000",
        short="p",
    )
    host: str = option(
        values.some_text,
        "Address to listen on. 0.0.0.0 lets other machines in.",
        Group.LISTENING,
        "ADDRESS",
        "127.0.0.1",
    )
    listen: tuple[str, ...] = option(
        values.several,
        "Listens on a Twisted endpoint, such as tcp:8000, tls:8443, unix:/PATH or"
        " systemd:…, instead of --host and --port.",
        Group.LISTENING,
        "ENDPOINT",
        is_repeated=True,
    )
    ask: tuple[str, ...] = option(
        values.several,
        "Listens there too: members of this endpoint are asked for their name.",
        Group.LISTENING,
        "ENDPOINT",
        is_repeated=True,
    )
    listen_only: tuple[str, ...] = option(
        values.several,
        "Listens there too: members of this endpoint hear, and never speak.",
        Group.LISTENING,
        "ENDPOINT",
        is_repeated=True,
    )
    speak_only: tuple[tuple[str, str], ...] = option(
        values.several,
        "Listens there too: members of this endpoint only speak, as NAME.",
        Group.LISTENING,
        "[NAME=]ENDPOINT",
        is_repeated=True,
    )
    log_size: int = option(
        values.size(64 * 1024),
        "Memory for what was said, in bytes, or with K, M or G.",
        Group.ROOM,
        "SIZE",
        "16M",
    )
    store: str | None = option(
        values.text_or_none,
        "File that keeps what is said, and its positions, through restarts and power"
        " cuts; made if it isn't there. It belongs on a local disk.",
        Group.ROOM,
        "FILE",
    )
    store_size: int = option(
        values.size(16 << 20),
        "Bytes of that file, or of the room in NATS, or with K, M or G, beyond which"
        " the oldest lines are deleted.",
        Group.ROOM,
        "SIZE",
        "1G",
    )
    nats: tuple[str, ...] = option(
        values.nats_urls,
        "Shares the room with all daemons that are given the same NATS servers, with"
        " JetStream. Needs the extra nats, and Twisted's asyncio reactor.",
        Group.SHARED,
        "URL[,URL…]",
    )
    nats_creds: str | None = option(
        values.text_or_none,
        "File of credentials for NATS.",
        Group.SHARED,
        "FILE",
        is_secret=True,
    )
    nats_ca: str | None = option(
        values.text_or_none,
        "PEM file of the authority that has signed the NATS servers' certificates.",
        Group.SHARED,
        "FILE",
    )
    room: str = option(
        values.token,
        "The room's name: that of the stream, and the first word of its subjects.",
        Group.SHARED,
        "NAME",
        "broadcast",
    )
    node: str = option(
        values.optional(values.token),
        "What this daemon is called among the others, in logs and lists.",
        Group.SHARED,
        "NAME",
        default_is="the host's name and the process's number",
        unset="",
    )
    nats_replicas: int | None = option(
        values.optional(values.whole(1, 5)),
        "On how many NATS servers the room is kept, when it is made.",
        Group.SHARED,
        "NUMBER",
        default_is="3, or 1 on a lone server",
    )
    cut_off: float = option(
        values.seconds,
        "Seconds without a commit after which members are sent to other daemons; at"
        " most 10 where the connection is lost.",
        Group.SHARED,
        "SECONDS",
        "20",
    )
    idle_timeout: float = option(
        values.seconds,
        "Seconds without input after which a pinging client is disconnected. 0: never.",
        Group.LIMITS,
        "SECONDS",
        "90",
        on_reload=OnReload.CHANGES,
    )
    stall_timeout: float = option(
        values.seconds,
        "Seconds after which a client that reads nothing is disconnected. 0: never.",
        Group.LIMITS,
        "SECONDS",
        "120",
        on_reload=OnReload.CHANGES,
    )
    greeting_delay: float = option(
        values.seconds,
        "Seconds that a newcomer has to introduce itself before it is greeted.",
        Group.ROOM,
        "SECONDS",
        "0.25",
    )
    flush_partial: float | None = option(
        values.off_or_seconds,
        "Seconds of silence that end an unfinished line. off: none do.",
        Group.ROOM,
        "SECONDS|off",
        "off",
        on_reload=OnReload.CHANGES,
    )
    lame_duck: float = option(
        values.seconds,
        "Seconds for which all goes on when the daemon is to stop, but that /readyz"
        " says 503.",
        Group.ROOM,
        "SECONDS",
        "0",
        on_reload=OnReload.CHANGES,
    )
    drain: float = option(
        values.seconds,
        "Seconds to deliver what was said when the daemon stops.",
        Group.ROOM,
        "SECONDS",
        "10",
        on_reload=OnReload.CHANGES,
    )
    tls_cert: str | None = option(
        files.path_or_none,
        "PEM file of the certificate, then its chain, for tls: endpoints.",
        Group.TLS,
        "FILE",
        on_reload=OnReload.REREADS,
    )
    tls_key: str | None = option(
        files.path_or_none,
        "PEM file of the certificate's key, without a password.",
        Group.TLS,
        "FILE",
        default_is="the file of --tls-cert",
        on_reload=OnReload.REREADS,
        is_secret=True,
    )
    tls_client_ca: str | None = option(
        files.path_or_none,
        "PEM file of the authority that signs members' own certificates. Every tls:"
        " endpoint then asks for one.",
        Group.TLS,
        "FILE",
        on_reload=OnReload.REREADS,
    )
    tls_handshake: float = option(
        values.seconds,
        "Seconds that a TLS handshake may take.",
        Group.TLS,
        "SECONDS",
        "10",
    )
    tls_recheck: float = option(
        values.seconds,
        "Seconds between two looks whether these files have changed. 0: only SIGHUP"
        " looks.",
        Group.TLS,
        "SECONDS",
        "10",
    )
    token_file: str | None = option(
        files.path_or_none,
        "File of shared secrets to log in with, one a line.",
        Group.ACCESS,
        "FILE",
        on_reload=OnReload.REREADS,
        is_secret=True,
    )
    users: str | None = option(
        files.path_or_none,
        "File of names and passwords to log in with, written by bcast-passwd.",
        Group.ACCESS,
        "FILE",
        on_reload=OnReload.REREADS,
        is_secret=True,
    )
    auth: str | None = option(
        values.text_or_none,
        "Checks logins with any checker of twisted.cred.",
        Group.ACCESS,
        "TYPE:ARGUMENTS",
    )
    allow_plaintext_login: bool = option(
        values.flag,
        "Takes unencrypted logins from other machines.",
        Group.ACCESS,
        default="no",
    )
    ban_file: str | None = option(
        values.text_or_none,
        "File that keeps the bans across restarts; made when it is needed.",
        Group.ACCESS,
        "FILE",
        on_reload=OnReload.REREADS,
    )
    admin: str | None = option(
        values.unix_path,
        "Unix socket for bcast-admin.",
        Group.ACCESS,
        "unix:/PATH",
    )
    web: str | None = option(
        values.text_or_none,
        "Port on --host, or Twisted endpoint, of the page, WebSocket and metrics.",
        Group.WEB,
        "PORT|ENDPOINT",
    )
    web_ask: bool = option(
        values.flag,
        "Asks for a name on the page's port, as --ask does.",
        Group.WEB,
        default="no",
    )
    web_origin: frozenset[tuple[str, str, int]] = option(
        values.several,
        "Origin whose pages may use the WebSocket too, such as https://example.org.",
        Group.WEB,
        "ORIGIN",
        unset=frozenset(),
        is_repeated=True,
    )
    web_embed: frozenset[tuple[str, str, int]] = option(
        values.several,
        "Origin whose pages may show the page in a frame; no others may.",
        Group.WEB,
        "ORIGIN",
        unset=frozenset(),
        is_repeated=True,
    )
    web_metrics: str = option(
        values.one_of("off", "loopback", "on"),
        "Lets nobody, this machine alone, or everybody read /metrics.",
        Group.WEB,
        "off|loopback|on",
        "loopback",
    )
    metrics: str | None = option(
        values.text_or_none,
        "Port on --host, or Twisted endpoint, of metrics and health alone. The page's"
        " port then has no metrics.",
        Group.WEB,
        "PORT|ENDPOINT",
    )
    web_max_connections: int = option(
        values.optional(values.whole(1, 10_000_000)),
        "HTTP connections that may be open, WebSockets not counted.",
        Group.WEB,
        "NUMBER",
        default_is="a quarter of the open files",
        unset=1_000_000,
    )
    web_max_per_host: int = option(
        values.optional(values.whole(0, 10_000_000)),
        "HTTP connections that may be open from one host. 0: any number.",
        Group.WEB,
        "NUMBER",
        default_is="a sixteenth of the open files",
        unset=0,
    )
    log_style: str = option(
        values.one_of("text", "json"),
        "Lines of the log: text for people, or one json object each for programs.",
        Group.LOG,
        "text|json",
        "text",
    )
    log_file: str | None = option(
        values.text_or_none,
        "File to log to as well.",
        Group.LOG,
        "FILE",
        on_reload=OnReload.REOPENS,
    )
    log_file_size: int = option(
        values.size(4096),
        "Size at which the log file is rotated, in bytes, or with K, M or G.",
        Group.LOG,
        "SIZE",
        "10M",
    )
    log_file_count: int = option(
        values.whole(1, 1000),
        "Rotated log files that are kept.",
        Group.LOG,
        "FILES",
        "5",
    )


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long silence is borne, in seconds; 0 is for ever.

    Attributes:
        idle: of one who pings.
        stall: of one who reads nothing at all of what has been sent.
    """

    idle: float
    stall: float
