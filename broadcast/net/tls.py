"""TLS: the certificates, which are reloaded while the daemon runs.

This is the only module that imports pyOpenSSL. Every new connection uses the newest
valid certificates; older connections keep theirs.
"""

import enum
from datetime import UTC, datetime
from os import fsencode
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.protocol import connectionDone
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from broadcast.base.hosts import host_of
from broadcast.base.values import reason_of
from broadcast.base.work import SMALL_READ
from broadcast.net import sockopts
from broadcast.net.handshakes import Handshakes, host_at
from broadcast.net.internals import aggregate_less, is_handshake_done

_OPTIONS = SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION


MAX_FLIGHT = 1 << 17
"""Bytes buffered of a handshake before its turn. A certificate chain is smaller."""


AGGREGATED = 8192
"""Bytes of small writes that are kept for one record, at most."""


class HandshakeState(enum.Enum):
    """The state of a connection's handshake."""

    REFUSED = enum.auto()
    IN_FLIGHT = enum.auto()
    OVER = enum.auto()


class TLSError(ValueError):
    """Certificate, key or client CA can't be used; the message says why."""


@implementer(IOpenSSLServerConnectionCreator)
class Certificates:
    """Certificate chain and key, from PEM files; TLS 1.2 and up.

    Args:
        certificate: the file of the certificate, with its chain.
        key: the file of its key.
        client_ca: the file of the authorities for client certificates; None if clients
            need no certificate.

    Raises:
        TLSError: the files can't be read or used.
    """

    def __init__(self, certificate: str, key: str, client_ca: str | None) -> None:
        self._certificate = certificate
        self._key = key
        self._client_ca = client_ca
        self._seen = self._stamp()
        self._pending = self._seen
        self._context = self._load()

    def again(self) -> str:
        """Read the files again, for new connections; return their summary.

        Raises:
            TLSError: the files can't be used; the old certificates stay.
        """
        self._seen = self._pending = self._stamp()
        self._context = self._load()
        return self.summary

    def have_changed(self) -> bool:
        """Tell whether the files have changed since they were read.

        A change counts once the files have been the same for two calls: certificate
        and key are seldom replaced at the same instant.
        """
        stamp = self._stamp()
        is_settled = stamp == self._pending
        self._pending = stamp
        return is_settled and stamp != self._seen

    @property
    def expiry(self) -> float:
        """The end of the certificate's validity, in seconds since the epoch."""
        until: datetime = self._served().not_valid_after_utc
        return until.timestamp()

    @property
    def summary(self) -> str:
        """The certificate's subject and expiry."""
        certificate = self._served()
        until = certificate.not_valid_after_utc
        is_over = until < datetime.now(UTC)
        subject = certificate.subject.rfc4514_string() or "somebody without a name"
        return f"{subject}, {'EXPIRED' if is_over else 'good until'} {until:%Y-%m-%d}"

    def wrap(self, factory: Any, handshakes: Handshakes) -> "TLSFactory":
        """Return ``factory`` with TLS around its protocols."""
        return TLSFactory(self, factory, handshakes)

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """Return a connection with the newest certificate."""
        return SSL.Connection(self._context, None)

    def _served(self) -> Any:
        served = SSL.Connection(self._context, None)
        return served.get_certificate(as_cryptography=True)

    def _stamp(self) -> tuple[tuple[int, int, int] | None, ...]:
        files = (self._certificate, self._key, self._client_ca)
        return tuple(_stamp(file) for file in files if file is not None)

    def _load(self) -> SSL.Context:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_options(_OPTIONS)
        context.set_session_id(b"broadcast")
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # an idle connection needs none
        _use(context.use_certificate_chain_file, self._certificate)
        _use(lambda file: context.use_privatekey(_key_in(file)), self._key)
        if self._client_ca is not None:
            _use(context.load_verify_locations, self._client_ca)
            _use(lambda file: context.load_client_ca(fsencode(file)), self._client_ca)
            context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
        return context


