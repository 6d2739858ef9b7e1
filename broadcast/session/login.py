"""The login: the treatment of a client that has to log in first.

``/format``, ``/name`` and ``/quiet`` are kept for the greeting, ``/login`` is checked,
``/help`` and ``/quit`` are answered, and all else is refused. The client hears nothing
of the room.
"""

import weakref

from twisted.internet.defer import Deferred

from broadcast.auth.authenticator import MAX_TRIES, Authenticator, Refusal
from broadcast.auth.checkers import Admission
from broadcast.base.values import plural
from broadcast.protocol.events import Bye, Error, Login, Notice
from broadcast.room.directory import When
from broadcast.session import commands
from broadcast.session.handshake import Handshake
from broadcast.session.interfaces import ISession
from broadcast.session.states import HANDSHAKING, State


class LoginPhase:
    """The login of a client that has not logged in yet.

    Args:
        session: the client's session.
        authenticator: the authenticator, which checks logins.
        is_private: the connection is encrypted or local.
    """

    __slots__ = (
        "__weakref__",
        "_authenticator",
        "_handshake",
        "_is_asked",
        "_is_private",
        "_session",
        "_tries",
    )

    _handshake: Handshake

    def __init__(
        self,
        session: ISession,
        authenticator: Authenticator,
        is_private: bool,
    ) -> None:
        self._session = session
        self._authenticator = authenticator
        self._is_private = is_private or authenticator.allows_plaintext
        self._is_asked = False
        self._tries = 0

    def begin(self, handshake: Handshake) -> None:
        """Have the time to log in run."""
        self._handshake = handshake
        self._authenticator.deadlines.add(weakref.ref(self))

    def ask(self) -> None:
        """Say that one has to log in, if that has not been said."""
        if self._is_asked or self._session.state not in (State.HANDSHAKE, State.ASKED):
            return
        if not self._is_private:
            message = "no login here: this connection is not encrypted"
            self._session.close(Bye("login-failed", message), When.NOW)
            return
        self._asked()
        self._tell(Login(f"log in first: {self._authenticator.usage}"))

    def take(self, line: str) -> None:
        """Take one line."""
        word, _, argument = line.partition(" ")
        name = word.lower()
        if name == "/login":
            self._login(argument)
        elif name == "/help":
            self._tell(Notice(commands.HELP))
        elif name in ("/quit", "/exit"):
            self._session.close(Bye("quit", "Bye"), When.NOW)
        elif not self._is_asked and self._handshake.introduction.take(line):
            pass
        elif name in ("/format", "/name", "/nick", "/quiet"):
            self._amend(name, argument)
        else:
            self.ask()
            self._refuse(name[1:] if line.startswith("/") else None)

    def expire(self) -> bool:
        """Close: the time to log in is over; False: it has logged in, or is gone."""
        if self._session.state not in HANDSHAKING:
            return False
        message = f"no login in {plural(self._authenticator.timeout, 'second')}"
        self._session.close(Bye("login-timeout", message), When.NOW)
        return True

    def _amend(self, name: str, argument: str) -> None:
        """Take a line of the introduction that comes after it is over."""
        try:
            self._handshake.introduction.take_command(name, argument)
        except commands.CommandError as refused:
            self._tell(commands.error_for(name[1:], refused))
            return
        if name == "/format":
            self._is_asked = False
            self.ask()

    def _refuse(self, command: str | None) -> None:
        message = f"log in first: {self._authenticator.usage}"
        refused = commands.CommandError("login-required", message)
        error = commands.error_for(command or "", refused)
        self._tell(error if command is not None else Error(error.code, None, message))

    def _login(self, argument: str) -> None:
        given = [word for word in argument.split(" ") if word]
        if not 1 <= len(given) <= 2:
            self._tell(Error("bad-argument", "login", self._authenticator.usage))
        elif not self._is_private:
            self.ask()
        else:
            self._session.move(State.AUTHENTICATING)
            Deferred.fromCoroutine(self._try(given))

    async def _try(self, given: list[str]) -> None:
        session = self._session
        result = await self._authenticator.admit(given, session.member.address)
        # In a turn of its own: this may still be the call that began the try.
        session.room.work.clock.callLater(0, lambda: self._conclude(result))

    def _conclude(self, result: Admission | Refusal) -> None:
        if self._session.state is not State.AUTHENTICATING:
            return  # it has gone meanwhile
        if isinstance(result, Admission):
            self._handshake.admit(result.account)
            return
        self._asked()
        if result.code == "login-failed":
            self._tries += 1
        if self._tries >= MAX_TRIES:
            message = f"{result.message} ({MAX_TRIES} wrong tries)"
            self._session.close(Bye("login-failed", message), When.NOW)
        else:
            self._tell(Error(result.code, "login", result.message))
            self._session.go_on()

    def _asked(self) -> None:
        self._is_asked = True
        if self._session.state is not State.ASKED:
            self._session.move(State.ASKED)

    def _tell(self, event: Error | Login | Notice) -> None:
        subscription = self._session.subscription
        subscription.speak(self._handshake.introduction.dialect)
        subscription.tell(event)
        subscription.writer.wake()
