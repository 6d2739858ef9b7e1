"""What a unit hides from its service: namespaces and mounts, without systemd.

For root, and for a process that becomes the service: ``ProtectSystem=strict``,
``ProtectHome``, ``PrivateTmp``, ``PrivateDevices``, ``ProtectProc=invisible``,
``ProcSubset=pid``, ``PrivateIPC``, ``ProtectHostname``, the service's own three
directories, ``PrivateUsers`` and ``User``.
"""

import ctypes
import os
from pathlib import Path

NOBODY = 65534
"""The user and group that the service has here: there is no ``broadcast``."""

OWN = ("/var/lib/broadcast", "/var/log/broadcast", "/run/broadcast")
_EMPTY = ("/home", "/root", "/run", "/var/lib", "/var/log")
_PRIVATE = ("/tmp", "/var/tmp")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER = 0x20000, 0x4000000, 0x8000000, 0x10000000
RDONLY, NOSUID, NODEV, REMOUNT, BIND = 1, 2, 4, 32, 4096
_REC, _PRIVATE_MOUNT = 16384, 1 << 18


def _called(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _unshare(flags: int) -> None:
    _called(ctypes.CDLL(None, use_errno=True).unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Call mount(2)."""
    words = (source.encode(), target.encode(), kind.encode(), flags, data.encode())
    lib = ctypes.CDLL(None, use_errno=True)
    lib.mount.argtypes = [
        *(ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p),
        *(ctypes.c_ulong, ctypes.c_char_p),
    ]
    _called(lib.mount(*words), f"mount {target}")


def seclude(keep: list[Path]) -> None:
    """Hide from this process what the unit hides; show ``keep``, to be read only."""
    here = Path.cwd()
    _unshare(_NEWNS | _NEWUTS | _NEWIPC)
    mount("none", "/", "", _REC | _PRIVATE_MOUNT)
    kept = {path: os.open(path, os.O_PATH) for path in sorted(set(keep))}
    devices = {name: os.open(f"/dev/{name}", os.O_PATH) for name in _DEVICES}
    mount("none", "/", "", REMOUNT | BIND | RDONLY)
    mount("none", "/sys", "", REMOUNT | BIND | RDONLY)
    hidden = [path for path in (*_EMPTY, *_PRIVATE) if Path(path).is_dir()]
    for path in hidden:
        mode = "mode=1777" if path in _PRIVATE else "mode=755"
        mount("tmpfs", path, "tmpfs", NOSUID | NODEV, mode)
    for folder, number in kept.items():
        if any(folder.is_relative_to(place) for place in hidden):
            show(folder, number, is_folder=True)
            mount("none", str(folder), "", REMOUNT | BIND | RDONLY)
    mount("tmpfs", "/dev", "tmpfs", NOSUID, "mode=755")
    for name, number in devices.items():
        show(Path("/dev", name), number, is_folder=False)
    mount("proc", "/proc", "proc", NOSUID | NODEV, "hidepid=invisible,subset=pid")
    for own in OWN:
        Path(own).mkdir()
        os.chown(own, NOBODY, NOBODY)
    for number in (*kept.values(), *devices.values()):
        os.close(number)
    os.chdir(here)


def show(path: Path, number: int, is_folder: bool) -> None:
    """Let what ``number`` has opened be at ``path`` again."""
    if is_folder:
        path.mkdir(parents=True, exist_ok=True)
    else:
        path.touch()
    mount(f"/proc/self/fd/{number}", str(path), "", BIND | _REC)


def become_nobody() -> None:
    """Be a user without rights, in a user namespace that knows but it and root."""
    asked, answered = os.pipe()
    mine = os.getpid()
    if (child := os.fork()) == 0:
        os.read(asked, 1)
        for name in ("gid_map", "uid_map"):
            lines = f"0 0 1\n{NOBODY} {NOBODY} 1\n"
            Path(f"/proc/{mine}/{name}").write_text(lines)
        os._exit(0)
    _unshare(_NEWUSER)
    os.write(answered, b"x")
    if os.waitpid(child, 0)[1] != 0:
        raise OSError("the user namespace can't be made")
    os.close(asked)
    os.close(answered)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    os.umask(0o077)
