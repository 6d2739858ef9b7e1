"""Running `bcast-client` to its end, without a terminal."""

import os
import subprocess
import sys
from collections.abc import Mapping


def environment(home: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """A clean one: nothing of the person who runs the tests gets in."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("BCAST", "XDG_"))}
    for variable in ("NO_COLOR", "LOGNAME", "USERNAME"):
        keep.pop(variable, None)
    return keep | {"HOME": home, "USER": "tester"} | dict(extra or {})


def run_client(
    *arguments: str,
    home: str,
    stdin: str | bytes = b"",
    environ: Mapping[str, str] | None = None,
    seconds: float = 30,
) -> subprocess.CompletedProcess[str]:
    """What it printed, and its exit code."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [sys.executable, "-m", "broadcast.client.cli.main", *arguments],
        input=data,
        capture_output=True,
        env=environment(home, environ),
        timeout=seconds,
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )
