"""Certificates: read, read again when they have changed, and told in words."""

import datetime
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from broadcast.base.work import SMALL_READ
from broadcast.net.handshakes import Handshakes
from broadcast.net.sockopts import certified_name
from broadcast.net.tls import MAX_FLIGHT, Certificates, TLSError, TLSFactory
from tests.support.client.certificates import make_certificates
from tests.support.faces import make_certificate

TODAY = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
PLAIN = serialization.NoEncryption()


def _write(
    folder: Path, name: str, until: datetime.datetime, encryption: Any = PLAIN
) -> str:
    """Write a key and its certificate to one file; return its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    common = [x509.NameAttribute(x509.NameOID.COMMON_NAME, name)] if name else []
    subject = x509.Name(common)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 2 * DAY)
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        encryption,
    )
    path = folder / "both.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return str(path)


def _shake_hands(
    certificates: Certificates, shown: str | None = None
) -> tuple[SSL.Connection, SSL.Connection]:
    """Shake hands in memory; return both ends: the server's, and the client's.

    Args:
        certificates: whose connection is asked.
        shown: the file of the client's own certificate and key.
    """
    protocol: Any = None
    server = certificates.serverConnectionForTLS(protocol)
    server.set_accept_state()
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if shown is not None:
        context.use_certificate_chain_file(shown)
        context.use_privatekey_file(shown)
    client = SSL.Connection(context, None)
    client.set_connect_state()
    for _ in range(4):
        for one, other in ((client, server), (server, client)):
            with suppress(SSL.WantReadError):
                one.do_handshake()
            with suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(1 << 16))
    return server, client


def _names_served(certificates: Certificates) -> list[str]:
    """Return whose certificates a client is shown."""
    chain = _shake_hands(certificates)[1].get_peer_cert_chain(as_cryptography=True)
    return [one.subject.rfc4514_string() for one in chain or []]


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A certificate and its key."""
    key, certificate = make_certificate(tmp_path)
    return str(certificate), str(key)


def _replace(file: str) -> None:
    """Put a copy in the place of ``file``: another file, with the same bytes."""
    fresh = Path(f"{file}.fresh")
    fresh.write_bytes(Path(file).read_bytes())
    fresh.replace(file)


def test_the_chain_is_served(tmp_path: Path) -> None:
    """Key, certificate and whoever signed it may be in one file: clients get both."""
    authority, server = make_certificates(tmp_path, "localhost")
    server.write_bytes(server.read_bytes() + authority.read_bytes())
    certificates = Certificates(str(server), str(server), None)
    assert _names_served(certificates) == ["CN=localhost", "CN=test authority"]


@pytest.mark.parametrize(
    ("name", "left", "words"),
    [
        ("room", 2 * DAY, "CN=room, good until"),
        ("", 2 * DAY, "somebody without a name, good until"),
        ("room", -2 * DAY, "CN=room, EXPIRED"),
    ],
)
def test_whose_certificate_and_how_long(
    tmp_path: Path, name: str, left: datetime.timedelta, words: str
) -> None:
    """The admin is told the name, the last day, and that it is over, if it is."""
    until = TODAY + left
    file = _write(tmp_path, name, until)
    assert Certificates(file, file, None).summary == f"{words} {until:%Y-%m-%d}"


@pytest.mark.parametrize("name", ["alice", "Zoë", ""])
def test_the_name_that_a_client_is_certified(tmp_path: Path, name: str) -> None:
    """The common name in the certificate; empty if there is a certificate without."""
    file = _write(tmp_path, name, TODAY + DAY)
    server, _ = _shake_hands(Certificates(file, file, file), file)
    transport = SimpleNamespace(getHandle=lambda: server, getPeerCertificate=None)
    assert certified_name(transport) == name


def test_who_shows_no_certificate_is_certified_no_name(files: tuple[str, str]) -> None:
    """Over TLS without one, and over anything else."""
    server, _ = _shake_hands(Certificates(*files, None))
    transport = SimpleNamespace(getHandle=lambda: server, getPeerCertificate=None)
    assert certified_name(transport) is None
    assert certified_name(SimpleNamespace(getHandle=object)) is None


