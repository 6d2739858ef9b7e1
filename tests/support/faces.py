"""The ways into the room. The behaviour suite runs over each of them.

Another face joins by another entry in ``FACES``.
"""

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.daemon import DEADLINE, Daemon
from tests.support.lineclient import SocketWire, Wire, connect_tcp
from tests.support.websocket import connect_websocket


@dataclass(frozen=True, slots=True)
class Face:
    """One way in.

    Attributes:
        options: given a folder of its own, the options that open it.
        connect: reaches a daemon so opened.
        is_stream: bytes go as they are: rules about single bytes, line ends,
            telnet and unfinished lines hold.
        half_closes: the client can end its own half and read on.
        resets: the client can break off so that the server sees a reset.
    """

    name: str
    options: Callable[[Path], list[str]]
    connect: Callable[[Daemon], Wire]
    is_stream: bool = True
    half_closes: bool = True
    resets: bool = True

    def __str__(self) -> str:
        return self.name


def _connect_unix(daemon: Daemon) -> Wire:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(DEADLINE)
    sock.connect(daemon.addresses[0].removeprefix("unix:"))
    return SocketWire(sock)


def _tls_options(folder: Path) -> list[str]:
    key, certificate = make_certificate(folder)
    where = "ssl:0:interface=127.0.0.1"
    return ["--listen", f"{where}:privateKey={key}:certKey={certificate}"]


def _connect_tls(daemon: Daemon) -> Wire:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # not what these tests are about
    return SocketWire(context.wrap_socket(connect_tcp(daemon.port).socket))


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a new key and its self-signed certificate; return both paths."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_path, certificate_path = folder / "key.pem", folder / "certificate.pem"
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    certificate_path.write_bytes(pem)
    return key_path, certificate_path


TCP = Face("tcp", lambda _: ["--port", "0"], lambda d: connect_tcp(d.port))
UNIX = Face(
    "unix",
    lambda f: ["--listen", f"unix:{f / 'room'}"],
    _connect_unix,
    resets=False,
)
TLS = Face("tls", _tls_options, _connect_tls, half_closes=False)

WEBSOCKET = Face(
    "websocket",
    lambda _: ["--port", "0", "--web", "0"],
    connect_websocket,
    is_stream=False,
    half_closes=False,
)

FACES = [TCP, UNIX, TLS, WEBSOCKET]
