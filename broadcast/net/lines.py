"""Lines over any stream that Twisted listens on.

Bytes become whole lines here; their meaning is the session's business. A stray
(``protocol.strays``) is turned away before anybody hears it.
"""

from typing import Any

from twisted.internet import interfaces
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from broadcast.base.settings import Settings, Timeouts
from broadcast.base.timers import Deadlines
from broadcast.base.work import LARGE_READ, SMALL_READ
from broadcast.net import sockopts
from broadcast.net.connections import Connections
from broadcast.net.intake import Intake
from broadcast.net.liveness import Liveness, begin_liveness
from broadcast.net.telnet import IAC
from broadcast.net.writers import BufferedWriter, DirectWriter, writer_for
from broadcast.protocol import strays
from broadcast.protocol.events import Bye
from broadcast.protocol.roles import UNRESTRICTED, Role
from broadcast.protocol.strays import Stray
from broadcast.room.directory import When
from broadcast.session.interfaces import ISession
from broadcast.session.states import State


@implementer(interfaces.IHalfCloseableProtocol, interfaces.IHandshakeListener)
class LineProtocol(Protocol):
    """One connection."""

    transport: Any  # the interfaces of Twisted's transports are many
    factory: "BroadcastFactory"
    _logger = Logger(namespace="broadcast")
    role = UNRESTRICTED
    session: ISession
    writer: DirectWriter | BufferedWriter
    _intake: Intake

    _liveness: Liveness | None = None
    _lingers = False
    _is_ended = False
    _flush: Any = None

    def connectionMade(self) -> None:
        """Prepare the socket; a TLS handshake may still have to come."""
        connections = self.factory.connections
        sockopts.prepare(self.transport)
        peer = sockopts.peer_of(self.transport)
        is_private = sockopts.is_private(self.transport)
        self.session = connections.new_session(self, peer, is_private, self.role)
        is_raw = connections.room.settings.relay
        self._intake = Intake(self.session, is_raw, is_raw or not self.role.hears)
        self.writer = writer_for(self)
        self.session.subscription.writer = self.writer
        connections.add(self)
        if interfaces.ISSLTransport.providedBy(self.transport):
            self.factory.tls_handshakes.add(self)
        else:
            self.handshakeCompleted()

    def handshakeCompleted(self) -> None:
        """Begin to wait for the introduction."""
        self.session.secured(sockopts.certified_name(self.transport))
        self.factory.connections.greetings.add(self)

    def dataReceived(self, data: bytes) -> None:
        """Take what was read: whole lines go on, the rest is kept.

        The chunk is split once: a loop over lines would copy the rest each time.
        """
        if self._lingers:
            return
        if self._liveness is not None:
            self._liveness.heard = True
        intake, silence = self._intake, self.factory.flush_partial
        if silence is not None or intake.has_telnet or IAC in data:
            data = intake.clean(data, silence is not None)
        limit = 4 * self.factory.room.settings.max_line
        if b"\n" not in data and len(intake.partial) + len(data) > limit:
            self._flood(limit)
            return
        if intake.partial:
            data = intake.partial + data
        if intake.first is None or (data := self._admit(data)):
            end = data.rfind(b"\n") + 1
            if intake.first is None:
                intake.partial = data[end:]
            if end:
                is_clean = self.session.hear(data if end == len(data) else data[:end])
                self.transport.bufferSize = LARGE_READ if is_clean else SMALL_READ
            else:
                self.transport.bufferSize = SMALL_READ  # negotiation, for all we know
        if len(intake.partial) > limit:
            self._flood(limit)
        elif silence is not None:
            self._arrange_flush(silence)

    def readConnectionLost(self) -> None:
        """Leave: the peer has ended its side; queued output is still written."""
        self._is_ended = True
        if self._lingers:
            self.transport.loseConnection()
            return
        if self.role.speaks:
            self._end()
        else:
            self._hear_on()

    def writeConnectionLost(self) -> None:
        """Do nothing: our own end is closed, the other's is awaited."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Be gone."""
        done = reason.check(ConnectionDone) is not None
        if done and not self._is_ended and not self._lingers:
            self._end()  # TLS knows no half-close
        self._cancel_flush()
        clean = done and not self.writer.is_broken
        self.session.close("left" if clean else "lost", When.AFTER_SAID)
        self._lingers = True
        del self.writer  # it knows this protocol, and no cycle is to be left
        self.factory.connections.forget(self)

    # What the writer and the session ask of a connection

    def pause_reading(self) -> None:
        """Read no more for now."""
        self.transport.pauseProducing()

    def resume_reading(self) -> None:
        """Read on."""
        if self.transport is not None and not self._is_ended:
            self.transport.resumeProducing()

    def shut(self) -> None:
        """Close our end. The rest is read and discarded, else a reset eats the last."""
        is_tls = interfaces.ISSLTransport.providedBy(self.transport)
        if self._is_ended or is_tls:
            self.transport.loseConnection()
        else:
            self.transport.loseWriteConnection()

    def linger(self) -> None:
        """Close in two seconds; input is discarded meanwhile.

        The kernel gets room for the last output, and for the end.
        """
        if not self._lingers:
            self._lingers = True
            self._cancel_flush()
            self.resume_reading()
            sockopts.make_room(self.transport)
            self.factory.connections.closing.add(self)

    def abort(self) -> bool:
        """Close now; return whether it was open."""
        if self not in self.factory.connections:
            return False
        self.transport.abortConnection()
        return True

    @property
    def kind(self) -> str:
        """The kind of the transport: tcp, tls or unix."""
        return sockopts.kind_of(self.transport)

    # What the liveness monitor and the deadlines ask

    def greet(self) -> bool:
        """End the introduction: its time is over; False: it was to end anyway."""
        if self._lingers or self._is_ended:
            return False
        self.session.greet()
        first = self._intake.first
        if first is not None and (blank := first.release_blank()):
            self.session.hear(blank)
        return True

    def give_up_tls_handshake(self) -> bool:
        """Close if the TLS handshake isn't over: its time is."""
        if self.session.state is not State.SECURING or not self.abort():
            return False
        address = self.session.member.address
        self._logger.info(
            "no TLS handshake from {address} in time",
            event="no-tls-handshake",
            address=address,
        )
        return True

    def check(self, now: float, timeouts: Timeouts) -> None:
        """Close if nothing was heard, or nothing read, for too long."""
        liveness = self._liveness or begin_liveness(self.session, self.transport)
        if liveness is not None:
            address = self.session.member.address
            if liveness.check(now, timeouts, self.session, self.transport, address):
                self.abort()
            self._liveness = liveness if liveness.goes_on(self.session) else None

    # The rules of the first bytes, and of the last

    def _admit(self, data: bytes, is_all: bool = False) -> bytes:
        """Return the bytes of ``data`` that are a client's; turn away strays.

        Args:
            data: the first bytes.
            is_all: nothing follows: the kind is decided by these bytes.
        """
        found = self._intake.admit(data, is_all)
        if isinstance(found, bytes):
            return found
        self._reject(found)
        return b""

    def _end(self) -> None:
        """Let the session end, with what stands without a line end."""
        if self.writer.is_broken:
            self._intake.take_partial()
            self.session.close("lost", When.AFTER_SAID)
            self.transport.abortConnection()
            return
        if last := self._last_lines():
            self.session.hear(last)
        self.session.close("left", When.AFTER_READ)

    def _hear_on(self) -> None:
        """Stay, though nothing more will be said."""
        if last := self._last_lines():
            self.session.hear(last)
        self.session.greet()

    def _last_lines(self) -> bytes:
        """Return what is still to be heard: there is nothing more to come."""
        partial = self._intake.take_partial()
        line = partial + b"\n" if partial else b""
        if self._intake.first is not None:
            line = self._admit(line, is_all=True)
        if partial and self.factory.room.settings.relay:
            return line[: -len(partial) - 1]
        return line

    def _reject(self, stray: Stray) -> None:
        self._intake.take_partial()
        self._logger.info(
            "{reason} from {address}: turned away",
            event="stray",
            reason=stray.value,
            address=self.session.member.address,
        )
        page = self.factory.connections.page
        self.session.close("stray", When.NOW, last=strays.answer(stray, page))

    def _flood(self, limit: int) -> None:
        self._intake.take_partial()
        bye = Bye("flood", f"more than {limit} bytes without a line end")
        self.session.close(bye, When.NOW)

    def _arrange_flush(self, delay: float) -> None:
        self._cancel_flush()
        if (wait := self._intake.patience(delay)) is not None:
            clock = self.factory.connections.work.clock
            self._flush = clock.callLater(wait, self._flush_partial)

    def _cancel_flush(self) -> None:
        if self._flush is not None and self._flush.active():
            self._flush.cancel()
        self._flush = None

    def _flush_partial(self) -> None:
        """Take a partial line as a line: its sender has been silent."""
        line = self._intake.take_silent()
        held = self._intake.partial
        if line and self._intake.first is not None:
            line = self._admit(line)
        self._intake.partial = held
        if line:
            self.session.hear(line)


