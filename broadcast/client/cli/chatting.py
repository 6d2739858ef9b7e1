"""``bcast-client connect`` at a terminal: a name, the files, a chat made of them."""

import dataclasses
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial

from broadcast.client import events as ev
from broadcast.client.address import NO_HOST
from broadcast.client.cli.config import file_for, name_on_this_machine, state_path
from broadcast.client.core.options import Options
from broadcast.client.core.requests import Profile
from broadcast.client.core.words import why_no_name
from broadcast.client.io.asyncio import is_unknown
from broadcast.client.io.descriptors import complain
from broadcast.client.io.runner import Exit, reason_for
from broadcast.client.io.stdio import Printer, read_lines
from broadcast.client.ui.chat import Chat
from broadcast.client.ui.display import Display
from broadcast.client.ui.meaning import Local, interpret
from broadcast.client.ui.remembered import Remembered
from broadcast.protocol.names import is_word

PATIENCE = 0.3
"""Seconds for a name server to say that there is no such host, before the person is
asked for a name that would be of no use."""

DUMB = ("", "dumb", "unknown")
"""Terminals that know no control sequences, and those of which nothing is known."""


async def run_chat(options: Options) -> int:
    """Ask for a name, unless one is given, and chat; the exit code."""
    if is_dumb(os.environ):
        options = dataclasses.replace(options, plain=True)
    plain: tuple[AsyncIterator[list[str]], Printer] | None = None
    if options.plain:
        plain = read_lines(0), Printer(1, _nothing, _nothing)
    ask = partial(_ask_plainly, *plain) if plain else _ask_at_prompt
    name = options.name
    if name is None and await is_unknown(options.address, PATIENCE):
        lost = ev.Lost(NO_HOST, None, "cannot-connect")
        complain(reason_for(lost, options.address, options.sections))
        return Exit.CANNOT_CONNECT
    name = name or await ask_name(ask)
    if not name:
        return Exit.INTERRUPTED if name is None else Exit.DONE
    profile = Profile(
        name=name, secret=options.secret, history=options.history, roster=True
    )
    folder = state_path(os.environ)
    notes: list[str] = []
    remembered = Remembered(
        file_for("settings", options.address, folder), lambda text: note(text)
    )
    note = notes.append
    display: Display
    if plain:
        from broadcast.client.ui.plain import PlainScreen, switch_echo

        display = PlainScreen(*plain, switch_echo)
    else:
        from broadcast.client.ui.completer import RoomCompleter
        from broadcast.client.ui.history import typed_lines
        from broadcast.client.ui.screen import Screen

        completer = RoomCompleter()
        display = Screen(completer=completer)
        path = file_for("history", options.address, folder)
        display.history = typed_lines(path, lambda text: note(text))
        completer.names = lambda: chat.session.roster.names - {chat.session.name}
    chat = Chat(options, profile, display, remembered)
    note = chat.note
    for text in notes:
        chat.note(text)
    return await chat.run()


def is_dumb(environ: Mapping[str, str], os_name: str = os.name) -> bool:
    """Whether the terminal knows no control sequences."""
    usual = "" if os_name == "posix" else "console"  # Windows sets no TERM
    return environ.get("TERM", usual).lower() in DUMB


async def ask_name(ask: Callable[[str], Awaitable[str | None]]) -> str | None:
    """The name to use, asked for at the terminal; None is a refusal, "" is /quit."""
    usual = name_on_this_machine()
    question = f"Your name [{usual}]: "
    while (answer := await ask(question)) is not None:
        name = answer.strip() or usual
        if interpret(name) == Local("quit", "") and name.startswith("/"):
            return ""
        if is_word(name):
            return name
        question = f"{why_no_name(name)}\nYour name [{usual}]: "
    return None


async def _ask_at_prompt(question: str) -> str | None:
    from prompt_toolkit import PromptSession

    session: PromptSession[str] = PromptSession()
    try:
        return await session.prompt_async(question)
    except (KeyboardInterrupt, EOFError):
        return None


async def _ask_plainly(
    lines: AsyncIterator[list[str]], printer: Printer, question: str
) -> str | None:
    printer.write(question)
    async for found in lines:
        return found[0]
    return None


def _nothing(*_: object) -> None:
    pass
