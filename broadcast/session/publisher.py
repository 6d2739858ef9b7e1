"""The publisher: it speaks, and hears nothing; a slash means nothing to it.

For what is piped in, a log above all, where any line may stand. Anyone who can reach
the listener may speak, so the listener is what has to be chosen well.
"""

from typing import Final

from twisted.logger import Logger

from broadcast.protocol.dialects import RAW, Dialect
from broadcast.protocol.events import Error
from broadcast.session.interfaces import ISession
from broadcast.session.naming import Naming
from broadcast.session.speech import Speech


class PublisherHandshake:
    """The handshake of a publisher: no question and no greeting.

    Args:
        session: the publisher's session.
        name: the name that the listener gives; "" for a guest's name.
    """

    __slots__ = ("_naming", "_session")

    has_begun_line: Final = False

    def __init__(self, session: ISession, name: str) -> None:
        self._session = session
        self._naming = Naming(session, mended=name or None)

    @property
    def dialect(self) -> Dialect:
        """None: it is told nothing."""
        return RAW

    def certify(self, common_name: str) -> None:
        """Be called what a client certificate says, which was found good."""
        self._naming.certify(common_name)

    def hear(self, block: bytes, until: float) -> bytes:
        """Join: the first line is said like all others."""
        self.end()
        return block

    def end(self) -> None:
        """Claim the name, or be told why not."""
        self._naming.claim()

    def go_on(self) -> None:
        """Be announced, and told nothing from then on."""
        session = self._session
        if self._naming.is_given():
            session.subscription.speak(RAW)
            session.joined()
            session.room.join(session.subscription, hears=False)


def publisher_speech() -> Speech:
    """Return the interpreter of a publisher's lines.

    A publisher hears nothing. Its refused lines go to the daemon's log, once for each
    reason.
    """
    told: set[str] = set()
    logger = Logger(namespace="broadcast")

    def note(session: ISession, error: Error) -> None:
        session.room.stats.refused[error.code] += 1
        if error.code not in told:
            told.add(error.code)
            logger.warn(
                "{name}: {words}",
                event="line-refused",
                name=session.member.name,
                reason=error.code,
                words=error.message,
            )

    return Speech(marks=(), refuse=note)
