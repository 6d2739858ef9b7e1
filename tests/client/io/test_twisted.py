"""The client on a Twisted reactor: what it dials, what it tells, what one awaits."""

import errno
import sys
from typing import Any

import pytest
from twisted.internet import error
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from broadcast.client.address import CLOSED, NO_HOST, RESET, parse_address
from broadcast.client.errors import CannotConnectError
from broadcast.client.io.connection import Transport, Waiter
from broadcast.client.io.twisted import TwistedLoop


class Call:
    """A connection that is dialled in memory; what it is told is kept."""

    def __init__(self, url: str, ca: str | None = None) -> None:
        self.reactor = MemoryReactorClock()
        self.transports: list[Transport] = []
        self.data: list[bytes] = []
        self.over: list[str] = []
        self.opened, self.received = self.transports.append, self.data.append
        self.closed = self.over.append
        loop = TwistedLoop(self.reactor)
        self.give_up = loop.open(parse_address(url, ca), self)

    def factory(self) -> Any:
        """The factory that the reactor was asked to connect last."""
        (client,) = self.reactor.tcpClients or self.reactor.unixClients
        return client[1] if self.reactor.unixClients else client[2]

    def connect(self) -> tuple[Any, StringTransport]:
        protocol, wire = self.factory().buildProtocol(None), StringTransport()
        protocol.makeConnection(wire)
        return protocol, wire


def test_where_it_dials() -> None:
    """A socket's path, or the port of the host that the name is of."""
    assert Call("unix:/run/x").reactor.unixClients[0][0] == "/run/x"
    assert Call("tcp://h:7").reactor.tcpClients[0][:2] == ("127.0.0.1", 7)
    assert Call("ws://h").reactor.tcpClients[0][:2] == ("127.0.0.1", 80)


def test_open_connection() -> None:
    """Both ends get through to one another, and no timeout ends what is open."""
    call = Call("tcp://h")
    protocol, wire = call.connect()
    (transport,) = call.transports
    transport.write(b"hi")
    protocol.dataReceived(b"hello")
    assert (wire.value(), call.data) == (b"hi", [b"hello"])
    transport.pause()
    assert wire.producerState == "paused"
    transport.resume()
    assert wire.producerState == "producing"
    call.reactor.advance(3600)
    assert not wire.disconnecting
    assert call.over == []
    transport.close()
    assert (wire.disconnecting, wire.disconnected) == (True, False)
    transport.abort()
    assert wire.disconnected
    protocol.connectionLost(Failure(error.ConnectionDone()))
    assert call.over == [CLOSED]


@pytest.mark.parametrize("url", ["tcp://h", "unix:/run/x"])
def test_nobody_there(url: str) -> None:
    """A connection that never comes to be is told once, however it fails."""
    refused, late, given_up = Call(url), Call(url), Call(url)
    refusal = Failure(error.ConnectionRefusedError())
    refused.factory().clientConnectionFailed(None, refusal)
    refused.reactor.advance(1)
    assert refused.over == ["connection refused"]
    late.reactor.advance(9)
    assert late.over == []
    late.reactor.advance(3600)
    given_up.give_up()
    for call in (refused, late, given_up):
        assert (len(call.over), call.transports) == (1, [])
        assert call.reactor.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (error.DNSLookupError("no results for hostname lookup: h"), NO_HOST),
        (error.TimeoutError(), "timed out"),
        (error.TCPTimedOutError(110), "timed out"),
        (error.ConnectionLost(), RESET),
        (error.ConnectError(errno.EHOSTUNREACH, "No route"), "no route to host"),
        (FileNotFoundError(errno.ENOENT, "No such file"), "no such file"),
    ],
)
def test_problems_in_words(problem: Exception, words: str) -> None:
    """A person is told the same words as on asyncio."""
    call = Call("unix:/run/x")
    call.factory().clientConnectionFailed(None, Failure(problem))
    assert call.over == [words]


def test_tls_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyOpenSSL, one line says what to install; nothing is dialled plain."""
    monkeypatch.setitem(sys.modules, "twisted.internet.ssl", None)
    for url in ("tls://h", "wss://h"):
        with pytest.raises(CannotConnectError, match=r"pip install 'twisted\[tls\]'$"):
            Call(url)


def test_clock() -> None:
    """A call comes when its time has come, unless it is cancelled; never too late."""
    reactor, calls = MemoryReactorClock(), list[float]()
    loop = TwistedLoop(reactor)
    stop = loop.later(2, lambda: calls.append(loop.now()))
    loop.later(1, lambda: calls.append(-1))()
    reactor.advance(1)
    assert calls == []
    reactor.advance(1)
    stop()
    assert calls == [2.0]


def test_answers() -> None:
    """The first answer counts; who gave up waiting is not bothered by a late one."""

    async def wait(waiter: Waiter) -> object:
        return await waiter.result()

    def kind(reason: Failure) -> object:
        return type(reason.value)

    made = [TwistedLoop(MemoryReactorClock()).waiter() for _ in range(3)]
    results: list[object] = []
    answered, failed, given_up = [Deferred.fromCoroutine(wait(w)) for w in made]
    given_up.cancel()
    made[0].answer(6)
    for waiter in made:
        waiter.fail(ValueError("no"))
        waiter.answer(7)
    for deferred in (answered, failed, given_up):
        deferred.addErrback(kind)
        deferred.addCallback(results.append)
    assert results == [6, ValueError, CancelledError]
