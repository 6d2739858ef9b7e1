"""TLS with our own certificates: tls: listeners, and certificates read again."""

import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from broadcast.net.handshakes import MOST_OF_HOST
from tests.support.daemon import DEADLINE, Daemon, refused_start
from tests.support.faces import make_certificate
from tests.support.lineclient import LineClient, SocketWire, connect_tcp

Start = Callable[..., Daemon]

WHERE = "--listen=tls:0:interface=127.0.0.1"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A key and its certificate."""
    return make_certificate(tmp_path)


@pytest.fixture
def room(daemon: Start, files: tuple[Path, Path]) -> Daemon:
    """A daemon with one tls: listener, that looks at its files often."""
    return daemon(WHERE, *options(files), "--tls-recheck=0.1", "--tls-handshake=0.5")


def options(files: tuple[Path, Path]) -> list[str]:
    return [f"--tls-key={files[0]}", f"--tls-cert={files[1]}"]


def shake_hands(
    port: int,
    context: ssl.SSLContext | None = None,
    suppress_ragged_eofs: bool = True,
) -> ssl.SSLSocket:
    """Return a TLS connection; whose the certificate is isn't looked at."""
    if context is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(
        connect_tcp(port).socket, suppress_ragged_eofs=suppress_ragged_eofs
    )


def test_the_start_line_says_so(room: Daemon) -> None:
    """Who reads it knows what to connect with."""
    assert room.out.wait_for(r"listening on \S+ \(tls\) \(this machine only\)$")


def certificate_of(port: int) -> bytes:
    with shake_hands(port) as sock:
        der = sock.getpeercert(binary_form=True)
    assert der is not None
    return der


