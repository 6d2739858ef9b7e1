"""The common part of ``send``, ``tail`` and ``connect``: a connection, and one end.

Each ends with an exit code and, when that is not 0, one line on stderr.
"""

import asyncio
import contextlib
import enum
import signal
from collections.abc import Callable, Sequence
from typing import Final

from broadcast.client import events as ev
from broadcast.client.address import NO_HOST, Address
from broadcast.client.core.options import Options
from broadcast.client.core.outbox import Outbox
from broadcast.client.core.requests import Profile
from broadcast.client.core.session import Session, State
from broadcast.client.core.words import count_of, in_seconds
from broadcast.client.io.asyncio import AsyncioLoop
from broadcast.client.io.connection import Connection
from broadcast.client.io.descriptors import complain
from broadcast.protocol.sanitize import mend

PRESENCE = (ev.Joined, ev.Left, ev.Renamed, ev.Presence)
NAME_ERRORS = ("name-taken", "bad-name")
LOGIN_ERRORS = ("login-failed", "login-throttled", "login-required")


class Outage:
    """Words for a connection that goes and comes back; nothing is told twice."""

    def __init__(self) -> None:
        self._told: set[str] | None = None
        self._is_back = False

    def lost(self, reason: str, where: str) -> str | None:
        """It is lost, or a try to come back has failed; None: that was told.

        Args:
            reason: why.
            where: the server of that try, for a person.
        """
        if self._told is None:
            self._told = set()
            return f"connection lost: {reason}"
        words = f"can't reach {where}: {reason}"
        if words in self._told:
            return None
        self._told.add(words)
        return words

    def over(self) -> str | None:
        """We are connected; None: that is no return."""
        self._is_back, self._told = self._told is not None, None
        return "connected again" if self._is_back else None

    def gap(self, missing: int | None) -> str | None:
        """The mark where a replay begins that has no more of the lines before.

        The first replay after a return goes on where we were; others go on after a
        position that somebody gave, which may be wrong.
        """
        goes_on, self._is_back = self._is_back, False
        if missing == 0:
            return None
        if missing is not None:
            are = count_of(missing, "line is", "lines are")
            return f"* ({are} missing here: older than what the server gives)"
        if goes_on:
            return (
                "* (the server's log began anew: what was said meanwhile may be lost)"
            )
        return (
            "* (that position is not in the server's log, which may have begun anew: "
            "these are its newest lines)"
        )


class Exit(enum.IntEnum):
    """The exit codes, as docs/client.md lists them."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CANNOT_CONNECT = 3
    REFUSED = 4
    LOST = 5
    INTERRUPTED = 130
    TERMINATED = 143


def exit_for(event: ev.Lost) -> Exit:
    """The exit code for the last ``Lost``."""
    codes = {
        "cannot-connect": Exit.CANNOT_CONNECT,
        "refused": Exit.REFUSED,
        "quit": Exit.DONE,
    }
    return codes.get(event.code, Exit.LOST)


def reason_for(event: ev.Lost, address: Address, sections: Sequence[str]) -> str:
    """The last ``Lost``, as a sentence.

    Args:
        event: says why.
        address: the server of the last try.
        sections: those of the config file.
    """
    if event.code == "cannot-connect":
        reason, host = event.reason, address.host
        if reason == NO_HOST and sections and "." not in host:
            there = ", ".join(f"[{name}]" for name in sections)
            reason += f"; the config file has no [{host}] either, but {there}"
        return f"can't connect to {address.where}: {_with_hint(reason)}"
    if event.code == "refused":
        return f"{address.where} refused: {event.reason}"
    return f"the connection to {address.where} is lost: {event.reason}; try again"


_HINTS: Final = {
    "connection refused": "start the daemon, or name its port",
    NO_HOST: "correct the name",
    "timed out": "name another server, or try again",
    "": "name another server",
}
"""Why no connection was made → what to do; the last is for every other reason."""
_UNTRUSTED = "its certificate is not accepted"


def _with_hint(reason: str) -> str:
    """Return why no connection was made, with what to do about it."""
    if "; " in reason:
        return reason
    if reason.startswith(_UNTRUSTED):
        return f"{reason}; give --ca FILE, if you trust that authority"
    return f"{reason}; {_HINTS.get(reason, _HINTS[''])}"


def end_on_signals(end: Callable[[], None]) -> None:
    """Call ``end`` on SIGTERM, and on SIGHUP when the terminal goes; where they are."""
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGHUP"):
        with contextlib.suppress(NotImplementedError, AttributeError, RuntimeError):
            loop.add_signal_handler(getattr(signal, name), end)


class Runner:
    """The connection of one command, and its one end.

    Args:
        options: the options of the command.
        profile: the identity that it asks for.
        listener: called with the events that have come.
        tell: called with the reason of the end, where it has one.
        ease: see ``Connection``.
    """

    def __init__(
        self,
        options: Options,
        profile: Profile,
        listener: Callable[[list[ev.Event]], None],
        *,
        tell: Callable[[str], None] = complain,
        ease: float = 0.0,
    ) -> None:
        self.options = options
        self.done: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self.outage = Outage()
        self.session = Session(profile)
        self.connection = Connection(
            AsyncioLoop(),
            options.address,
            self.session,
            listener,
            retry=options.retry,
            ease=ease,
        )
        self._tell = tell
        end_on_signals(lambda: self.end(Exit.TERMINATED))

    def end(self, code: Exit, reason: str = "") -> None:
        """The first call counts."""
        if not self.done.done():
            self.done.set_result(code)
            if reason:
                self._tell(reason)

    def end_with(self, event: ev.Lost) -> None:
        """Nothing more will come; if that was meant, there is nothing to say of it."""
        address, sections = self.connection.address, self.options.sections
        reason = reason_for(event, address, sections) if event.code != "quit" else ""
        self.end(exit_for(event), reason)

    def lost(self, reason: str) -> str | None:
        """The words for a loss, or for a try to come back that failed, if any."""
        return self.outage.lost(reason, self.connection.address.where)

    def react(self, event: ev.Event) -> None:
        """Act as every command acts that no person attends to."""
        match event:
            case ev.Lost(retry_in=None):
                self.end_with(event)
            case ev.Lost(reason=reason, retry_in=float(wait)):
                if words := self.lost(reason):
                    complain(f"{words}; trying again {in_seconds(wait)}")
            case ev.Welcome():
                if words := self.outage.over():
                    complain(words)
            case ev.LoginNeeded() if not self.options.secret:
                text = "the server asks for a login; give --token-file or BCAST_TOKEN"
                self.end(Exit.REFUSED, text)
            case ev.Problem(code=code, text=text) if (
                code in LOGIN_ERRORS or self.session.state is State.LOGIN
            ):
                self.end(Exit.REFUSED, text or code)

    async def run(self) -> Exit:
        """Until it ends; the exit code."""
        self.connection.start()
        try:
            return await self.done
        finally:
            await self.leave()

    async def leave(self) -> None:
        """Go, and let the server know."""
        left = asyncio.Event()
        self.connection.leave(lambda _: left.set())
        await left.wait()


DOUBT = "said or not, nobody can tell"


def name_unanswered(outbox: Outbox) -> tuple[int, int]:
    """Name on stderr each line that nobody answers any more.

    Returns:
        How many of them may have been said, and how many were not sent.
    """
    lines, unsaid = list(outbox.unanswered()), outbox.waiting
    sent = len(lines) - unsaid
    for number, line in enumerate(lines):
        complain(f"{DOUBT if number < sent else 'not said'}: {mend(line.text)}")
    return sent, unsaid