def test_changed_files_are_told_when_they_have_settled(
    files: tuple[str, str], tmp_path: Path
) -> None:
    """Each of them counts; and of several that are replaced in turn, all are read."""
    authorities = tmp_path / "ca.pem"
    authorities.write_bytes(Path(files[0]).read_bytes())
    certificates = Certificates(*files, str(authorities))
    for file in (*files, str(authorities)):
        assert not certificates.have_changed()
        _replace(file)
        assert [certificates.have_changed() for _ in range(2)] == [False, True]
        certificates.again()
    for file in files:
        _replace(file)
        assert not certificates.have_changed()
    assert certificates.have_changed()


def test_what_is_wrong_is_told_in_words(files: tuple[str, str], tmp_path: Path) -> None:
    """The file is named, and why it can't be used; nobody is asked for a password."""
    encryption = serialization.BestAvailableEncryption(b"sesame")
    secret = _write(tmp_path, "room", TODAY + DAY, encryption)
    for given, why in [
        ((secret, secret, None), f"{secret}: can't be used: it has a password"),
        ((str(tmp_path), files[1], None), f"{tmp_path}: is a directory"),
        ((*files, files[1]), f"{files[1]}: can't be used: "),
    ]:
        with pytest.raises(TLSError) as caught:
            Certificates(*given)
        assert str(caught.value).startswith(why)


def test_broken_files_are_told_once(files: tuple[str, str], tmp_path: Path) -> None:
    """Until they change again; meanwhile the old certificate is served and told."""
    certificates = Certificates(*files, None)
    told = certificates.summary
    Path(files[1]).unlink()
    assert [certificates.have_changed() for _ in range(2)] == [False, True]
    with pytest.raises(TLSError, match="no such file"):
        certificates.again()
    assert not certificates.have_changed()
    assert certificates.summary == told
    assert _names_served(certificates) == ["CN=localhost"]
    make_certificate(tmp_path)
    assert [certificates.have_changed() for _ in range(2)] == [False, True]
    assert certificates.again().startswith("CN=localhost, good until ")
    assert not certificates.have_changed()


class Ears(Protocol):
    """Keeps what it hears, and that it is gone."""

    def __init__(self) -> None:
        self.heard = b""
        self.listen: Callable[[], None] = lambda: None
        self.is_made = False
        self.is_lost = False

    def connectionMade(self) -> None:
        self.is_made = True

    def dataReceived(self, data: bytes) -> None:
        self.heard += data
        self.listen()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_lost = True


class Visit:
    """A client's end in memory, and what the server has made of it.

    Args:
        factory: the server's.
        host: where the client is.
    """

    def __init__(self, factory: TLSFactory, host: str = "192.0.2.7") -> None:
        address: Any = IPv4Address("TCP", host, 4711)
        self.transport: Any = StringTransport(peerAddress=address)
        self.served: Any = factory.buildProtocol(address)
        self.ears: Ears = self.served.wrappedProtocol
        self.served.makeConnection(self.transport)
        self._ends = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.client = context.wrap_bio(*self._ends)

    def step(self) -> bytes:
        """Take what the server has sent; return what the client says to that."""
        self._ends[0].write(self.transport.value())
        self.transport.clear()
        with suppress(ssl.SSLWantReadError):
            self.client.do_handshake()
        return self._ends[1].read()

    def say(self, data: bytes) -> None:
        """Send something over TLS."""
        self.client.write(data)
        self.served.dataReceived(self._ends[1].read())


@pytest.fixture
def clock() -> Clock:
    """Turns by hand."""
    return Clock()


HANDSHAKE = b"\x16"
"""How a record of a handshake begins."""

Serve = Callable[..., TLSFactory]


@pytest.fixture
def serve(files: tuple[str, str], clock: Clock) -> Serve:
    """Make TLS around ears, with bounds."""

    def made(**bounds: int) -> TLSFactory:
        inner = ServerFactory.forProtocol(Ears)
        return Certificates(*files, None).wrap(inner, Handshakes(clock, **bounds))

    return made


