"""Writers that frame: lines become WebSocket messages on their way out.

A member's own lines are framed each time, a batch once for all. Both writers take a
send whole or not at all. They write control frames between other frames. A control
frame that has to wait is replaced by the next (RFC 6455, 5.5.3).
"""

from collections.abc import Callable

from broadcast.net.writers import BufferedWriter, DirectWriter, is_plain
from broadcast.session.interfaces import IConnection
from broadcast.store.entries import Framing


class DirectFrameWriter(DirectWriter):
    """Writes frames to a plain socket; the rest of a partly written frame goes first.

    Args:
        connection: the connection.
        framing: makes frames of lines.
        head: the answer to the handshake, written before all else.
    """

    __slots__ = ("_control", "_is_held", "_rest", "framing")

    def __init__(self, connection: IConnection, framing: Framing, head: bytes) -> None:
        super().__init__(connection)
        self.framing: Framing = framing
        self._rest = memoryview(b"")
        self._control = b""
        self._is_held = True  # until the head has left the transport's queue
        connection.transport.write(head)
        self.wake()

    @property
    def send_shared(self) -> Callable[[bytes], int]:
        """The function that writes frames, all or none."""
        return self._send_frames

    def send(self, data: bytes) -> int:
        """Frame whole lines and write them all, or none."""
        return len(data) if self._send_frames(self.framing(data)) else 0

    def write_control(self, frame: bytes) -> None:
        """Write ``frame`` as soon as the frame before it is written."""
        if not self._send_frames(frame):
            self._control = frame
            self.wake()

    def resumeProducing(self) -> None:
        """Write on, now that the transport's queue is empty; not at the first call."""
        if self._is_held:
            self._is_held = False
        else:
            super().resumeProducing()

    def _send_frames(self, frames: bytes) -> int:
        if self._pulling:
            return 0
        taken = self._give(frames)
        if 0 < taken < len(frames):
            # No copy: all members with this framing are sent the same bytes.
            self._rest = memoryview(frames)[taken:]
            self.wake()
        return len(frames) if taken else 0

    def _give(self, data: bytes) -> int:
        try:
            return self._socket_send(data)
        except OSError:  # full, or lost: the reactor will see which
            return 0

    def _next(self, space: int) -> bytes:
        return _next_frames(self, space)


class BufferedFrameWriter(BufferedWriter):
    """Writes frames through the transport (TLS, a proxy's wrapper)."""

    __slots__ = ("_control", "_rest", "framing")

    def __init__(self, connection: IConnection, framing: Framing, head: bytes) -> None:
        self.framing: Framing = framing
        self._rest = memoryview(b"")
        self._control = b""
        super().__init__(connection)
        connection.transport.write(head)

    def send(self, data: bytes) -> int:
        """Frame whole lines and write them all, or none."""
        return len(data) if self.send_shared(self.framing(data)) else 0

    def send_shared(self, data: bytes) -> int:
        """Write frames, a share of them now, unless the transport's buffer is full."""
        if self._paused or self._rest:
            return 0
        share = self._share
        self._connection.transport.write(data[:share])
        if len(data) > share:
            self._rest = memoryview(data)[share:]
            if not self._paused:
                self._connection.session.subscription.write_later(self)
        return len(data)

    def write_control(self, frame: bytes) -> None:
        """Write ``frame`` as soon as there is room."""
        if not self.send_shared(frame):
            self._control = frame

    def _next(self, space: int) -> bytes:
        return _next_frames(self, space)


def _next_frames(writer: DirectFrameWriter | BufferedFrameWriter, space: int) -> bytes:
    """Return a writer's next bytes: the rest of what it has begun comes first."""
    if writer._rest:
        rest, writer._rest = bytes(writer._rest[:space]), writer._rest[space:]
        return rest
    if writer._control:
        control, writer._control = writer._control, b""
        return control
    chunk = writer._connection.session.subscription.next_chunk(space)
    return writer.framing(chunk) if chunk else b""


def frame_writer_for(
    connection: IConnection, framing: Framing, head: bytes
) -> DirectFrameWriter | BufferedFrameWriter:
    """Return the fastest framing writer that is right for the transport."""
    kind = DirectFrameWriter if is_plain(connection.transport) else BufferedFrameWriter
    return kind(connection, framing, head)
