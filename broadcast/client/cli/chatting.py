"""Begins a chat at the terminal: asks for a name, puts the parts together, runs it."""

import os

from broadcast.client.cli.config import Options
from broadcast.client.cli.sources import name_on_this_machine, state_path
from broadcast.client.core.wish import Wish
from broadcast.client.io.runner import Exit
from broadcast.client.naming import RULE, is_word
from broadcast.client.ui.chat import Chat
from broadcast.client.ui.complete import RoomCompleter
from broadcast.client.ui.remember import typed_lines
from broadcast.client.ui.screen import Screen


async def run_chat(options: Options) -> int:
    """`bcast-client connect` at a terminal."""
    name = options.name
    if name is None:
        name = await ask_name()
        if name is None:
            return Exit.INTERRUPTED
    wish = Wish(name=name, secret=options.secret, history=options.history, roster=True)
    completer = RoomCompleter()
    history = typed_lines(state_path(os.environ), options.address)
    chat = Chat(options, wish, Screen(completer=completer, history=history))
    completer.names = lambda: chat.session.roster.names - {chat.session.name}
    return await chat.run()


async def ask_name() -> str | None:
    """The name to use, asked for at the terminal; None is a refusal."""
    from prompt_toolkit import PromptSession

    session: PromptSession[str] = PromptSession()
    usual = name_on_this_machine()
    while True:
        try:
            answer = await session.prompt_async(f"Your name [{usual}]: ")
        except (KeyboardInterrupt, EOFError):
            return None
        name = answer.strip() or usual
        if is_word(name):
            return name
        print(RULE)
