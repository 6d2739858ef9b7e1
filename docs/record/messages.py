"""The messages of the programs to people, collected from their sources.

A source is a file, and the names of the calls there whose argument is a message. What a
program puts into a message is a word in capitals on the page. Each message has the form
``what happened; what to do``, and the page has these two as columns.
"""

import ast
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "messages.md"


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and the calls there whose argument is a message.

    Attributes:
        file: the file.
        calls: names of functions that take a message, of keys with one as value, and of
            functions that return one.
        form: how the program prints it: {} is the message.
    """

    file: str
    calls: frozenset[str]
    form: str = "{}"


def _source(file: str, *calls: str, form: str = "{}") -> Source:
    return Source(f"broadcast/{file}", frozenset(calls), form)


_FILES: Final = _source("base/files.py", "_refusal", form="can't read FILE: {}")


_OUTPUT: Final = _source("base/output.py", "_unwritable")


def _behind_option(source: Source) -> Source:
    return replace(source, form=f"--OPTION: {source.form}")


_CONNECT: Final = "can't connect to SERVER: {}"
_INPUT: Final = "can't read standard input: {}"
_OF_STORE: Final = "--store: {}"
_LISTEN: Final = "can't listen on ENDPOINT: {}"
_STORE: Final = (
    _source("store/database.py", "StoreError", "InUseError"),
    _source("store/rows.py", "TooNewError", "DamagedError"),
)
_SECRETS: Final = _source("auth/passwords.py", "FileError")
_BANS: Final = _source("auth/bans.py", "FileError")

SOURCES: Final[Mapping[str, Sequence[Source]]] = MappingProxyType(
    {
        "bcastd": (
            _source("command_line.py", "UsageError", form="{}; see --help"),
            _source("command_line.py", "refusal", "SettingError"),
            _source("program.py", "UsageError", form="{}; see --help"),
            _source("options.py", "ValueError"),
            _source("sources.py", "append", "SettingError"),
            _source("sources.py", "ValueError", form="--OPTION: {}"),
            _source("sources.py", "_fault_of", form="--config: FILE{}"),
            _source("base/values.py", "ValueError", form="--OPTION: {}"),
            _source("base/files.py", "ValueError", form="--OPTION: {}"),
            _source("protocol/origins.py", "ValueError", form="--OPTION: {}"),
            _source("protocol/roles.py", "RoleError", form="--OPTION: {}"),
            _source("limits.py", "ValueError", form="--max-members: {}"),
            _source("tap.py", "refusal"),
            _source("check.py", "refusal"),
            _source("check.py", "_why_unwritable", form="--OPTION: FILE: {}"),
            _source("net/listeners.py", "ValueError", form=_LISTEN),
            _source("net/listeners.py", "why_not", form=_LISTEN),
            _source("net/parsing.py", "ValueError", "_fault_of", form=_LISTEN),
            _source("auth/policy.py", "ValueError"),
            _source("auth/checkers.py", "AuthError", form="--auth: {}"),
            *map(_behind_option, (_FILES, _SECRETS, _BANS, *_STORE)),
            _source("store/journal.py", "StoreError", form=_OF_STORE),
            _source("store/nats.py", "StoreError"),
            _source("store/streams.py", "StoreError"),
            _source("store/share.py", "_difference", form="--nats: {}"),
        ),
        "bcast-client": (
            _source("client/address.py", "AddressError"),
            _source("client/cli/config.py", "_reason", form="FILE: {}"),
            _source("client/cli/config.py", "ConfigError"),
            _source("client/cli/arguments.py", "error"),
            _source("client/cli/main.py", "complain"),
            _source("client/cli/send.py", "complain"),
            _source("client/cli/tail.py", "complain", "ClientError", "end"),
            _source("client/core/option.py", "ValueError", form="--OPTION: {}"),
            _source("client/core/values.py", "ValueError", form="--OPTION: {}"),
            _source(
                "client/events.py", "ValueError", form="argument --since: VALUE: {}"
            ),
            _source("client/io/runner.py", "complain", "end", "reason_for"),
            _source("client/io/runner.py", "_with_hint", form=_CONNECT),
            _source("client/io/runner.py", "lost", form="{}; trying again in N s"),
            _source("client/io/stdio.py", "ValueError", form=_INPUT),
            _source("client/io/websocket.py", "CannotConnectError"),
        ),
        "bcast-admin": (
            _OUTPUT,
            _source("admin/cli.py", "AdminError", "error"),
            _source("admin/commands.py", "CommandRefusedError", "error"),
            _source("admin/actions.py", "CommandRefusedError", "warning", "_unsaved"),
            _source("admin/server.py", "error"),
            _source("auth/bans.py", "BanError"),
        ),
        "bcast-passwd": (
            _source("auth/passwd.py", "PasswordError", "print"),
            _SECRETS,
            _FILES,
        ),
        "bcast-store": (
            _OUTPUT,
            _source("store/tools.py", "StoreError", "append"),
            _source("store/redaction.py", "StoreError"),
            _source("store/tools.py", "_hint", form="FILE: WHY; {}"),
            *_STORE,
            _source("store/cli.py", "ValueError"),
        ),
    }
)


HINTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "bcastd": ("broadcast.net.listeners", _LISTEN),
        "bcast-client": ("broadcast.client.io.runner", _CONNECT),
    }
)
"""Modules with a dictionary ``_HINTS``, why → what to do, and the message's form."""

NOTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "SERVER refused: WHY": "ask the admin of that server",
        "a line was refused: WHY: LINE": "correct that line, and say it again",
        "LINES may be said twice": "nothing: `--on-doubt resend` says so",
        "LINES may have been said or not": "look with `tail`, then say them again",
        "LINES not said": "say them again",
        "not said: LINE": "say it again",
        "perhaps said twice: LINE": "nothing: `--on-doubt resend` says so",
        "said or not, nobody can tell: LINE": "look with `tail`, then say it again",
    }
)
"""What to do after a message that has no room for it: a line is in it."""

AS_SAID: Final = "as the message says"
"""What to do, where that differs from one time to the next."""

PARSERS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "bcastd": (
            "option --OPTION must not have an argument; see --help",
            "option --OPTION not recognized; see --help",
            "option --OPTION requires argument; see --help",
        ),
    }
)
"""Messages of Python's own parser of options."""

_WORDS: Final = (
    (r"count_of", "LINES"),
    (r"told", "FILE: WHY"),
    (r"plural", "N members"),
    (r"missing.name", "MODULE"),
    (r"_where|where|server|address|first", "SERVER"),
    (r"path|file\b|copy|PATH", "FILE"),
    (r"number|MAX_|MIN_|SIZE|count|\bhere\b|limit|FEWEST|lineno|most|least_", "N"),
    (r"error\b|why|reason|problem|in_words|message|strerror|text or code", "WHY"),
    (r"option|each.key", "OPTION"),
    (r"variable", "VARIABLE"),
    (r"scheme", "tcp"),
    (r"usage", "COMMAND"),
    (r"whom|\bkey\b", "HOST"),
    (r"row|last|\bids\b", "N"),
    (r"section", "SECTION"),
    (r"name|raw|NAME", "NAME"),
    (r"room", "ROOM"),
    (r"line", "LINE"),
    (r"\bnow\b", "VERSION"),
    (r"\bleast\b", "N"),
    (r"kind", "TYPE"),
    (r"\bmore\b", ""),
    (r"hint", AS_SAID),
)
"""What stands for a value, by what is in its expression."""


_HAS_WORDS: Final = re.compile(r"(?<![-\w])[a-z']{3,}")
"""A text without words only passes on another message."""

_PASSED_ON: Final = re.compile(r"(--OPTION: )?(VALUE|WHY)(;|, or all|$)")
"""A text that only adds to another message."""


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """A message: what happened, and what to do; empty where it doesn't say that."""

    happened: str
    to_do: str


def messages_of(program: str) -> list[Message]:
    """Return the messages of a program, each once, in order."""
    texts = {
        text
        for source in SOURCES[program]
        for text in _messages_in(source)
        if not _PASSED_ON.match(text)
    }
    texts |= set(PARSERS.get(program, ()))
    if program in HINTS:
        module, form = HINTS[program]
        for why, hint in import_module(module)._HINTS.items():
            reason = os.strerror(why).lower() if why and type(why) is int else why
            reason = reason or "WHY"
            texts.add(form.format(f"{reason}; {hint}"))
    found = sorted(map(_divided, texts))
    explained = {each.happened for each in found if each.to_do}
    return [each for each in found if each.to_do or each.happened not in explained]


