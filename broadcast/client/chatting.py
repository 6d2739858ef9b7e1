"""Begins a chat at the terminal: asks for a name, puts the parts together, runs it."""

import os

from broadcast.client.chat import Chat
from broadcast.client.complete import RoomCompleter
from broadcast.client.config import name_on_this_machine, state_path
from broadcast.client.naming import RULE, is_word
from broadcast.client.options import Options
from broadcast.client.remember import typed_lines
from broadcast.client.screen import Screen
from broadcast.client.script import Exit
from broadcast.client.wish import Wish


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
