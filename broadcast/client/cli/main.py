"""The ``bcast-client`` command: from a command line to an exit code.

On plain asyncio, without Twisted: that takes a third of the time to start, and the
selector loop is the one that works for terminals and sockets on every platform.
"""

import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence

from broadcast.client.cli.config import parse_options
from broadcast.client.core.options import Options
from broadcast.client.io.stdio import is_terminal, take_standard_numbers


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; the exit code comes back. docs/client.md lists them."""
    take_standard_numbers()
    options = parse_options(sys.argv[1:] if argv is None else argv, os.environ)
    from broadcast.client.errors import CannotConnectError
    from broadcast.client.io.descriptors import (
        CANT_WRITE,
        ELSEWHERE,
        complain,
        write_all,
    )
    from broadcast.client.io.runner import Exit

    if options.command == "completion":
        from broadcast.client.cli.completion import script_for

        try:
            write_all(1, script_for(options.shell).encode())
        except BrokenPipeError:
            return Exit.DONE
        except OSError as problem:
            complain(f"{CANT_WRITE}: {problem.strerror}; {ELSEWHERE}")
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
        from broadcast.client.cli.chatting import run_chat

        return run_chat(options)
    from broadcast.client.cli.tail import run_pipe, run_tail

    return run_tail(options) if options.command == "tail" else run_pipe(options)


if __name__ == "__main__":
    sys.exit(main())
