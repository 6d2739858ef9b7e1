"""The connection to NATS: the only module that imports nats-py.

It knows requests, publishing and subscribing, and nothing of rooms. The exceptions of
nats-py end here: ``LinkError`` stands for all that may be better the next time.
"""

import asyncio
import json
import logging
import re
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from nats.aio.client import Client
from nats.errors import Error, MaxPayloadError
from twisted.logger import Logger

from broadcast.store.base import StoreError
from broadcast.store.creds import Creds, CredsError
from broadcast.store.ending import end
from broadcast.store.trouble import REFUSED, hint_for, said

LEAST_VERSION: Final = (2, 10, 23)
"""The oldest server that is taken: those before it lost streams by mere crashes."""

PATIENCE: Final = 3.0
"""Seconds that the first connection may take, for each address: some may be dead."""

REQUEST: Final = 3.0
"""Seconds for an answer of JetStream's."""

UNREAD: Final = -1
"""No limit on what is not processed: JetStream's flow control has one."""

EOF_OVER_TLS: Final = "returning true from eof_received()"
"""asyncio says so whenever a connection ends on which nats-py has begun TLS: nobody can
do anything about it."""


class LinkError(Exception):
    """It could not be done just now."""


class ApiError(LinkError):
    """JetStream has said no.

    Attributes:
        code: its own code for it.
    """

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as it has come: an empty one with headers may be the server's own."""

    subject: str
    reply: str
    headers: dict[str, str]
    data: bytes


Hear = Callable[[Arrived], Awaitable[None]]


@dataclass(frozen=True)
class Access:
    """How a server is reached.

    Attributes:
        urls: its addresses, and those of others.
        creds: file with what it is told to be let in.
        ca: file with the certificate of the authority that has signed its own.
        name: the name that the server shows for this client.
    """

    urls: tuple[str, ...]
    creds: str | None = None
    ca: str | None = None
    name: str = "broadcast"

    @property
    def where(self) -> str:
        """The addresses, without what logs in."""
        return ",".join(re.sub(r"//[^/@]*@", "//", url) for url in self.urls)


class _Client(Client):
    """A client that says nothing without TLS, if it is to have that.

    nats-py goes on in the clear, whatever the address says, where the server does not
    ask for TLS, and logs in so.
    """

    wants_tls = False

    async def _process_info(
        self, info: dict[str, Any], initial_connection: bool = False
    ) -> None:
        if self.wants_tls and initial_connection:
            if info.get("tls_available"):
                info["tls_required"] = True
            if not info.get("tls_required"):
                raise Error("it has no TLS, which --nats-ca and tls:// ask for")
        await super()._process_info(info, initial_connection)


