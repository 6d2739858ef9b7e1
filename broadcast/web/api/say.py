"""``POST /say``: lines from those that only want to say something.

The lines of a post are one run, so they are said together or not at all. The answer
waits for their commit. A post with an ``Idempotency-Key`` that has been said already is
answered as it was the first time.
"""

import json
from collections import deque
from functools import partial
from math import ceil
from typing import Any, ClassVar

from broadcast.base.work import SPARSE, IJob, Work
from broadcast.net.sockopts import peer_of
from broadcast.protocol import names
from broadcast.protocol.dialects import Speaker
from broadcast.room.member import Member
from broadcast.room.output import ClosedWriter
from broadcast.room.roster import NameRefusedError
from broadcast.session import commands
from broadcast.store.entries import Run
from broadcast.web.api.body import fields_of, is_json, lines_of, mended
from broadcast.web.api.endpoint import BUSY, Api, Endpoint
from broadcast.web.api.logins import Caller
from broadcast.web.api.query import last_of
from broadcast.web.door import RefusedError
from broadcast.web.http import headers

NAME = "http"
"""The name of posts that give none. Nobody else can have it."""


class Say(Endpoint):
    """The address that says what is posted."""

    methods: ClassVar = (b"POST", b"OPTIONS")
    parameters: ClassVar = ("name",)

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._large = OneByOne(api.connections.work)

    def render_POST(self, request: Any) -> int:
        """Say the lines of a post."""
        return self.begin(request)

    def serve(self, request: Any, caller: Caller) -> None:
        """Check a post and have its lines made safe, by turns."""
        room = self.api.connections.room
        text, name = bytes(request.body), None
        if is_json(request.kinds):
            text, name = fields_of(text)
        if name is None:
            name = last_of(request, b"name")
        token = _token_of(request)
        lines = lines_of(text, room.settings.max_line)
        request.body.clear()  # the lines take its place
        member = room.directory.new_member(peer_of(request.channel.transport), False)
        member.account = caller.folded
        spoken = self._name_for(member, name, caller)
        post = Post(self, request, caller, member, Speaker(spoken), token, lines)
        if len(text) <= SPARSE:
            room.work.add(post, is_fresh=True)
        else:
            self._large.add(post)

    def _name_for(self, member: Member, name: str | None, caller: Caller) -> str:
        """Return the name under which a post is said.

        Raises:
            RefusedError: it can't be that.
        """
        room = self.api.connections.room
        directory = room.directory
        if name is None:
            clean = caller.account or NAME
        else:
            try:
                room.roster.wanted(name, None, member)
            except NameRefusedError as refused:
                status = 400 if refused.code == "bad-name" else 409
                raise RefusedError(status, refused.message) from None
            clean = names.clean(name) or ""
        if (bye := directory.policy.turn_away("", clean)) is not None:
            raise RefusedError(403, bye.message)
        if room.store.state.is_muted(names.fold(clean), member.account):
            directory.stats.refused["muted"] += 1
            raise RefusedError(403, commands.silenced("muted").message)
        return clean


