"""The program in docs/client.md is run."""

import subprocess
import sys
from pathlib import Path

from tests.support.client.daemon import Daemon

DOCS = Path(__file__).parents[3] / "docs" / "client.md"


def test_the_documented_program_runs(daemon: Daemon, tmp_path: Path) -> None:
    """The example for Python programs says hi and hears it, as it stands."""
    example = DOCS.read_text("utf-8").partition("```python\n")[2].partition("```")[0]
    program = tmp_path / "robot.py"
    program.write_text(example)
    done = subprocess.run(
        [sys.executable, program, f"tcp://127.0.0.1:{daemon.port}"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("robot hi\n", "")
    assert done.returncode == 0