class TLSConnection(BufferingTLSTransport):
    """TLS around a protocol; its handshake takes turns with all others.

    If the handshake is refused, the wrapped protocol never learns of the connection.
    """

    factory: "TLSFactory"
    transport: Any
    _host = ""
    _state = HandshakeState.REFUSED
    _came = b""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        aggregate_less(self, AGGREGATED)

    def makeConnection(self, transport: Any) -> None:
        """Begin the handshake, or close if there are too many."""
        handshakes = self.factory.handshakes
        self._host = host_of(sockopts.name_of(transport.getPeer()))
        if not handshakes.admits(self._host):
            self.transport = transport
            transport.abortConnection()
            return
        handshakes.begin(self._host)
        self._state = HandshakeState.IN_FLIGHT
        try:
            super().makeConnection(transport)  # type: ignore[no-untyped-call]
        except BaseException:
            self._end()
            transport.abortConnection()
            raise

    def dataReceived(self, data: bytes) -> None:
        """Process bytes; those of the handshake in turn."""
        if self._state is HandshakeState.OVER:
            super().dataReceived(data)  # type: ignore[no-untyped-call]  # Twisted's
        elif self._state is HandshakeState.IN_FLIGHT:
            self._came += data
            if len(self._came) > MAX_FLIGHT:
                self.transport.abortConnection()
            else:
                self.factory.handshakes.wait(self._host, self)

    def go_on(self) -> None:
        """Process a piece of what has been received so far, the handshake first.

        Bytes that came with the end of the handshake take turns too: they may be
        thousands of records of one byte each.
        """
        came, self._came = self._came[:SMALL_READ], self._came[SMALL_READ:]
        try:
            super().dataReceived(came)  # type: ignore[no-untyped-call]  # Twisted's
        except BaseException:
            self.transport.abortConnection()
            raise
        if self._state is not HandshakeState.IN_FLIGHT:
            return  # it was lost meanwhile
        if self._came:
            self.factory.handshakes.wait(self._host, self)
        elif is_handshake_done(self):
            self._end()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End the handshake; notify the protocol, if it knows of the connection."""
        if self._state is not HandshakeState.REFUSED:
            self._end()
            super().connectionLost(reason)

    def _end(self) -> None:
        if self._state is HandshakeState.IN_FLIGHT:
            self._state = HandshakeState.OVER
            self.factory.handshakes.leave(self._host, self)
            self.factory.handshakes.end(self._host)


class TLSFactory(TLSMemoryBIOFactory):
    """Puts TLS around another factory's protocols.

    Args:
        creator: makes OpenSSL's side of each connection.
        factory: makes the protocols.
        handshakes: the handshakes in flight, of all listeners.
    """

    protocol = TLSConnection

    def __init__(self, creator: Any, factory: Any, handshakes: Handshakes) -> None:
        super().__init__(creator, False, factory, handshakes.clock)
        self.handshakes = handshakes

    def admits(self, address: Any) -> bool:
        """Tell whether a connection from ``address`` may begin a handshake."""
        return self.handshakes.admits(host_at(address))

    def hold(self, address: Any) -> None:
        """Count an accepted connection that is held as a handshake in flight."""
        self.handshakes.begin(host_at(address))

    def release(self, address: Any) -> None:
        """Count a held connection no longer: it is closed, or counts itself now."""
        self.handshakes.end(host_at(address))


def _use(load: Any, file: str) -> None:
    """Load ``file`` into a context, or raise ``TLSError`` with a readable reason."""
    try:
        with Path(file).open("rb"):
            pass  # OpenSSL has no readable message for a missing file
        load(file)
    except OSError as error:
        raise TLSError(f"{file}: {reason_of(error)}") from None
    except SSL.Error as error:
        raise TLSError(f"{file}: can't be used: {_reason(error)}") from None
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        # The library's own message may be pages long: only the usual cases are named.
        why = "it has a password" if isinstance(error, TypeError) else "no key in it"
        raise TLSError(f"{file}: can't be used: {why}") from None


def _key_in(file: str) -> Any:
    """Return the key in ``file``.

    OpenSSL's own reader would ask the terminal for a password. A callback could prevent
    that, but is made at run time in memory that is both writable and executable, which
    the systemd unit forbids.
    """
    return load_pem_private_key(Path(file).read_bytes(), password=None)


def _stamp(file: str) -> tuple[int, int, int] | None:
    """Return a stamp that changes when the file is replaced or written."""
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _reason(error: Exception) -> str:
    """Return OpenSSL's first reason; the later ones are about its internals."""
    stack = error.args[0] if error.args else []
    words = [reason for _, _, reason in stack if reason]
    return words[0].lower() if words else "nothing that can be used in it"