class OneByOne:
    """Jobs that are done one after another: a job.

    Safe text may take three times the bytes that it was made of. Of many large posts
    only one has any, and members can read what one says before the next is said.

    Args:
        work: the turns of the reactor.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._jobs: deque[IJob] = deque()

    def add(self, job: IJob) -> None:
        """Have ``job`` done after those that are here."""
        self._jobs.append(job)
        self._work.add(self)

    def step(self, until: float) -> bool:
        """Go on with the first one."""
        if self._jobs and not self._jobs[0].step(until):
            self._jobs.popleft()
        return bool(self._jobs)

    def abort(self) -> None:
        """End the first one, which has failed; go on with the others."""
        self._jobs.popleft().abort()
        self._work.add(self)


class Post:
    """A post whose lines are made safe, and then said: a job.

    Args:
        say: the address that it came to.
        request: the request.
        caller: its sender.
        member: says the lines, and never joins.
        speaker: the name that they are said under.
        token: its ``Idempotency-Key``; None without one.
        lines: its lines.
    """

    def __init__(
        self,
        say: Say,
        request: Any,
        caller: Caller,
        member: Member,
        speaker: Speaker,
        token: str | None,
        lines: list[bytes],
    ) -> None:
        self._say = say
        self._request = request
        self._caller = caller
        self._member = member
        self._speaker = speaker
        self._token = token
        self._count = len(lines)
        self._pieces = mended(lines)
        self._safe: list[bytes] = []
        self._room = say.api.connections.room
        self._subscription = self._room.subscribe(member)
        self._subscription.writer = Receipt()

    def step(self, until: float) -> bool:
        """Make some lines safe; after the last one, say them all."""
        if self._room.commits.is_clogged and not self._why_not:
            self._room.commits.wait(self)
            return False
        seconds = self._room.work.clock.seconds
        for piece in self._pieces:
            self._safe.append(piece)
            if seconds() >= until:
                return True
        channel = self._request.channel
        if channel and channel.is_waiting_for(self._request):
            try:
                safe, self._safe = self._safe, []
                self._conclude(b"".join(safe))
            except RefusedError as error:
                self._say.refuse(self._request, error)
        return False

    def abort(self) -> None:
        """Close the connection: a step has failed."""
        if self._request.channel:
            self._request.channel.abort()

    def _conclude(self, block: bytes) -> None:
        """Say the lines, or find that they have been said.

        Raises:
            RefusedError: they may not be said, or not now.
        """
        room, kept = self._room, self._kept_owner
        if (said := self._said(kept, block)) is not None:
            self._repeat(said, block)
            return
        self._check_pace()
        text, count = self._speaker.text(block)
        room.stats.bytes_in += len(block)
        run = room.say(self._member, self._speaker, text, count, self._token, kept)
        if self._token is not None:
            room.dedup.remember(kept or self._caller.owner, self._token, run)
        room.answer(self._subscription, partial(self._answer, run, {}))

    @property
    def _kept_owner(self) -> str | None:
        """The owner of the ``Idempotency-Key``, as the store keeps it.

        None for who has logged in with a secret alone: nothing made of that is written
        down.
        """
        caller, owner = self._caller, self._room.store.owner
        if caller.account:
            return owner("http account", names.fold(caller.account))
        if caller.owner is not None:
            return None
        return owner("http host", f"{names.fold(self._speaker.name)} {caller.host}")

    def _said(self, kept: str | None, block: bytes) -> Run | None:
        """Return what was said with its key; None if nothing was, or it has none.

        Where that is remembered and is no longer in the ring, it is taken for the same.
        """
        room, token = self._room, self._token
        if token is None:
            return None
        said = room.dedup.find(kept or self._caller.owner, token)
        if said is not None or kept is None:
            return said
        if (id := room.store.state.tokens.get((kept, token))) is None:
            return None
        if (said := room.log.run_at(id)) is not None:
            return said
        said = Run(self._member.session_id, self._speaker, *self._speaker.text(block))
        said.first = id
        return said

    def _repeat(self, said: Run, block: bytes) -> None:
        """Answer as the first time, if it is the same body.

        Raises:
            RefusedError: it is another one.
        """
        if said.speaker.text(block)[0] != said.text:
            message = "that Idempotency-Key was sent with another body"
            raise RefusedError(422, message)
        double = {"double": True}
        self._room.answer(self._subscription, partial(self._answer, said, double))

    @property
    def _why_not(self) -> str:
        """Why nothing can be saved just now; empty if it can."""
        keeper = self._room.keeper
        return keeper.why_stalled or keeper.why_away or keeper.why_cut_off

    def _check_pace(self) -> None:
        """Check ``--rate``, and that lines can be saved just now.

        Raises:
            RefusedError: it is too fast, or it doesn't.
        """
        room, settings = self._room, self._room.settings
        if self._why_not:
            raise RefusedError(503, "nothing can be saved just now: try again", BUSY)
        whose = self._caller.owner or self._caller.host
        wait = self._say.api.rates.wait_for(
            whose, self._count, settings.rate, settings.burst
        )
        if wait > 0:
            room.stats.refused["slowed"] += 1
            raise RefusedError(429, "that is too fast", max(1, ceil(wait)))

    def _answer(self, run: Run, more: dict[str, bool]) -> None:
        """Tell where the lines are: they are committed, or were left out."""
        if not run.first:
            error = RefusedError(403, commands.silenced("muted").message)
            if self._room.keeper.why_away:  # it may have been said, or not
                error = RefusedError(503, "the room is out of reach: try again", BUSY)
            self._say.refuse(self._request, error)
            return
        if run.token is None and self._token is not None:
            more = {"double": True}
        last = run.first + run.count - 1
        position = f"{self._room.store.epoch}:{last}"
        fields = {"position": position, "count": run.count} | more
        body = json.dumps(fields, separators=(",", ":")) + "\n"
        self._say.give(self._request, 200, "application/json", body.encode())


class Receipt(ClosedWriter):
    """The writer of a post: it reads nothing, and waits for an answer all the same."""


def _token_of(request: Any) -> str | None:
    found = headers(request, "Idempotency-Key")
    if not found:
        return None
    if len(found) != 1 or not names.is_token(found[0]):
        raise RefusedError(400, "an Idempotency-Key is 1 to 64 printable ASCII")
    return found[0]
