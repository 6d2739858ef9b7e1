"""``broadcast.client`` on any Twisted reactor. No other file here imports Twisted."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    HostnameEndpoint,
    UNIXClientEndpoint,
    connectProtocol,
    wrapClientTLS,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from broadcast.client.address import CLOSED, NO_HOST, RESET, Address
from broadcast.client.errors import CannotConnectError
from broadcast.client.io.connection import Receiver, Waiter

CONNECT_TIMEOUT = 10.0
_WORDS = (
    (error.ConnectionDone, CLOSED),
    (error.ConnectionLost, RESET),
    (error.DNSLookupError, NO_HOST),
    (error.TCPTimedOutError, "timed out"),
    (error.TimeoutError, "timed out"),
)


class TwistedLoop:
    """The ``EventLoop`` of a reactor; of the installed one where none is given."""

    def __init__(self, reactor: Any = None) -> None:
        if reactor is None:
            from twisted.internet import reactor
        self._reactor: Any = reactor

    def now(self) -> float:
        """See ``EventLoop``."""
        return float(self._reactor.seconds())

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """See ``EventLoop``."""
        delayed = self._reactor.callLater(seconds, call)

        def stop() -> None:
            if delayed.active():
                delayed.cancel()

        return stop

    def open(self, address: Address, receiver: Receiver) -> Callable[[], None]:
        """See ``EventLoop``."""
        connection = _Connection(receiver)
        endpoint = _endpoint(self._reactor, address)
        trying: Deferred[Any] = connectProtocol(endpoint, connection)
        trying.addTimeout(CONNECT_TIMEOUT, self._reactor)
        trying.addErrback(connection.failed)

        def stop() -> None:
            trying.cancel()

        return stop

    def waiter(self) -> Waiter:
        """See ``EventLoop``."""
        return _Waiter()


class _Waiter:
    def __init__(self) -> None:
        self._deferred: Deferred[object] = Deferred()

    def answer(self, value: object) -> None:
        if not self._deferred.called:
            self._deferred.callback(value)

    def fail(self, problem: Exception) -> None:
        if not self._deferred.called:
            self._deferred.errback(problem)

    def result(self) -> Awaitable[object]:
        return self._deferred


class _Connection(Protocol):
    """Both ends of an open connection: Twisted's protocol and our transport."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._made = False

    def connectionMade(self) -> None:
        self._made = True
        self._receiver.opened(self)

    def dataReceived(self, data: bytes) -> None:
        self._receiver.received(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.failed(reason)

    def failed(self, reason: Failure) -> None:
        self._receiver.closed(_explain(reason))

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self) -> None:
        self._transport.loseConnection()

    def abort(self) -> None:
        self._transport.abortConnection()

    def pause(self) -> None:
        self._transport.pauseProducing()

    def resume(self) -> None:
        self._transport.resumeProducing()

    @property
    def _transport(self) -> Any:
        return self.transport


def _endpoint(reactor: Any, address: Address) -> Any:
    if address.scheme == "unix":
        return UNIXClientEndpoint(reactor, address.path)
    plain: Any = HostnameEndpoint(reactor, address.host.encode(), address.port)
    if not address.is_tls:
        return plain
    try:
        from twisted.internet.ssl import (
            Certificate,
            optionsForClientTLS,
            trustRootFromCertificates,
        )
    except ImportError:
        raise CannotConnectError(
            "tls:// and wss:// on a reactor need pip install 'twisted[tls]'"
        ) from None
    trust = None
    if address.ca is not None:
        with open(address.ca, "rb") as file:
            trust = trustRootFromCertificates([Certificate.loadPEM(file.read())])
    return wrapClientTLS(optionsForClientTLS(address.host, trust), plain)


def _explain(reason: Failure) -> str:
    """Explain a failure in the words of ``broadcast.client.io.asyncio``."""
    for kind, words in _WORDS:
        if reason.check(kind):
            return words
    text = str(reason.getErrorMessage())
    if "certificate verify failed" in text or "VerificationError" in text:
        return "its certificate is not accepted"
    if "refused" in text:
        return "connection refused"
    number = getattr(reason.value, "osError", None)  # of a ``ConnectError``
    text = getattr(reason.value, "strerror", None) or text
    text = os.strerror(number) if isinstance(number, int) else text
    return text[:1].lower() + text[1:]
