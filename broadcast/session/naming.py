"""The name that one joins under, and whether one may come in with it."""

from twisted.logger import Logger

from broadcast.protocol import names
from broadcast.protocol.events import Bye, Error, Notice
from broadcast.room.directory import When
from broadcast.session import commands
from broadcast.session.interfaces import ISession


class Naming:
    """How a member is named when it joins: as certified, as asked for, or a guest.

    Args:
        session: the member's session.
        mended: a name from another protocol or of a listener, which is made valid.

    Attributes:
        wanted: name and key, as asked for.
        answer: the remark on the name that it has got.
    """

    __slots__ = ("_certified", "_session", "answer", "mended", "wanted")

    def __init__(self, session: ISession, mended: str | None = None) -> None:
        self._session = session
        self._certified: tuple[str, str] | None = None
        self.mended = mended
        self.wanted: tuple[str, str | None] | None = None
        self.answer: Error | Notice | None = None

    def certify(self, common_name: str) -> None:
        """Be called what a client certificate says; or be closed: that is no name."""
        name = names.clean(common_name)
        if name is None:
            message = "what your certificate calls you can't be a name here"
            self._session.close(Bye("login-failed", message), When.NOW)
        else:
            roster = self._session.room.directory.roster
            self._certified = (name, roster.certify(name))

    def take(self) -> None:
        """Take the name, or another one; ``answer`` says so."""
        session = self._session
        roster, member = session.room.directory.roster, session.member
        if self.mended is not None and self._certified is None:
            if not roster.take_mended(self.mended, member):
                self.answer = Notice(f"you are called {member.name} here")
            return
        wanted = self._certified or self.wanted
        if wanted is not None:
            try:
                commands.claim_name(session, *wanted)
            except commands.CommandError as refused:
                self.answer = commands.error_for("name", refused)
            else:
                roster.take(*wanted, member)
                return
        roster.take_guest(member)


def turned_away(session: ISession, naming: Naming | None = None) -> bool:
    """Tell whether a member may not come in; if it may, it has its name.

    Args:
        session: the session of the newcomer.
        naming: its name; None where members have no names.
    """
    directory, member = session.room.directory, session.member
    bye = directory.occupancy.refuse(member.address)
    bye = bye or directory.policy.turn_away(member.address, member.account)
    if bye is None and naming is not None:
        naming.take()
        bye = directory.policy.turn_away("", member.name)
    if bye is None:
        return False
    directory.roster.release(member)
    directory.stats.turned_away[bye.code] += 1
    Logger(namespace="broadcast").info(
        "{reason}: {address} turned away",
        event="turned-away",
        reason=bye.code,
        address=member.address,
    )
    session.close(bye, When.NOW)
    return True