@dataclass
class Link:
    """A connection that comes back by itself.

    Attributes:
        access: how the server is reached.
        trouble: the last thing that went wrong, in a few words.
    """

    access: Access
    trouble: str = ""
    _client: Client | None = None
    _is_closing: bool = False
    _refusals: int = 0
    _is_refused: asyncio.Event = field(default_factory=asyncio.Event)
    _subscriptions: dict[int, Any] = field(default_factory=dict)
    _logger: Logger = field(default_factory=lambda: Logger(namespace="broadcast"))

    @property
    def is_connected(self) -> bool:
        """There is a connection."""
        return self._client is not None and self._client.is_connected

    @property
    def is_lost(self) -> bool:
        """The client has ended itself: another one is needed."""
        return self._client is None or self._client.is_closed

    @property
    def is_clustered(self) -> bool:
        """The server is one of several."""
        return self._client is not None and "cluster" in self._client._server_info

    async def connect(self) -> None:
        """Connect.

        Raises:
            StoreError: nobody answers, or not as is needed; says so in one line.
        """
        logging.getLogger("asyncio").addFilter(_is_of_use)
        client, options = _Client(), self._options()
        client.wants_tls = self.access.ca is not None or any(
            url.startswith("tls:") for url in self.access.urls
        )
        try:
            async with asyncio.timeout(PATIENCE * len(self.access.urls)):
                await self._try(client, options)
        except (Error, OSError, TimeoutError, ValueError) as error:
            await self._abandon(client)
            why = self.trouble or said(error)
            hint = hint_for(why, self.access.creds is not None)
            hint = hint or "is nats-server -js there?"
            raise StoreError(f"{self.access.where}: {why}; {hint}") from None
        self._client = client
        self._refuse_old(client)
        if not (client._server_info.get("jetstream") or self.is_clustered):
            hint = "start nats-server with -js"
            raise StoreError(f"{self.access.where}: it has no JetStream; {hint}")

    async def _try(self, client: Client, options: dict[str, Any]) -> None:
        """Connect, unless each address has said what won't be otherwise soon.

        nats-py itself would go on for ever.
        """
        self._refusals, self._is_refused = 0, asyncio.Event()
        trying = asyncio.ensure_future(client.connect(**options))
        refused = asyncio.ensure_future(self._is_refused.wait())
        try:
            done, _ = await asyncio.wait(
                (trying, refused), return_when=asyncio.FIRST_COMPLETED
            )
            if trying not in done:
                raise Error(self.trouble)
            trying.result()
        finally:
            await end(trying, refused)

    def look_at_files(self) -> None:
        """Read the files that are needed to connect.

        Raises:
            StoreError: one of them is of no use; says so in one line.
        """
        self._options()

    async def reconnect(self) -> None:
        """Make another client, in place of one that has ended itself."""
        try:
            await self.connect()
        except StoreError as error:
            raise LinkError(str(error)) from None

    async def ask(
        self, subject: str, question: object = None, timeout: float = REQUEST
    ) -> dict[str, Any]:
        """Return JetStream's answer to a question.

        Raises:
            ApiError: it says no.
            LinkError: there is none.
        """
        data = b"" if question is None else json.dumps(question).encode()
        answer = await self._ask(f"$JS.API.{subject}", data, {}, timeout)
        return _checked(answer)

    async def put(
        self,
        subject: str,
        data: bytes,
        headers: dict[str, str] | None = None,
        timeout: float = REQUEST,
    ) -> dict[str, Any]:
        """Publish to a stream, and return what it says of that.

        Raises:
            ApiError: it refuses.
            LinkError: there is no answer.
        """
        return _checked(await self._ask(subject, data, headers or {}, timeout))

    async def publish(
        self,
        subject: str,
        data: bytes,
        headers: dict[str, str] | None = None,
        reply: str = "",
    ) -> None:
        """Publish, and don't wait.

        Raises:
            LinkError: there is no connection.
        """
        client = self._client
        if client is None or not client.is_connected:
            raise LinkError("there is no connection")
        try:
            await client.publish(subject, data, reply=reply, headers=headers)
        except MaxPayloadError:
            raise LinkError("the server's max_payload is too small") from None
        except (Error, OSError) as error:
            raise LinkError(said(error)) from None

    async def subscribe(
        self, subject: str, hear: Hear
    ) -> Callable[[], Awaitable[None]]:
        """Have ``hear`` called with what comes, one after another.

        Returns:
            A function that ends it.

        Raises:
            LinkError: there is no connection.
        """
        client = self._client
        if client is None or client.is_closed:
            raise LinkError("there is no connection")

        async def take(message: Any) -> None:
            headers = dict(message.headers or {})
            await hear(Arrived(message.subject, message.reply, headers, message.data))

        try:
            made = await client.subscribe(
                subject, cb=take, pending_msgs_limit=UNREAD, pending_bytes_limit=UNREAD
            )
        except (Error, OSError) as error:
            raise LinkError(said(error)) from None

        async def end() -> None:
            with suppress(Error, OSError):  # the connection has ended, too
                await made.unsubscribe()

        return end

    def new_inbox(self) -> str:
        """Return a subject that nobody else has."""
        assert self._client is not None
        return self._client.new_inbox()

    async def close(self) -> None:
        """Write what is to be written still, and end it."""
        self._is_closing = True
        client, self._client = self._client, None
        if client is not None:
            with suppress(Error, OSError, TimeoutError):  # it is cut off
                async with asyncio.timeout(1):
                    if client.is_connected:
                        await client.flush(1)
            await self._abandon(client)

    async def _ask(
        self, subject: str, data: bytes, headers: dict[str, str], timeout: float
    ) -> Any:
        client = self._client
        if client is None or not client.is_connected:
            raise LinkError("there is no connection")
        try:
            return await client.request(
                subject, data, timeout=timeout, headers=headers or None
            )
        except (Error, OSError, TimeoutError) as error:
            raise LinkError(said(error)) from None

    def _options(self) -> dict[str, Any]:
        """Return what nats-py is told."""

        async def failed(error: Exception) -> None:
            if self._client is None and REFUSED in self.trouble:
                return  # it may be cut off before it has read why
            self.trouble = said(error)
            has_creds = self.access.creds is not None
            self._refusals += bool(hint_for(self.trouble, has_creds))
            if self._refusals >= len(self.access.urls):
                self._is_refused.set()
            if not self._is_closing and self._client is not None:
                self._logger.debug("NATS: {why}", event="nats-error", why=self.trouble)

        access = self.access
        options: dict[str, Any] = {
            "servers": [*access.urls],
            "name": access.name,
            "error_cb": failed,
            "connect_timeout": 2,
            "reconnect_time_wait": 0.1,
            "max_reconnect_attempts": -1,
            "ping_interval": 2,
            "max_outstanding_pings": 2,
            "pending_size": 8 << 20,
            "dont_randomize": True,  # the first address is the nearest
        }
        if access.creds is not None:
            options |= _login(Creds(access.creds))
        if access.ca is not None:
            try:
                options["tls"] = ssl.create_default_context(cafile=access.ca)
            except (OSError, ssl.SSLError):
                hint = "name one with certificates in PEM"
                raise StoreError(
                    f"--nats-ca: {access.ca}: it has no certificate; {hint}"
                ) from None
        return options

    def _refuse_old(self, client: Client) -> None:
        found = re.match(r"(\d+)\.(\d+)\.(\d+)", str(client._server_info["version"]))
        version = tuple(map(int, found.groups())) if found else (0, 0, 0)
        if version < LEAST_VERSION:
            least = ".".join(map(str, LEAST_VERSION))
            now = ".".join(map(str, version))
            why = f"nats-server {now} is too old; run {least} or later"
            raise StoreError(f"{self.access.where}: {why}")

    async def _abandon(self, client: Client) -> None:
        # It was not there, or nats-py did not even begin, which it asserts.
        with suppress(Error, OSError, TimeoutError, AssertionError):
            async with asyncio.timeout(1):
                await client.close()


