"""The introduction: what a connection may say of itself before it joins.

The leading run of ``/format``, ``/name`` and ``/login`` lines. The answers wait
for the greeting, since whoever asked for json reads nothing before it.
"""

import re

from broadcast.protocol.dialects import TEXT, Dialect
from broadcast.protocol.events import Error, Notice
from broadcast.session import commands

MAX_LINES = 16
"""Lines after which an introduction is over."""

_CONNECT = re.compile(r"CONNECT (.*)", re.DOTALL)
_NAMED = re.compile(r"__name__:(.*)", re.DOTALL)


class Introduction:
    """What is known of somebody who has not joined yet.

    Attributes:
        dialect: as asked for.
        wanted: name and key, as asked for.
        mended: a name of another protocol's, which is made good.
        is_connect: introduced by ``CONNECT``: the answer begins with SUCCESS.
        is_named: introduced by ``__name__:``: own lines come back.
        answers: what there is to say after the greeting.
    """

    __slots__ = (
        "_lines",
        "answers",
        "dialect",
        "is_connect",
        "is_named",
        "mended",
        "wanted",
    )

    def __init__(self) -> None:
        self.dialect: Dialect = TEXT
        self.wanted: tuple[str, str | None] | None = None
        self.mended: str | None = None
        self.is_connect = False
        self.is_named = False
        self.answers: list[Error | Notice] = []
        self._lines = 0

    def take(self, line: str) -> bool:
        """Take ``line`` if it belongs to an introduction; tell whether it does."""
        self._lines += 1
        if self._lines == 1 and self._take_foreign(line):
            return True
        word, _, argument = line.partition(" ")
        name = word.lower()
        if self._lines > MAX_LINES or name not in (
            "/format",
            "/name",
            "/nick",
            "/login",
        ):
            return False
        try:
            self.take_command(name, argument)
        except commands.CommandError as refused:
            self.answers.append(commands.error_for(name[1:], refused))
        return True

    @property
    def is_whole(self) -> bool:
        """It can't go on: it was one of another protocol's."""
        return self.mended is not None

    def take_command(self, name: str, argument: str) -> None:
        """Take ``/format``, ``/name`` or ``/login``.

        Raises:
            CommandError: it is wrong.
        """
        if name == "/format":
            self.dialect = commands.parse_format(argument)
        elif name == "/login":
            raise commands.CommandError("bad-argument", "nobody has to log in here")
        else:
            self.wanted = commands.parse_name(argument)

    def _take_foreign(self, line: str) -> bool:
        if found := _CONNECT.fullmatch(line):
            self.is_connect = True
        elif found := _NAMED.fullmatch(line):
            self.is_named = True
        else:
            return False
        self.mended = found[1]
        return True
