"""The first message of an incarnation: with it a daemon enters a shared log.

The very first message of a log gives it its epoch, and so does the one after a loss.
"""

import secrets
from dataclasses import dataclass

from broadcast.store.claims import Epoch, Up
from broadcast.store.entries import Entry
from broadcast.store.feed import RenewedError
from broadcast.store.replica import Replica
from broadcast.store.share import Share
from broadcast.store.streams import Streams


@dataclass(frozen=True, slots=True)
class First:
    """The first message of an incarnation.

    Attributes:
        incarnation: the incarnation.
        entries: the entries of the message.
        after: the message that it has to come after at once; None: any.
    """

    incarnation: str
    entries: list[Entry]
    after: int | None


async def first_message(
    share: Share, streams: Streams, replica: Replica, before: str, lost: str
) -> First | None:
    """Return what a daemon begins with; None if others have just begun the log.

    Args:
        share: the daemon's part in the room.
        streams: the log, as it is on the servers.
        replica: the log as far as it was read.
        before: the daemon's last incarnation; "" if it had none.
        lost: the epoch that has lost something; "" if none has.

    Raises:
        RenewedError: it is another log.
    """
    incarnation = f"{share.node}.{secrets.token_hex(4)}"
    instead = before if before in replica.state.nodes.known else ""
    clock = replica.state.nodes.clock
    entries: list[Entry] = [Up(incarnation, clock, instead=instead, terms=share.terms)]
    epoch = replica.epoch
    if epoch:
        if epoch == lost:
            entries.append(Epoch(lost))
        return First(incarnation, entries, None)
    extent = await streams.extent_at_last()
    if replica.epoch:
        return None  # it was there, and has been read meanwhile
    if extent.unread > replica.seq:
        return None  # another one has begun it, just now
    if await streams.has_dump(extent):
        raise RenewedError("there is a dump of it, after all")
    entries.append(Epoch("", secrets.token_hex(16)))
    return First(incarnation, entries, extent.last)