def _checked(answer: Any) -> dict[str, Any]:
    try:
        record = json.loads(answer.data)
    except ValueError:
        raise LinkError("the answer is no json") from None
    if not isinstance(record, dict):
        raise LinkError("the answer is no object")
    if (error := record.get("error")) is not None:
        raise ApiError(int(error.get("err_code", 0)), str(error.get("description")))
    return record


def _login(creds: Creds) -> dict[str, Any]:
    """Return what nats-py is told to log in with.

    Raises:
        StoreError: the file is none of creds.
    """

    def claims() -> bytearray:
        try:
            return bytearray(creds.claims())
        except CredsError as error:
            raise Error(f"--nats-creds: {error}") from None

    def sign(nonce: str) -> bytes:
        try:
            return creds.sign(nonce)
        except CredsError as error:
            raise Error(f"--nats-creds: {error}") from None

    try:
        creds.claims()
        creds.sign("")
    except CredsError as error:
        hint = "nsc generate creds writes one"
        raise StoreError(f"--nats-creds: {creds.path}: {error}; {hint}") from None
    return {"user_jwt_cb": claims, "signature_cb": sign}


def _is_of_use(record: logging.LogRecord) -> bool:
    """Tell whether what asyncio logs is of use."""
    return EOF_OVER_TLS not in record.getMessage()
