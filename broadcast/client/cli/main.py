"""The `bcast-client` command: from a command line to an exit code.

On plain asyncio, without Twisted: that takes a third of the time to start, and the
selector loop is the one that works for terminals and sockets on every platform.
"""

import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence

from broadcast.client.cli.config import Options, parse_options


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; the exit code comes back. docs/client.md lists them."""
    options = parse_options(sys.argv[1:] if argv is None else argv, os.environ)
    from broadcast.client.errors import CannotConnectError
    from broadcast.client.io.runner import Exit, complain

    if options.command == "completion":
        from broadcast.client.cli.completion import script_for

        try:
            with open(1, "w", encoding="utf-8", closefd=False) as stdout:
                stdout.write(script_for(options.shell))
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
    """The command's coroutine; only what it needs is imported."""
    if options.command == "send":
        from broadcast.client.cli.send import run_send

        return run_send(options)
    if options.command == "connect" and sys.stdin.isatty() and sys.stdout.isatty():
        from broadcast.client.cli.chatting import run_chat

        return run_chat(options)
    from broadcast.client.cli.tail import run_pipe, run_tail

    return run_tail(options) if options.command == "tail" else run_pipe(options)


if __name__ == "__main__":
    sys.exit(main())
