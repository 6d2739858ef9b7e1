"""``broadcast.client`` on plain asyncio. No Twisted is imported: a quick start."""

import asyncio
import contextlib
import os
import re
import socket
from collections.abc import Awaitable, Callable

from broadcast.client.address import CLOSED, NO_HOST, RESET, Address
from broadcast.client.io.connection import Receiver, Waiter

CONNECT_TIMEOUT = 10.0


class AsyncioLoop:
    """The ``EventLoop`` of the running loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def now(self) -> float:
        """See ``EventLoop``."""
        return self._loop.time()

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """See ``EventLoop``."""
        return self._loop.call_later(seconds, call).cancel

    def open(self, address: Address, receiver: Receiver) -> Callable[[], None]:
        """See ``EventLoop``."""
        task = self._loop.create_task(_open(self._loop, address, receiver))

        def stop() -> None:
            task.cancel()

        return stop

    def waiter(self) -> Waiter:
        """See ``EventLoop``."""
        return _Waiter(self._loop.create_future())


class _Waiter:
    def __init__(self, future: asyncio.Future[object]) -> None:
        self._future = future

    def answer(self, value: object) -> None:
        if not self._future.done():
            self._future.set_result(value)

    def fail(self, problem: Exception) -> None:
        if not self._future.done():
            self._future.set_exception(problem)
            self._future.exception()  # whoever gave up waiting need not hear of it

    def result(self) -> Awaitable[object]:
        return self._future


class _Connection(asyncio.Protocol):
    """Both ends of an open connection: asyncio's protocol and our transport."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._receiver.opened(self)

    def data_received(self, data: bytes) -> None:
        self._receiver.received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        reason = CLOSED if exc is None else explain(exc)
        self._receiver.closed(reason)

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()


async def _open(
    loop: asyncio.AbstractEventLoop, address: Address, receiver: Receiver
) -> None:
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await _dial(loop, address, lambda: _Connection(receiver))
    except NotImplementedError:
        receiver.closed("this system has no unix sockets")
    except Exception as problem:  # whatever it is: somebody waits to be told
        receiver.closed(explain(problem))


async def _dial(
    loop: asyncio.AbstractEventLoop,
    address: Address,
    make: Callable[[], asyncio.Protocol],
) -> None:
    if address.scheme == "unix":
        await loop.create_unix_connection(make, address.path)
        return
    tls = None
    if address.is_tls:
        import ssl  # here: 20 ms that most sessions need not wait for

        tls = ssl.create_default_context(cafile=address.ca)
    await loop.create_connection(
        make, address.host, address.port, ssl=tls, happy_eyeballs_delay=0.25
    )


async def is_unknown(address: Address, patience: float) -> bool:
    """Tell whether it is known within ``patience`` seconds that there is no such host.

    Only where there is one address, and it is not that of a socket's file.
    """
    if address.others or not address.host:
        return False
    loop = asyncio.get_running_loop()
    with contextlib.suppress(TimeoutError, OSError):
        try:
            async with asyncio.timeout(patience):
                await loop.getaddrinfo(address.host, address.port)
        except (socket.gaierror, UnicodeError) as problem:
            return explain(problem) == NO_HOST
    return False


def explain(problem: BaseException) -> str:
    """Explain an exception in a few words for a person."""
    if isinstance(problem, ConnectionRefusedError) or "refused" in str(problem):
        return "connection refused"
    if isinstance(problem, TimeoutError):
        return "timed out"
    if isinstance(problem, ConnectionResetError):
        return RESET
    if isinstance(problem, UnicodeError) or type(problem).__name__ == "gaierror":
        return NO_HOST
    verify = getattr(problem, "verify_message", "")
    if verify:
        return f"its certificate is not accepted: {verify}"
    if words := _failed_calls(str(problem)):
        return words
    text = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
    return text[0].lower() + text[1:]


def _failed_calls(text: str) -> str:
    """Return the reasons that asyncio gives for one address or several."""
    numbers = re.findall(r"\[Errno (\d+)\] Connect call failed", text)
    return "; ".join(dict.fromkeys(os.strerror(int(n)).lower() for n in numbers))
