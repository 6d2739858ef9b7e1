"""Other servers are known by their first bytes, and named in one line."""

import pytest

from broadcast.client.address import DEFAULT_ADDRESS, parse_address
from broadcast.client.core.strangers import stranger, unknown

ANSWERS = [
    (b"SSH-2.0-OpenSSH_9.6\r\n", "an SSH server answers there: SSH-2.0-OpenSSH_9.6"),
    (b"220 mx.example ESMTP Postfix\r\n", "a mail server (SMTP) answers there: 220 mx"),
    (b"220-mx.example\r\n220 ESMTP ready\r\n", "a mail server (SMTP) answers there"),
    (b"220 (vsFTPd 3.0.5)\r\n", "an FTP or mail server answers there: 220 (vsFTPd"),
    (b"-ERR unknown command '/format'\r\n", "a Redis server answers there: -ERR"),
    (b"-NOAUTH Authentication required.\r\n", "a Redis server answers there"),
    (b"+OK POP3 ready\r\n", "a mail server (POP3) answers there"),
    (b"* OK [CAPABILITY IMAP4rev1] hi\r\n", "a mail server (IMAP) answers there"),
    (b"J\0\0\0\n8.0.36\0\x0b\0\0\0", "a MySQL server answers there"),
    (b":irc.example NOTICE * :*** Looking up\r\n", "an IRC server answers there"),
    (b":irc.example 451 * :Not registered\r\n", "an IRC server answers there"),
    (b"RFB 003.008\n", "a VNC server answers there: RFB 003.008"),
    (b"\x15\x03\x01\x00\x02\x02\x46", "TLS is spoken there: try tls://127.0.0.1:8000"),
    (b"HTTP/1.1 400 Bad Request\r\n", "a web server answers there: try ws://127"),
    (b"<!DOCTYPE HTML>\n<html>", "a web server answers there: try ws://127.0.0.1:8000"),
    (b"\xff\xfd\x18\xff\xfd\x20", "a Telnet server answers there"),
    (b"SSH-2.0-\x1b[2Jx\r\n", "an SSH server answers there: SSH-2.0-␛[2Jx"),
]


@pytest.mark.parametrize(("data", "words"), ANSWERS)
def test_answer_is_named(data: bytes, words: str) -> None:
    """Each is one printable line, however the bytes arrive."""
    said = stranger(data, DEFAULT_ADDRESS)
    assert said is not None
    assert said.startswith(words)
    assert said.isprintable()


@pytest.mark.parametrize(
    "data",
    [
        b'{"event":"welcome"}\n',
        b"* You are guest-1, 3 here\n",
        b"* OK, the server is full\n",
        b"[2026-01-02 03:04:05] 220: mail\n",
        b"alice: SSH-2.0-x\n",
        b"Your name: ",
    ],
)
def test_a_room_is_no_stranger(data: bytes) -> None:
    """The first bytes of a room of ours, whatever was asked of it."""
    assert stranger(data, DEFAULT_ADDRESS) is None


def test_addresses_to_try() -> None:
    """The advice keeps what is known: TLS stays TLS."""
    said = stranger(b"HTTP/1.0 400\r\n", parse_address("tls://h"))
    assert said == "a web server answers there: try wss://h:8000"


def test_what_nobody_knows() -> None:
    """It is quoted, and cut; what a room may say first is nothing odd."""
    assert unknown("hello") == "something else answers there: hello"
    assert unknown("x" * 500) == f"something else answers there: {'x' * 79}…"
    assert unknown("* The server is busy") is None
    assert unknown("") is None