def test_a_handshake_goes_on_in_its_turn(serve: Serve, clock: Clock) -> None:
    """Bytes of the handshake wait in turn; after it bytes are processed at once."""
    factory = serve()
    visit = Visit(factory)
    hello = visit.step()
    visit.served.dataReceived(hello[:100])
    visit.served.dataReceived(hello[100:])
    assert visit.transport.value() == b""
    clock.advance(0)
    assert len(factory.handshakes) == 1
    visit.served.dataReceived(visit.step())
    clock.advance(0)
    assert len(factory.handshakes) == 0
    visit.say(b"hello")
    assert visit.ears.heard == b"hello"
    assert not visit.ears.is_lost


def test_records_behind_a_handshake_take_turns(serve: Serve, clock: Clock) -> None:
    """A flight of tiny records is processed in pieces; another host's goes between."""
    factory = serve()
    first, second = Visit(factory), Visit(factory, "192.0.2.8")
    for visit in (first, second):
        visit.served.dataReceived(visit.step())
        clock.advance(0)
    said = bytes(range(256)) * 10
    before: list[int] = []
    second.ears.listen = lambda: before.append(len(first.ears.heard))
    flights = [first.step(), second.step()]
    for byte in said:
        first.client.write(bytes([byte]))
    second.client.write(b"hello")
    first.served.dataReceived(flights[0] + first.step())
    second.served.dataReceived(flights[1] + second.step())
    clock.advance(0)
    assert before[0] <= SMALL_READ // 22  # a record of one byte takes 22 or more
    assert first.ears.heard == said
    assert len(factory.handshakes) == 0
    first.say(b"hello")
    assert first.ears.heard == said + b"hello"


def test_nothing_is_made_of_who_comes_when_there_are_too_many(serve: Serve) -> None:
    """Closed at once: whoever is behind TLS never hears of it; others come in."""
    factory = serve(most_of_host=1)
    first, second = Visit(factory), Visit(factory)
    assert second.transport.disconnecting
    assert not second.ears.is_made
    second.served.dataReceived(second.step())
    second.served.connectionLost(connectionDone)
    assert not second.ears.is_lost
    assert not first.transport.disconnecting
    assert not Visit(factory, "192.0.2.8").transport.disconnecting
    assert (len(factory.handshakes), factory.handshakes.refused) == (2, 1)


def test_who_gives_up_costs_nothing(serve: Serve, clock: Clock) -> None:
    """Lost before its turn, a handshake is not worked out, and makes room."""
    factory = serve(most_of_host=1)
    visit = Visit(factory)
    visit.served.dataReceived(visit.step())
    visit.served.connectionLost(connectionDone)
    clock.advance(0)
    assert not visit.transport.value().startswith(HANDSHAKE)
    assert visit.ears.is_lost
    assert len(factory.handshakes) == 0
    assert not Visit(factory).transport.disconnecting


class Broken(Ears):
    """Fails as soon as it is made."""

    def connectionMade(self) -> None:
        raise ValueError("made")


def test_a_fault_behind_tls_leaves_nothing_in_flight(
    files: tuple[str, str], clock: Clock
) -> None:
    """The connection is closed, and its place is free."""
    inner = ServerFactory.forProtocol(Broken)
    factory = Certificates(*files, None).wrap(inner, Handshakes(clock))
    with pytest.raises(ValueError, match="made"):
        Visit(factory)
    assert len(factory.handshakes) == 0


def test_what_comes_before_its_turn_is_bounded(serve: Serve) -> None:
    """Bytes without end are no handshake."""
    visit = Visit(serve())
    visit.served.dataReceived(bytes(MAX_FLIGHT))
    assert not visit.transport.disconnecting
    visit.served.dataReceived(b"\0")
    assert visit.transport.disconnecting


def test_a_socket_that_waits_to_be_made_is_in_flight(serve: Serve) -> None:
    """A connection accepted early counts as in flight, and never twice."""
    factory = serve(most_of_host=1)
    address = ("192.0.2.7", 4711)
    assert factory.admits(address)
    factory.hold(address)
    assert not factory.admits(address)
    factory.release(address)
    assert len(factory.handshakes) == 0
