"""TLS, unix sockets and WebSockets, from the command line and from both loops."""

import asyncio
import contextlib
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from broadcast.client import connect
from broadcast.client.address import parse_address
from broadcast.client.errors import BrokenServerError, CannotConnectError
from broadcast.client.events import Message
from broadcast.client.io.websocket import WebSocketCodec
from tests.support.client.asynchronous import run
from tests.support.client.certificates import make_certificates
from tests.support.client.command import run_client
from tests.support.client.daemon import Daemon
from tests.support.client.terminal import Terminal
from tests.support.client.websocket_front import web_room

ON_REACTOR = """
import sys
from twisted.internet import task
from twisted.internet.defer import Deferred
import broadcast.client
async def main(url, ca):
    try:
        async with broadcast.client.connect(url, name="robot", ca=ca) as room:
            await room.say("over twisted")
            print("said")
    except broadcast.client.errors.CannotConnectError as problem:
        print(problem)
task.react(lambda r: Deferred.fromCoroutine(main(sys.argv[1], sys.argv[2] or None)))
"""


def on_reactor(url: str, ca: str = "") -> str:
    """Say a line from a program on Twisted's reactor; what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", ON_REACTOR, url, ca],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout.strip() or done.stderr


@pytest.fixture
def tls(tmp_path: Path) -> tuple[Path, Path]:
    return make_certificates(tmp_path, "localhost")


def secure(certificate: Path) -> Daemon:
    listen = f"ssl:0:interface=127.0.0.1:privateKey={certificate}:certKey={certificate}"
    return Daemon(listen=listen)


def test_tls_is_verified(tls: tuple[Path, Path], home: str) -> None:
    """With the right authority it connects; without it, it does not, and says why."""
    authority, certificate = tls
    with secure(certificate) as daemon:
        url = f"tls://localhost:{daemon.port}"
        good = run_client("send", "-s", url, "--ca", str(authority), "x", home=home)
        assert (good.returncode, good.stderr) == (0, "")
        bad = run_client("send", "-s", url, "x", home=home)
        assert bad.returncode == 3
        assert "its certificate is not accepted: " in bad.stderr
        assert on_reactor(url, str(authority)) == "said"
        assert "certificate is not accepted" in on_reactor(url)
        run_client("tail", url, "--ca", str(authority), "--no-follow", home=home)


def test_tls_host_name_is_verified(tmp_path: Path, home: str) -> None:
    """A certificate for another name is not accepted."""
    authority, certificate = make_certificates(tmp_path, "other.example")
    with secure(certificate) as daemon:
        url = f"tls://localhost:{daemon.port}"
        done = run_client("send", "-s", url, "--ca", str(authority), "x", home=home)
        assert done.returncode == 3
        assert "certificate is not accepted" in done.stderr
        assert "localhost" in done.stderr
        assert on_reactor(url, str(authority)) != "said"


def test_tls_to_a_plain_server(home: str) -> None:
    """Where no TLS is spoken, it is an error and not a wait; it says what may help."""
    with Daemon() as daemon:
        done = run_client("send", "-s", f"tls://{daemon.where}", "x", home=home)
        assert done.returncode == 3
        assert len(done.stderr.splitlines()) == 1
        assert f"; if it speaks no TLS, try tcp://{daemon.where}" in done.stderr


def test_plain_to_a_tls_server(tls: tuple[Path, Path], home: str) -> None:
    """Where TLS is spoken, the advice is to try that."""
    with secure(tls[1]) as daemon:
        done = run_client("send", "-s", daemon.where, "x", home=home)
        assert done.returncode == 3
        assert f"; if it speaks TLS, try tls://{daemon.where}" in done.stderr


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a web server answers there: try ws:"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "TLS is spoken there: try tls:"),
    ],
)
def test_strangers_are_known_at_once(answer: bytes, words: str) -> None:
    """A web server's answer, or a TLS alert, is known for what it is: no wait."""

    async def main() -> None:
        async def serve(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            writer.write(answer)
            with contextlib.suppress(ConnectionError):
                await reader.read()
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            where = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            with pytest.raises(CannotConnectError, match=f"{words}//{where}"):
                async with connect(where):
                    pass

    run(main())


def test_the_server_of_the_reason_is_named(
    tmp_path: Path, home: str, closed_port: int
) -> None:
    """Of several servers, the error names the one that its reason is about."""
    path, refusing = tmp_path / "none", f"127.0.0.1:{closed_port}"
    first = run_client("tail", f"{refusing},unix:{path}", home=home)
    assert (first.returncode, first.stderr) == (
        3,
        f"bcast-client: can't connect to {path}: no such file or directory; "
        "name another server\n",
    )
    last = run_client("tail", f"tcp://localhost:1,{refusing}", home=home)
    assert f"can't connect to {refusing}: connection refused" in last.stderr


def test_unix_socket(tmp_path: Path, home: str) -> None:
    """``unix:/path`` connects; a socket that is not there is one line."""
    path = tmp_path / "sock"
    with Daemon(listen=f"unix:{path}"):
        done = run_client("send", "-s", f"unix:{path}", "x", home=home)
        assert (done.returncode, done.stderr) == (0, "")
        assert on_reactor(f"unix:{path}") == "said"
    done = run_client("send", "-s", f"unix:{path}", "x", home=home)
    assert done.returncode == 3
    assert f"can't connect to {path}: no such file" in done.stderr


def test_websocket() -> None:
    """The same lines in frames: whole lines, none over several messages."""

    async def main() -> None:
        async with web_room() as (room, front, port):
            async with connect(f"ws://127.0.0.1:{port}", name="ann") as ann:
                assert await ann.say("über") == 1
                sent = [ann.say(f"{n} " + "y" * 1000) for n in range(40)]
                assert await asyncio.gather(*sent) == list(range(2, 42))
                async for event in ann:
                    if isinstance(event, Message):
                        assert event.text == "über"
                        break
            assert front.target == "/ws"
            assert all(not frame.endswith("\n") for frame in front.frames)
            assert max(map(len, front.frames)) <= 8192
            assert len(room.log) == 41

    run(main())


def test_websocket_over_tls(tls: tuple[Path, Path]) -> None:
    """``wss://`` is verified like ``tls://``."""
    authority, certificate = tls

    async def main() -> None:
        async with web_room(tls=certificate) as (_, _, port):
            url = f"wss://localhost:{port}/room"
            async with connect(url, name="ann", ca=str(authority)) as ann:
                assert await ann.say("x") == 1
            with pytest.raises(CannotConnectError, match="certificate"):
                async with connect(url):
                    pass

    run(main())


def test_no_websocket_there() -> None:
    """An HTTP server that refuses the upgrade, or no HTTP at all, is said so."""

    async def main() -> None:
        async with web_room(accept=False) as (room, _, port):
            with pytest.raises(CannotConnectError, match="HTTP 404"):
                async with connect(f"ws://127.0.0.1:{port}"):
                    pass
            codec = WebSocketCodec(parse_address("ws://h"))
            codec.hello()
            with pytest.raises(BrokenServerError, match="not a WebSocket"):
                codec.decode(b"* hello\r\n\r\n")
            assert room.log == []

    run(main())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"SSH-2.0-Open\r\n", "an SSH server answers there: SSH-2.0-Open"),
        (b"J\0\0\0\n8.0.36\0\x0b\0\0\0", "a MySQL server answers there"),
        (b"what?\x1b[2J\n", "something else answers there: what?␛[2J"),
    ],
)
@pytest.mark.parametrize("command", ["send", "tail"])
def test_answer_of_another_server_is_one_line(
    command: str, answer: bytes, words: str, home: str
) -> None:
    """Exit 3 names what answered, soon, and without a control character."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)

        def serve() -> None:
            with listener.accept()[0] as sock:
                sock.sendall(answer)
                with contextlib.suppress(ConnectionError):
                    while sock.recv(65536):
                        pass

        serving = threading.Thread(target=serve)
        serving.start()
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        words_of = {"send": ("send", "-s", where, "x"), "tail": ("tail", where)}
        done = run_client(*words_of[command], home=home)
        serving.join(20)
    said = f"bcast-client: can't connect to {where}: {words}; name another server\n"
    assert (done.returncode, done.stderr) == (3, said)


def test_silence_is_told_soon(home: str) -> None:
    """Where a server accepts and says nothing, a person need not guess."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        with Terminal("connect", where, "-n", "bob", home=home) as bob:
            bob.wait_for(f"- no answer yet from {where}")