def der_of(certificate: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(certificate.read_text())


def replace(files: tuple[Path, Path], folder: Path) -> bytes:
    """Put a new key and certificate in the place of ``files``, as certbot does."""
    folder.mkdir()
    fresh = make_certificate(folder)
    der = der_of(fresh[1])
    for new, old in zip(fresh, files, strict=True):
        new.replace(old)
    return der


def test_a_member_over_tls_is_greeted_and_heard(room: Daemon) -> None:
    """A tls: listener serves the certificate given, TLS 1.2 or up."""
    with shake_hands(room.port) as sock:
        assert sock.version() in ("TLSv1.2", "TLSv1.3")
        client = LineClient(SocketWire(sock))
        assert client.line().startswith("* You are guest-1")
        assert client.since_ping("hello") == []


def test_old_tls_is_refused(room: Daemon) -> None:
    """TLS 1.1 and older don't come in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        shake_hands(room.port, context)


@pytest.mark.parametrize("how", ["SIGHUP", "files"])
def test_new_certificates_are_taken_without_dropping_anybody(
    daemon: Start, files: tuple[Path, Path], tmp_path: Path, how: str
) -> None:
    """On SIGHUP, or when the files change; who is connected talks on."""
    recheck = "--tls-recheck=0.1" if how == "files" else "--tls-recheck=0"
    room = daemon(WHERE, *options(files), recheck)
    with shake_hands(room.port) as sock:
        client = LineClient(SocketWire(sock))
        client.until("You are")
        fresh = replace(files, tmp_path / "new")
        assert certificate_of(room.port) != fresh
        if how == "SIGHUP":
            room.signal(signal.SIGHUP)
        room.out.wait_for(r"certificates read again: CN=localhost, good until 20")
        assert certificate_of(room.port) == fresh
        assert client.since_ping("still here") == []


@pytest.mark.parametrize(
    ("at", "text", "why"),
    [
        (1, "no certificate", "can't be used: "),
        (0, "no key", "can't be used: "),
        (1, None, "no such file or directory"),
        (0, "other", "can't be used: key values mismatch"),
    ],
)
def test_broken_certificates_keep_the_old_ones(
    daemon: Start,
    files: tuple[Path, Path],
    tmp_path: Path,
    at: int,
    text: str | None,
    why: str,
) -> None:
    """A broken new file is told in one line; the old certificate serves on."""
    room = daemon(WHERE, *options(files), "--tls-recheck=0")
    old = der_of(files[1])
    if text is None:
        files[at].unlink()
    elif text == "other":
        (tmp_path / "other").mkdir()
        make_certificate(tmp_path / "other")[at].replace(files[at])
    else:
        files[at].write_text(text)
    room.signal(signal.SIGHUP)
    found = room.out.wait_for(rf"\[ERROR\] certificates kept as before: .*{why}.*")
    assert str(files[at]) in found[0][0]
    assert certificate_of(room.port) == old
    assert room.is_running()
    room.signal()
    room.wait()


def test_a_handshake_has_a_deadline(room: Daemon) -> None:
    """Who connects and doesn't finish a handshake is closed; it was never here."""
    with connect_tcp(room.port).socket as silent:
        start = time.monotonic()
        with suppress(ConnectionResetError):
            assert silent.recv(1) == b""
        assert 0.3 < time.monotonic() - start < 5
    room.out.wait_for(r"no TLS handshake from 127\.0\.0\.1:\d+ in time")
    assert not any("joined" in line for line in room.out.lines)


def test_the_introduction_begins_with_the_handshake(room: Daemon) -> None:
    """A slow handshake takes nothing from the time to introduce oneself."""
    plain = connect_tcp(room.port).socket
    time.sleep(0.4)  # longer than --greeting-delay, shorter than --tls-handshake
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(plain) as sock:
        client = LineClient(SocketWire(sock))
        client.send("/name slow")
        assert client.line().startswith("* You are slow")


def test_the_last_words_arrive_and_the_end_is_clean(room: Daemon) -> None:
    """/quit: the bye, then close_notify, not a cut connection."""
    with shake_hands(room.port, suppress_ragged_eofs=False) as sock:
        client = LineClient(SocketWire(sock))
        client.send(*(f"line {n}" for n in range(100)), "/quit", "after")
        client.until(r"^\* Bye$")
        assert sock.recv(1) == b""


def test_an_end_of_file_over_tls_ends_what_was_begun(
    room: Daemon, connect: Callable[[Daemon], LineClient]
) -> None:
    """close_notify is leaving: an unterminated last line is said."""
    with shake_hands(room.port) as listener, shake_hands(room.port) as sock:
        ear = LineClient(SocketWire(listener))
        ear.until("You are")
        LineClient(SocketWire(sock)).until("You are")
        sock.sendall(b"whole\nand a part")
        sock.unwrap().close()
        assert ear.until("a part")[-2:] == ["guest-2: whole", "guest-2: and a part"]
        ear.until("guest-2 left")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_openssl_s_client_talks(room: Daemon) -> None:
    """The tool that admins use for a look."""
    done = subprocess.run(
        ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{room.port}"],
        input=b"/name looker\n/ping\n/quit\n",
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    assert b"* You are looker" in done.stdout
    assert b"* pong" in done.stdout
    assert b"* Bye" in done.stdout


def test_tls_over_a_unix_socket(
    daemon: Start, files: tuple[Path, Path], tmp_path: Path
) -> None:
    """tls: goes before any endpoint."""
    path = tmp_path / "room"
    daemon(f"--listen=tls:unix:{path}", *options(files))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.socket(socket.AF_UNIX)
    plain.settimeout(DEADLINE)
    plain.connect(str(path))
    with context.wrap_socket(plain) as sock:
        LineClient(SocketWire(sock)).until("You are")


def test_a_missing_certificate_is_one_line(tmp_path: Path) -> None:
    """At the start there is no old one to keep: a line, a non-zero exit."""
    code, _, err = refused_start(WHERE, f"--tls-cert={tmp_path / 'none'}")
    assert code == 1
    assert err == (
        f"broadcast: --tls-cert: {tmp_path / 'none'}: no such file or directory;"
        " give PEM files that can be read\n"
    )


def test_a_tls_listener_without_certificates_is_one_line() -> None:
    """What tls: needs is said."""
    code, _, err = refused_start(WHERE)
    assert code == 1
    assert err.count("\n") == 1
    assert "it has no certificate; give --tls-cert and --tls-key" in err


def test_a_flood_of_handshakes_keeps_nobody_out(
    daemon: Start, files: tuple[Path, Path]
) -> None:
    """Of one host so many begin, and the rest is closed; others come in, and talk."""
    room = daemon(
        "--listen=tcp:0:interface=127.0.0.1", WHERE, *options(files), files=1000
    )
    port = int(room.addresses[1].rpartition(":")[2])
    member = LineClient(connect_tcp(room.port))
    member.until("You are")
    hello = first_flight()
    with ExitStack() as stack:
        flood = []
        for _ in range(MOST_OF_HOST + 50):
            flood.append(stack.enter_context(connect_tcp(port).socket))
            with suppress(OSError):
                flood[-1].sendall(hello)
        room.out.wait_for(
            r"\[WARNING\] 1 TLS connections closed, the last from 127\.0\.0\.1: "
        )
        other = socket.socket()
        other.settimeout(DEADLINE)
        other.bind(("127.0.0.2", 0))
        other.connect(("127.0.0.1", port))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        client = LineClient(SocketWire(context.wrap_socket(other)))
        client.until("You are")
        client.send("let me in")
        member.until("let me in")
        assert sum(is_closed(sock) for sock in flood) >= 50
        client.close()
    member.close()


def first_flight() -> bytes:
    """Return what a client says first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    out = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="me").do_handshake()
    return out.read()


def is_closed(sock: socket.socket) -> bool:
    """Tell whether nothing was answered, and nothing will be."""
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True