def table(program: str) -> str:
    """Return the table of a program's messages, as the page has it."""
    rows = [
        f"| `{each.happened}` | {each.to_do} |".replace("T|N", "T\\|N")
        for each in messages_of(program)
    ]
    return "\n".join(["| what happened | what to do |", "|---|---|", *rows])


def rewritten(text: str) -> str:
    """Return the text of the page with the tables as they are now."""

    def put(found: re.Match[str]) -> str:
        return f"{found[1]}\n{table(found[2])}\n\n"

    place = r"(<!-- messages: ([\w-]+) -->\n).*?(?=^#|\Z)"
    return re.sub(place, put, text, flags=re.DOTALL | re.MULTILINE).rstrip() + "\n"


def pattern(message: Message) -> re.Pattern[str]:
    """Return what matches the message with any values in it."""
    known = message.happened in NOTES
    to_do = "" if known or not message.to_do else f"; {message.to_do}"
    to_do = to_do.replace(AS_SAID, "WHY")
    parts = re.split(r"[A-Z]{4,}|\bN\b|\bWHY\b", message.happened + to_do)
    return re.compile(".*".join(map(re.escape, parts)), re.DOTALL)


def _divided(text: str) -> Message:
    happened, _, to_do = text.partition("; ")
    return Message(happened, to_do or NOTES.get(happened, ""))


@cache
def _parsed(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text("utf-8"))


def _messages_in(source: Source) -> Iterator[str]:
    """Yield the messages of a source, as the program prints them."""
    file, calls = source.file, source.calls
    for function in ast.walk(_parsed(file)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        hints = list(_assigned(function))
        for node in ast.walk(function):
            match node:
                case ast.Call(func=called, args=given):
                    name = ast.unparse(called).rpartition(".")[2]
                    parts = given if name in calls else []
                case ast.Dict(keys=keys, values=given):
                    pairs = zip(keys, given, strict=True)
                    parts = [value for key, value in pairs if _word(key) in calls]
                case ast.Assign(targets=[ast.Subscript(slice=key)], value=value):
                    parts = [value] if _word(key) in calls else []
                case ast.Return(value=ast.expr() as value):
                    parts = [value] if function.name in calls else []
                case _:
                    continue
            for text in _told(file, parts, hints):
                yield source.form.format(text)


def _word(key: ast.expr | None) -> str:
    return str(key.value) if isinstance(key, ast.Constant) else ""


def _told(
    file: str, parts: Iterable[ast.expr], hints: Sequence[tuple[int, str, ast.expr]]
) -> Iterator[str]:
    texts = [_text(file, part, hints) for part in parts]
    if len(texts) == 3 and texts[2]:  # path, why, hint
        texts = [f"{texts[1] or 'WHY'}; {texts[2]}"]
    for text in texts:
        if text and _HAS_WORDS.search(text):
            yield text.removeprefix("bcast-passwd: ")


def _assigned(function: ast.AST) -> Iterator[tuple[int, str, ast.expr]]:
    """Yield the line, the name and the value of each text that a function assigns."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield node.lineno, name, value


def _text(
    file: str, node: ast.expr, hints: Sequence[tuple[int, str, ast.expr]]
) -> str | None:
    """Return the text of a node, with words for values; None if it has none."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_text(file, value, hints) or "" for value in values)
        case ast.FormattedValue(value=value):
            return _value(file, value, hints)
        case ast.IfExp(body=body, orelse=other):
            return _text(file, body, hints) or _text(file, other, hints)
        case ast.Name(id=name) if isinstance(_constant(file, name), str):
            return str(_constant(file, name))
        case ast.Name(id=name):
            near = [h for h in hints if h[1] == name and h[0] < node.lineno]
            return _text(file, near[-1][2], hints) if near else None
    return None


def _value(
    file: str, node: ast.expr, hints: Sequence[tuple[int, str, ast.expr]]
) -> str:
    """Return what stands for a value: a constant itself, or a word in capitals."""
    if isinstance(node, ast.Name):
        constant = _constant(file, node.id)
        if isinstance(constant, str | int):
            return str(constant)
        if text := _text(file, node, hints):
            return text
    source = ast.unparse(node)
    words = (word for inside, word in _WORDS if re.search(inside, source))
    return next(words, "VALUE")


def _constant(file: str, name: str) -> object:
    """Return a constant of a module, if it has one of that name."""
    module = import_module(file.removesuffix(".py").replace("/", "."))
    return getattr(module, name, None) if name.isupper() else None
