"""How the programs are run: each on its own core, before the machine's other work."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

NICE = -8


def pinned(command: list[str], core: int) -> list[str]:
    """Return what runs ``command`` on one core, where that can be said."""
    return (
        ["taskset", "-c", str(core), *command] if shutil.which("taskset") else command
    )


def spawn(command: list[str], core: int, **streams: Any) -> "subprocess.Popen[bytes]":
    """Start ``command`` on ``core``, ahead of all else that runs, where we may.

    A session of its own: under Linux' autogroups (sched(7)) niceness counts inside a
    session only, so that it is the session that has to be preferred.
    """
    process = subprocess.Popen(
        pinned(command, core),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        **streams,
    )
    try:
        os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        Path(f"/proc/{process.pid}/autogroup").write_text(str(NICE))
    except OSError:
        pass  # it takes root, and a kernel that has them; runs are only noisier
    return process
