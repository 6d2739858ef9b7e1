"""--tls-client-ca: members' own certificates, and whose name is in them."""

import datetime
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.daemon import Daemon
from tests.support.faces import make_certificate
from tests.support.lineclient import LineClient, SocketWire, connect_tcp

Start = Callable[..., Daemon]


class Authority:
    """Signs members' certificates."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.path = folder / "ca.pem"
        self.path.write_bytes(self._sign("the CA", self._key.public_key(), True))

    def _sign(self, name: str, key: ec.EllipticCurvePublicKey, is_ca: bool) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        oid = x509.NameOID.COMMON_NAME
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(oid, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(oid, "the CA")]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM)

    def context(self, name: str) -> ssl.SSLContext:
        """Return the context of a client that shows a certificate for ``name``."""
        key = ec.generate_private_key(ec.SECP256R1())
        path = self._folder / f"{len(list(self._folder.iterdir()))}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + self._sign(name, key.public_key(), False)
        )
        context = anonymous()
        context.load_cert_chain(path)
        return context


def anonymous() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    folder = tmp_path / "authority"
    folder.mkdir()
    return Authority(folder)


@pytest.fixture
def room(daemon: Start, authority: Authority, tmp_path: Path) -> Daemon:
    """A daemon with a plain listener, and one for who has a certificate."""
    key, certificate = make_certificate(tmp_path)
    where = "tcp:0:interface=127.0.0.1"
    return daemon(
        f"--listen={where}",
        f"--listen=tls:{where}",
        f"--tls-key={key}",
        f"--tls-cert={certificate}",
        f"--tls-client-ca={authority.path}",
    )


def enter(room: Daemon, context: ssl.SSLContext) -> LineClient:
    port = int(room.addresses[1].rpartition(":")[2])
    sock = context.wrap_socket(connect_tcp(port).socket)
    return LineClient(SocketWire(sock))


def test_the_common_name_is_the_name(
    room: Daemon, authority: Authority, connect: Callable[[Daemon], LineClient]
) -> None:
    """Whatever the introduction asks for, and it can't be given up."""
    client = enter(room, authority.context("alice"))
    client.send("/name mallory", "/format json")
    assert client.await_event("welcome")["name"] == "alice"
    client.send("/name mallory")
    assert client.await_event("error")["code"] == "bad-name"
    other = connect(room)
    other.send("/name Alice")
    assert "the name Alice is a certificate's" in "".join(other.until("error"))
    client.close()
    room.out.wait_for("alice left")
    assert "error" in other.since_ping("/name alice")[-1]


def test_the_owner_takes_the_name_from_whoever_has_it(
    room: Daemon, authority: Authority, connect: Callable[[Daemon], LineClient]
) -> None:
    """Somebody without a certificate, or the owner's own older connection."""
    squatter = connect(room)
    squatter.send("/name bob", "/format json")
    squatter.await_event("welcome", name="bob")
    first = enter(room, authority.context("bob"))
    first.send("/format json")
    assert squatter.await_event("bye")["code"] == "replaced"
    first.await_event("welcome", name="bob")
    second = enter(room, authority.context("bob"))
    assert first.await_event("bye")["code"] == "replaced"
    second.until("You are bob, 1 here")
    for client in (first, second):
        client.close()


def test_nobody_comes_in_without_a_good_certificate(
    room: Daemon, tmp_path: Path
) -> None:
    """None, or one that somebody else has signed: the handshake fails."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for context in (anonymous(), Authority(elsewhere).context("alice")):
        with pytest.raises((ssl.SSLError, ConnectionResetError)):  # noqa: PT012
            client = enter(room, context)
            try:
                client.raw_line()  # TLS 1.3 tells at the first read
            finally:
                client.close()
    assert not any("joined" in line for line in room.out.lines)


def test_a_certificate_for_no_good_name_is_told_so(
    room: Daemon, authority: Authority
) -> None:
    """A common name that can't be a name here: a line, and closed."""
    client = enter(room, authority.context("two words"))
    assert client.rest_lines() == [
        "* what your certificate calls you can't be a name here"
    ]
    client.close()
