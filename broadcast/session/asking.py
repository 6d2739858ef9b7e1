"""The question for a name, which a listener of the kind ``--ask`` puts.

It is for clients that expect a prompt and answer it with their name as first line.
A connection that introduces itself, within the greeting's delay or later, is treated
as on any other listener, but for a name that it can't have: in text it is asked again.
"""

import weakref

from broadcast.base.values import plural
from broadcast.protocol import sanitize
from broadcast.protocol.dialects import TEXT
from broadcast.protocol.events import Bye, Error, Notice
from broadcast.room.directory import When
from broadcast.room.roster import NameRefusedError
from broadcast.session import commands
from broadcast.session.handshake import Introduction
from broadcast.session.interfaces import ISession
from broadcast.session.states import State


class Question:
    """The question for its name that a client has not answered yet.

    Args:
        session: the client's session.

    Attributes:
        has_begun_line: a prompt is the last that was written, and has no line end.
    """

    __slots__ = ("__weakref__", "_session", "has_begun_line")

    def __init__(self, session: ISession) -> None:
        self._session = session
        self.has_begun_line = False

    def take(self, line: str, said: Introduction) -> bool:
        """Take a line that is no introduction; tell whether it is a name.

        Args:
            line: the line.
            said: the function that takes the name, which may still be refused.
        """
        self.has_begun_line = False
        word = line.partition(" ")[0].lower()
        if word in ("/quit", "/exit"):
            self._session.close(Bye("quit", "Bye"), When.NOW)
        elif word == "/help":
            self.ask(Notice(commands.HELP))
        elif line.startswith("/"):
            message = "say what you are called first"
            self.ask(Error("bad-name", sanitize.mend(word[1:])[:32], message))
        else:
            said.wanted = (line.strip(" "), None)
            return True
        return False

    def is_answered(self, said: Introduction) -> bool:
        """Tell whether the client may join; if it may not, ask it for its name.

        A client that has introduced itself in any way may join without a name. If its
        name can't be had, the error is sent now.
        """
        if said.mended is not None or said.dialect is not TEXT:
            return True
        if said.wanted is not None and (refused := self._refusal(*said.wanted)):
            said.answers.append(refused)
        if not said.answers and (said.has_begun or said.wanted is not None):
            return True
        if said.answers or self._session.state is not State.NAMING:
            self.ask(*said.answers)
        said.begin_again()
        return False

    def ask(self, *answers: Error | Notice) -> None:
        """Send the prompt, after what there is to say of the line before."""
        session = self._session
        room, subscription = session.room, session.subscription
        if session.state is not State.NAMING:
            session.move(State.NAMING)
            room.deadlines.add(weakref.ref(self))
        for answer in answers:
            if isinstance(answer, Error):
                room.stats.refused[answer.code] += 1
            subscription.tell(answer)
        if prompt := room.settings.name_prompt.encode():
            is_framed = subscription.writer.framing is not None
            subscription.put(prompt + b"\n" if is_framed else prompt)
            self.has_begun_line = not is_framed
        subscription.writer.wake()

    def expire(self) -> bool:
        """Close: the time for an answer is over; False: there is one, or it is gone."""
        session = self._session
        if session.state is not State.NAMING:
            return False
        seconds = plural(session.room.settings.login_timeout, "second")
        session.close(Bye("login-timeout", f"no name in {seconds}"), When.NOW)
        return True

    def _refusal(self, raw: str, key: str | None) -> Error | None:
        try:
            self._session.room.roster.wanted(raw, key, self._session.member)
        except NameRefusedError as refused:
            return Error(refused.code, "name", refused.message)
        return None
