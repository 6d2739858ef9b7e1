"""The private attributes of Twisted in use: all in one module, and all existing."""

import importlib
import inspect
import pkgutil
import re
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet import tcp
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor

import twisted
from broadcast import net
from broadcast.net.internals import aggregate_less

LACKS = f"Twisted {twisted.__version__} has no {{}}: see broadcast/net/internals.py"

_PRIVATE = re.compile(
    r"\b(?:self|cls)\.(_[a-z]\w*)|^\s+(_[a-z]\w*)\s*[:=]|def (_[a-z]\w*)\(", re.M
)


@pytest.fixture
def port() -> Iterator[Any]:
    """A port of Twisted's own, that listens."""
    factory: Any = ServerFactory.forProtocol(Protocol)
    made: Any = tcp.Port(0, factory, 5, "127.0.0.1", MemoryReactor())
    made.startListening()
    yield made
    made.socket.close()


@pytest.mark.parametrize("name", ["_preexistingSocket", "_shouldShutdown"])
def test_a_port_has_what_is_set_there(name: str) -> None:
    """An attribute may be set in vain: the test knows only that Twisted has the name.

    What comes of it is tested with the ports, in test_ports.py.
    """
    assert hasattr(tcp.Port, name), LACKS.format(f"tcp.Port.{name}")


def test_a_port_accepts_as_many_as_it_is_told(port: Any) -> None:
    """``numberAccepts``: so many at one ``doRead``, and no more."""
    assert hasattr(port, "numberAccepts"), LACKS.format("tcp.Port.numberAccepts")
    where = port.socket.getsockname()
    came = [socket.create_connection(where, timeout=10) for _ in range(3)]
    port.numberAccepts = 2
    port.doRead()
    assert port.sessionno == 2, LACKS.format("limit in tcp.Port.numberAccepts")
    for reader in port.reactor.readers - {port}:
        reader.getHandle().close()
    for one in came:
        one.close()


@pytest.mark.parametrize("name", ["client", "logstr", "repstr", "TLS"])
def test_a_connection_has_what_is_asked_of_it(port: Any, name: str) -> None:
    """Where it comes from, its names for Twisted's log, whether TLS is in it."""
    with socket.create_connection(port.socket.getsockname(), timeout=10) as client:
        ours, address = port.socket.accept()
        protocol: Any = Protocol()  # zope knows it as one
        made: Any = tcp.Server(ours, protocol, address, port, 1, port.reactor)
        assert hasattr(made, name), LACKS.format(f"tcp.Server.{name}")
        assert made.client == client.getsockname()
        ours.close()


def test_tls_knows_whether_its_handshake_is_done() -> None:
    """A handshake's place is free then."""
    tls: Any = pytest.importorskip("twisted.protocols.tls")
    found = getattr(tls.TLSMemoryBIOProtocol, "_handshakeDone", None)
    message = LACKS.format("TLSMemoryBIOProtocol._handshakeDone")
    assert found is False, message


def test_tls_encrypts_at_once_what_is_much() -> None:
    """Little is kept until the reactor's next iteration."""
    tls: Any = pytest.importorskip("twisted.protocols.tls")
    clock, written = Clock(), list[bytes]()
    kept = SimpleNamespace(_aggregator=tls._AggregateSmallWrites(written.append, clock))
    aggregate_less(kept, 10)
    for data in (b"much more than that", b"a little", b"and more"):
        kept._aggregator.write(data)
    assert written == [b"much more than that", b"a littleand more"]
    kept._aggregator.write(b"the rest")
    assert len(written) == 2
    clock.advance(0)
    assert written[2:] == [b"the rest"]


def _names(kind: type) -> set[str]:
    found = _PRIVATE.findall(inspect.getsource(kind))
    return {name for groups in found for name in groups if name}


def test_nothing_else_shares_a_private_name_with_twisted() -> None:
    """Neither used on purpose outside internals.py, nor met by chance."""
    shared: set[tuple[str, str]] = set()
    for module in pkgutil.iter_modules(net.__path__, "broadcast.net."):
        found = vars(importlib.import_module(module.name))
        for kind in found.values():
            if inspect.isclass(kind) and kind.__module__ == module.name:
                above = [k for k in kind.__mro__ if k.__module__.startswith("twisted")]
                theirs = set().union(*map(_names, above))
                shared |= {(kind.__name__, name) for name in _names(kind) & theirs}
    assert not shared
