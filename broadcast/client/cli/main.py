"""The ``bcast-client`` command: from a command line to an exit code.

On plain asyncio, without Twisted: that takes a third of the time to start, and the
selector loop is the one that works for terminals and sockets on every platform.
"""

import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence

from broadcast.client.cli.config import parse_options
from broadcast.client.cli.stdio import is_terminal, take_standard_numbers
from broadcast.client.core.options import Options


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; the exit code comes back. docs/client.md lists them."""
    take_standard_numbers()
    options = parse_options(sys.argv[1:] if argv is None else argv, os.environ)
    from broadcast.client.errors import CannotConnectError
    from broadcast.client.io.descriptors import complain, write_all
    from broadcast.client.io.runner import Exit

    if options.command == "completion":
        from broadcast.client.cli.completion import script_for

        try:
            write_all(1, script_for(options.shell).encode())
        except BrokenPipeError:
            return Exit.DONE
        except OSError as problem:
            complain(f"stdout: {problem.strerror}")
            return Exit.FAILED
        return Exit.DONE
    try:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            return runner.run(_run(options))
    except CannotConnectError as problem:
        complain(str(problem))
        return Exit.CANNOT_CONNECT
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def _run(options: Options) -> Coroutine[object, object, int]:
    """The command's coroutine. Only the modules of that command are imported."""
    if options.command == "send":
        from broadcast.client.cli.send import run_send

        return run_send(options)
    is_attended = is_terminal(sys.stdin) and is_terminal(sys.stdout)
    if options.command == "connect" and is_attended:
        return run_chat(options)
    from broadcast.client.cli.tail import run_pipe, run_tail

    return run_tail(options) if options.command == "tail" else run_pipe(options)


async def run_chat(options: Options) -> int:
    """``bcast-client connect`` at a terminal: asks for a name, then chats."""
    from broadcast.client.cli.config import file_for, state_path
    from broadcast.client.core.requests import Profile
    from broadcast.client.io.runner import Exit
    from broadcast.client.ui.chat import Chat
    from broadcast.client.ui.history import typed_lines
    from broadcast.client.ui.screen import RoomCompleter, Screen

    name = options.name
    if name is None:
        name = await ask_name()
        if name is None:
            return Exit.INTERRUPTED
    profile = Profile(
        name=name, secret=options.secret, history=options.history, roster=True
    )
    completer = RoomCompleter()
    file = file_for("history", options.address, state_path(os.environ))
    screen = Screen(completer=completer)
    chat = Chat(options, profile, screen)
    screen.history = typed_lines(file, chat.note)
    completer.names = lambda: chat.session.roster.names - {chat.session.name}
    return await chat.run()


async def ask_name() -> str | None:
    """The name to use, asked for at the terminal; None is a refusal."""
    from prompt_toolkit import PromptSession

    from broadcast.client.cli.config import name_on_this_machine
    from broadcast.client.core.words import why_no_name
    from broadcast.protocol.names import is_word

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
        print(why_no_name(name))


if __name__ == "__main__":
    sys.exit(main())
