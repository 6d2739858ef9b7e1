"""Runs a command as the first process of a container, without an engine.

``unshare --pid --mount --fork python -m tests.support.image ROOT VOLUME COMMAND ...``,
as root. The root is read-only and has this Python with its libraries, our sources,
``/proc`` and three devices: no shell, nor anything else in ``/bin``. ``VOLUME`` is at
/var/lib/broadcast. The command is account 10001, without capabilities. The network is
this machine's.
"""

import os
import sys
from pathlib import Path

from tests.support.sandbox import drop_capabilities
from tests.support.seclusion import BIND, NODEV, NOSUID, RDONLY, REMOUNT, mount

ACCOUNT = 10001
_LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_DEVICES = ("null", "random", "urandom")


def _bind(path: Path, root: Path, flags: int = RDONLY) -> None:
    """Show a file or folder in the new root, at the same place."""
    target = root / path.relative_to("/")
    if path.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(str(path), str(target), "", BIND)
    mount("none", str(target), "", REMOUNT | BIND | flags)


def _links_of(program: Path) -> list[Path]:
    """Return the links that a program is found by."""
    found = []
    while program.is_symlink():
        found.append(program)
        program = program.parent / program.readlink()
    return [*found, program]


def make_root(root: Path, volume: Path) -> None:
    """Put the new root together."""
    mount("tmpfs", str(root), "tmpfs", NOSUID | NODEV, "mode=755")
    shown = [Path.cwd(), Path(sys.prefix)]
    if Path(sys.base_prefix) not in (Path("/"), Path("/usr")):
        shown.append(Path(sys.base_prefix))
    bound: list[Path] = []
    for path in map(Path, _LIBRARIES):
        if path.is_symlink():
            link = root / path.relative_to("/")
            link.symlink_to(path.readlink())
        elif path.is_dir():
            _bind(path, root)
            bound.append(path)
    for path in [path.resolve() for path in shown] + _links_of(Path(sys.executable)):
        if not any(path.is_relative_to(parent) for parent in bound):
            _bind(path, root)
            bound.append(path)
    for name in _DEVICES:
        _bind(Path("/dev", name), root, NOSUID)
    place = root / "var/lib/broadcast"
    place.mkdir(parents=True)
    os.chown(volume, ACCOUNT, ACCOUNT)
    mount(str(volume), str(place), "", BIND)
    (root / "proc").mkdir()
    mount("proc", str(root / "proc"), "proc", NOSUID | NODEV)
    mount("none", str(root), "", REMOUNT | BIND | RDONLY)


def main() -> None:
    """Become the command."""
    root, volume, *command = sys.argv[1:]
    make_root(Path(root), Path(volume))
    os.chroot(root)
    os.chdir("/var/lib/broadcast")
    drop_capabilities()
    os.setgroups([])
    os.setresgid(ACCOUNT, ACCOUNT, ACCOUNT)
    os.setresuid(ACCOUNT, ACCOUNT, ACCOUNT)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