class BroadcastFactory(ServerFactory):
    """Makes the connections of the plain listeners.

    Args:
        connections: keeps them, with all others.
        flush_partial: seconds of silence that end a line; None: never.
        tls_handshake: seconds that a TLS handshake may take.
    """

    noisy = False
    protocol: Any = LineProtocol

    def __init__(
        self,
        connections: Connections,
        flush_partial: float | None = None,
        tls_handshake: float = 10.0,
    ) -> None:
        self.connections = connections
        self.room = connections.room
        self.flush_partial = flush_partial
        self.tls_handshakes = Deadlines[LineProtocol](
            tls_handshake, connections.work, LineProtocol.give_up_tls_handshake
        )

    def adopt(self, settings: Settings) -> None:
        """Go on with other settings: those that can change while it runs."""
        self.flush_partial = settings.flush_partial

    def with_role(self, role: Role) -> ServerFactory:
        """Return what makes the same connections for a listener with ``role``."""
        return self if role == UNRESTRICTED else RoleFactory(self, role)


class RoleFactory(ServerFactory):
    """Makes connections whose members have a role.

    Args:
        factory: makes the connections.
        role: the rights of their members.
    """

    noisy = False

    def __init__(self, factory: BroadcastFactory, role: Role) -> None:
        self._factory = factory
        self._role = role

    def buildProtocol(self, addr: Any) -> Any:
        """Return a new connection."""
        made: Any = self._factory.buildProtocol(addr)
        made.role = self._role
        return made
