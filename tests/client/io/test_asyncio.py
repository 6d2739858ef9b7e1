"""The client on asyncio: what it dials, what it tells, what it lets one await."""

import asyncio
import errno
import gc
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broadcast.client.address import CLOSED, NO_HOST, RESET, parse_address
from broadcast.client.io import asyncio as module
from broadcast.client.io.asyncio import AsyncioLoop, explain
from broadcast.client.io.connection import Transport
from tests.support.client.asynchronous import run


class Call:
    """A connection that is dialled, but to nobody; what it is told is kept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, url: str, ca: str = "") -> None:
        loop = asyncio.get_running_loop()
        self.dialled: asyncio.Future[dict[str, Any]] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.transports: list[Transport] = []
        self.over: asyncio.Queue[str] = asyncio.Queue()
        self.opened = self.transports.append
        self.closed = self.over.put_nowait
        monkeypatch.setattr(loop, "create_connection", self._dial)
        monkeypatch.setattr(loop, "create_unix_connection", self._dial)
        self.give_up = AsyncioLoop().open(parse_address(url, ca or None), self)

    def received(self, data: bytes) -> None: ...

    async def _dial(
        self, make: Callable[[], asyncio.Protocol], *where: object, **how: object
    ) -> None:
        self.dialled.set_result({"make": make, "where": where, **how})
        await self.ended


def several(*numbers: int) -> OSError:
    """The error of asyncio where a host has several addresses, and none answers."""
    each = (f"[Errno {number}] Connect call failed ('::1', 1)" for number in numbers)
    return OSError(f"Multiple exceptions: {', '.join(each)}")


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (ConnectionRefusedError(1, "Connect call failed"), "connection refused"),
        (TimeoutError(), "timed out"),
        (ConnectionResetError(), RESET),
        (socket.gaierror(-2, "Name or service not known"), NO_HOST),
        (FileNotFoundError(2, "No such file"), "no such file"),
        (ValueError("Bad thing"), "bad thing"),
        (
            OSError(errno.EHOSTUNREACH, "Connect call failed ('10.0.0.1', 80)"),
            "no route to host",
        ),
        (
            several(errno.ECONNREFUSED, errno.ECONNREFUSED),
            "connection refused",
        ),
        (
            several(errno.ENETUNREACH, errno.ECONNREFUSED),
            "network is unreachable; connection refused",
        ),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION] x"), "[SSL: WRONG_VERSION] x"),
    ],
)
def test_problems_in_words(problem: Exception, words: str) -> None:
    """Whatever goes wrong, a person is told in a few words, never in none."""
    assert explain(problem) == words
    assert explain(type(problem)())


def test_host_that_can_be_none() -> None:
    """A host name that no lookup takes is a host that is not there."""
    with pytest.raises(UnicodeError) as caught:
        f"{'x' * 64}.example".encode("idna")
    assert explain(caught.value) == NO_HOST


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("tls://h:1", ("h", 1)),
        ("wss://h", ("h", 443)),
        ("tcp://[::1]:1", ("::1", 1)),
        ("ws://h", ("h", 80)),
        ("unix:/run/x", ("/run/x",)),
    ],
)
def test_tls_where_the_url_says_so(
    url: str, where: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate is checked with its host name; no other scheme speaks TLS."""

    async def main() -> None:
        how = await Call(monkeypatch, url).dialled
        context = how.get("ssl")
        assert (how["where"], context is not None) == (where, url[:3] in ("tls", "wss"))
        if context is not None:
            assert context.check_hostname
            assert context.verify_mode is ssl.CERT_REQUIRED

    run(main())


def test_closed_transport_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end is told with its reason; what is asked of a closed transport is not."""

    async def main() -> None:
        call = Call(monkeypatch, "tcp://h")
        protocol = (await call.dialled)["make"]()
        protocol.connection_made(asyncio.Transport())
        (transport,) = call.transports
        with pytest.raises(NotImplementedError):
            transport.write(b"open")
        protocol.connection_lost(None)
        assert call.over.get_nowait() == CLOSED
        transport.write(b"late")
        for ask in (transport.pause, transport.resume, transport.close):
            ask()
        transport.abort()

    run(main())


def test_nobody_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that fails is told once; one that is given up is not dialled on."""

    async def main() -> None:
        call = Call(monkeypatch, "tls://h", str(tmp_path / "ca.pem"))
        assert await call.over.get() == "no such file or directory"
        given_up = Call(monkeypatch, "tcp://h")
        await given_up.dialled
        given_up.give_up()
        await asyncio.wait([given_up.ended])
        assert given_up.ended.cancelled()
        monkeypatch.setattr(module, "CONNECT_TIMEOUT", 0.0)
        late = Call(monkeypatch, "tcp://h")
        assert await late.over.get() == "timed out"
        for each in (call, given_up, late):
            assert (each.transports, each.over.qsize()) == ([], 0)

    run(main())


def test_answers() -> None:
    """The first answer counts; who gave up waiting, or never began, is not bothered."""

    async def main() -> None:
        complaints: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        made = [AsyncioLoop().waiter() for _ in range(4)]
        answered, failed, given_up, unheard = made
        asyncio.ensure_future(given_up.result()).cancel()
        for waiter in (answered, given_up):
            waiter.answer(6)
        for waiter in made:
            waiter.fail(ValueError("no"))
            waiter.answer(7)
        assert await answered.result() == 6
        with pytest.raises(ValueError, match="no"):
            await failed.result()
        made.clear()
        del unheard, waiter
        gc.collect()
        assert complaints == []

    run(main())
