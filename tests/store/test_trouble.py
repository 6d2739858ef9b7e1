"""What a person reads of an error on the way to NATS."""

import errno
import socket
import ssl

import pytest

from broadcast.store.trouble import hint_for, said

CALL = "Connect call failed ('127.0.0.1', 4222)"


def distrusted() -> ssl.SSLCertVerificationError:
    """Return what Python makes of a certificate that it does not trust."""
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] …")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, CALL), "connection refused"),
        (
            OSError(f"Multiple exceptions: [Errno 111] {CALL}, [Errno 111] {CALL}"),
            "connection refused",
        ),
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "name or service not known",
        ),
        (distrusted(), "its certificate is not accepted: self-signed certificate"),
        (TimeoutError(), "no answer"),
        (ValueError("not\nan address"), "not an address"),
        (OSError(99999, "odd"), "odd"),
        (ValueError(), "ValueError"),
    ],
)
def test_an_error_is_told_in_the_systems_words(error: Exception, words: str) -> None:
    """One line, without the words of a library where the system has its own."""
    assert said(error) == words


def test_a_certificate_has_its_remedy() -> None:
    """The words of an error are those by which a remedy is found."""
    assert "--nats-ca" in hint_for(said(distrusted()), has_creds=False)
    assert hint_for(said(TimeoutError()), has_creds=True) == ""
