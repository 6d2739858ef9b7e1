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
        "Text that greets each newcomer. @FILE: the content of that file.",
        Group.ROOM,
        "TEXT|@FILE",
        on_reload=OnReload.CHANGES,
    )
    name_prompt: str = option(
        values.one_line,
        "Text that asks for a name on --ask endpoints, sent without a line end. It may"
        " be empty.",
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
        "Bytes that a line may have. A longer line is refused.",
        Group.ROOM,
        "BYTES",
        "8192",
    )
    history: int | None = option(
        values.whole_or_all(values.MOST_LINES),
        "Past lines that a member may ask for, at most 1000 in one command. 0: none."
        " all: every line that is kept.",
        Group.ROOM,
        "LINES|all",
        "1000",
        on_reload=OnReload.CHANGES,
    )
    echo: bool = option(
        values.flag, "Sends members their own lines, too.", Group.ROOM, default="no"
    )
    relay: bool = option(
        values.flag,
        "Passes bytes on as they are: no names, notices or commands.",
        Group.ROOM,
        default="no",
    )
    rate: float = option(
        values.optional(values.rate),
        "Lines a second that a member may say. More are slowed, and none is lost. 0:"
        " any number.",
        Group.LIMITS,
        "LINES",
        default_is="10000, or 0 with --relay",
        unset=0.0,
        on_reload=OnReload.CHANGES,
    )
    burst: float = option(
        values.optional(values.rate),
        "Lines that a member may say at once before --rate slows it.",
        Group.LIMITS,
        "LINES",
        default_is="2 seconds of --rate",
        unset=0.0,
        on_reload=OnReload.CHANGES,
    )
    max_members: int = option(
        values.optional(values.whole(1, 10_000_000)),
        "Members that may be connected at once.",
        Group.LIMITS,
        "MEMBERS",
        default_is="the open-file limit, minus 64, minus those for --web and --metrics",
        unset=1_000_000,
    )
    max_per_host: int = option(
        values.whole(0, 1_000_000),
        "Members that may be connected at once from one host. 0: any number.",
        Group.LIMITS,
        "MEMBERS",
        "0",
    )

    login_timeout: float = option(
        values.seconds,
        "Seconds after which a client that has not logged in, or has not answered"
        " --name-prompt, is disconnected.",
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
        values.host,
        "Address to listen on. 0.0.0.0: all addresses, for other machines.",
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
        "Listens on a Twisted endpoint whose clients are asked for their name.",
        Group.LISTENING,
        "ENDPOINT",
        is_repeated=True,
    )
    listen_only: tuple[str, ...] = option(
        values.several,
        "Listens on a Twisted endpoint whose members hear and can't speak.",
        Group.LISTENING,
        "ENDPOINT",
        is_repeated=True,
    )
    speak_only: tuple[tuple[str, str], ...] = option(
        values.several,
        "Listens on a Twisted endpoint whose members speak, as NAME, and hear nothing.",
        Group.LISTENING,
        "[NAME=]ENDPOINT",
        is_repeated=True,
    )
    log_size: int = option(
        values.size(64 * 1024),
        "Memory for past lines. When it is full, the oldest lines go, and a member that"
        " has not read them yet is disconnected.",
        Group.ROOM,
        "SIZE",
        "16M",
    )
    store: str | None = option(
        values.text_or_none,
        "File that keeps every line through restarts and power cuts. It is made if it"
        " does not exist, and belongs on a local disk.",
        Group.ROOM,
        "FILE",
    )
    store_size: int = option(
        values.size(16 << 20),
        "Size of that file (16M at least), or of the room in NATS, beyond which the"
        " oldest lines are deleted.",
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
        "Seconds for which the greeting waits for a client's name and format.",
        Group.ROOM,
        "SECONDS",
        "0.25",
    )
    flush_partial: float | None = option(
        values.off_or_seconds,
        "Seconds of silence after which an unfinished line counts as a whole one. off:"
        " it never does.",
        Group.ROOM,
        "SECONDS|off",
        "off",
        on_reload=OnReload.CHANGES,
    )
    lame_duck: float = option(
        values.seconds,
        "Seconds between SIGTERM and the stop. Only /readyz changes meanwhile, to 503,"
        " so that a load balancer sends no more clients.",
        Group.ROOM,
        "SECONDS",
        "0",
        on_reload=OnReload.CHANGES,
    )
    drain: float = option(
        values.seconds,
        "Seconds that the daemon may take to deliver unread lines when it stops.",
        Group.ROOM,
        "SECONDS",
        "10",
        on_reload=OnReload.CHANGES,
    )
    tls_cert: str | None = option(
        files.path_or_none,
        "PEM file with the certificate and then its chain, for tls: endpoints.",
        Group.TLS,
        "FILE",
        on_reload=OnReload.REREADS,
    )
    tls_key: str | None = option(
        files.path_or_none,
        "PEM file with the certificate's key, without a password.",
        Group.TLS,
        "FILE",
        default_is="the file of --tls-cert",
        on_reload=OnReload.REREADS,
        is_secret=True,
    )
    tls_client_ca: str | None = option(
        files.path_or_none,
        "PEM file of the authority that signs the members' certificates. Every tls:"
        " endpoint then requires one.",
        Group.TLS,
        "FILE",
        on_reload=OnReload.REREADS,
    )
    tls_handshake: float = option(
        values.seconds,
        "Seconds after which an unfinished TLS handshake is closed.",
        Group.TLS,
        "SECONDS",
        "10",
    )
    tls_recheck: float = option(
        values.seconds,
        "Seconds between two checks of these files for changes. 0: only SIGHUP checks.",
        Group.TLS,
        "SECONDS",
        "10",
    )
    token_file: str | None = option(
        files.path_or_none,
        "File of shared secrets, one a line. Clients must then log in with one.",
        Group.ACCESS,
        "FILE",
        on_reload=OnReload.REREADS,
        is_secret=True,
    )
    users: str | None = option(
        files.path_or_none,
        "File of accounts, written by bcast-passwd. Clients must then log in with a"
        " name and its password.",
        Group.ACCESS,
        "FILE",
        on_reload=OnReload.REREADS,
        is_secret=True,
    )
    auth: str | None = option(
        values.text_or_none,
        "Checks logins with a twisted.cred checker, by its name. Clients must then log"
        " in.",
        Group.ACCESS,
        "TYPE:ARGUMENTS",
    )
    allow_plaintext_login: bool = option(
        values.flag,
        "Accepts unencrypted logins from other machines.",
        Group.ACCESS,
        default="no",
    )
    ban_file: str | None = option(
        values.text_or_none,
        "File that keeps the bans through restarts. It is made at the first ban.",
        Group.ACCESS,
        "FILE",
        on_reload=OnReload.REREADS,
    )
    admin: str | None = option(
        values.unix_path,
        "Listens on a Unix socket for bcast-admin.",
        Group.ACCESS,
        "unix:/PATH",
    )
    web: str | None = option(
        values.port_or_endpoint,
        "Serves the page, WebSocket, lines over HTTP and metrics on a port of --host,"
        " or on a Twisted endpoint.",
        Group.WEB,
        "PORT|ENDPOINT",
    )
    web_ask: bool = option(
        values.flag,
        "Asks clients of the page's port for their name, as --ask does.",
        Group.WEB,
        default="no",
    )
    web_origin: frozenset[tuple[str, str, int]] = option(
        values.several,
        "Lets pages of this origin, such as https://example.org, speak and listen over"
        " WebSocket and HTTP.",
        Group.WEB,
        "ORIGIN",
        unset=frozenset(),
        is_repeated=True,
    )
    web_embed: frozenset[tuple[str, str, int]] = option(
        values.several,
        "Lets pages of this origin show the page in a frame. No others may.",
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
        values.port_or_endpoint,
        "Serves metrics and health, and nothing else, on a port of --host or a Twisted"
        " endpoint. The page's port then has no metrics.",
        Group.WEB,
        "PORT|ENDPOINT",
    )
    web_max_connections: int = option(
        values.optional(values.whole(1, 10_000_000)),
        "HTTP connections that may be open at once, without WebSockets.",
        Group.WEB,
        "NUMBER",
        default_is="(the open-file limit - 64) / 4",
        unset=1_000_000,
    )
    web_max_per_host: int = option(
        values.optional(values.whole(0, 10_000_000)),
        "HTTP connections that may be open at once from one host. 0: any number.",
        Group.WEB,
        "NUMBER",
        default_is="(the open-file limit - 64) / 16",
        unset=0,
    )
    log_style: str = option(
        values.one_of("text", "json"),
        "Format of the log: text for people, or json for programs, an object a line.",
        Group.LOG,
        "text|json",
        "text",
    )
    log_file: str | None = option(
        values.text_or_none,
        "File to log to, besides standard output.",
        Group.LOG,
        "FILE",
        on_reload=OnReload.REOPENS,
    )
    log_file_size: int = option(
        values.size(4096),
        "Size at which the log file is rotated.",
        Group.LOG,
        "SIZE",
        "10M",
    )
    log_file_count: int = option(
        values.whole(1, 1000),
        "Number of rotated log files to keep.",
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
