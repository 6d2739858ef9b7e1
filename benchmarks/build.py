"""Compiles the load generator and the limit, when their sources have changed."""

import shutil
import subprocess
from pathlib import Path

NATIVE = Path(__file__).parent / "native"
BIN = Path(__file__).parent / "bin"
LOAD = BIN / "load"
LIMIT = BIN / "limit"
_PARTS = {LIMIT: ["limit"], LOAD: ["load", "net", "wire", "check", "measure"]}
_FLAGS = ["-O2", "-Wall", "-Wextra"]


def compiler() -> str | None:
    """Return the C compiler's path, or None where there is none."""
    return shutil.which("cc")


def build() -> None:
    """Make ``LOAD`` and ``LIMIT``.

    Raises:
        SystemExit: there is no C compiler.
    """
    cc = compiler()
    if cc is None:
        raise SystemExit("a C compiler is needed: apt-get install gcc libc6-dev")
    BIN.mkdir(exist_ok=True)
    newest = max(path.stat().st_mtime for path in NATIVE.iterdir())
    for program, parts in _PARTS.items():
        if program.exists() and program.stat().st_mtime > newest:
            continue
        sources = [str(NATIVE / f"{part}.c") for part in parts]
        subprocess.run([cc, *_FLAGS, "-o", str(program), *sources], check=True)
