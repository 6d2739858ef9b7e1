"""Runs a command under what a unit's [Service] section forbids, without systemd.

``python -m tests.support.sandbox UNIT FOLDER:FOLDER... COMMAND ...``, as root.
Applied: what ``tests.support.seclusion`` hides, another user, the system-call
filter, address families, W^X memory, no capabilities, no new privileges, the limit
of descriptors. The folders can be read, wherever they are. Not applied: what the
kernel is only asked by arguments of calls (``RestrictNamespaces``,
``RestrictRealtime``, ``RestrictSUIDSGID``, ``LockPersonality``), the keyring, and the
cgroup's device policy.
"""

import ctypes
import errno
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

from tests.support.seclusion import become_nobody, seclude

_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_SET_MDWE = 24, 38, 65
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


class _Comparison(ctypes.Structure):
    _fields_ = [  # ctypes wants a list
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    ]


def directives(unit: Path) -> dict[str, list[str]]:
    """Return the values of each directive of ``[Service]``."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in unit.read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and line[0] not in "#;":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def calls_of(group: str) -> set[str]:
    """Return the system calls in one of systemd's groups."""
    if not group.startswith("@"):
        return {group}
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", group],
        capture_output=True,
        check=True,
        text=True,
    )
    words = [line.strip() for line in listed.stdout.splitlines()[1:]]
    names = [word for word in words if word and not word.startswith("#")]
    return set().union(*(calls_of(name) for name in names))


def allowed_calls(filters: list[str]) -> set[str]:
    """Return what is left of the calls after all lines of SystemCallFilter."""
    allowed = calls_of("@default")
    for line in filters:
        for group in line.removeprefix("~").split():
            if line.startswith("~"):
                allowed -= calls_of(group)
            else:
                allowed |= calls_of(group)
    return allowed


def filter_calls(allowed: set[str], families: list[str]) -> None:
    """Let the kernel refuse all other calls, and sockets of other families."""
    lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    lib.seccomp_init.restype = ctypes.c_void_p
    lib.seccomp_init.argtypes = [ctypes.c_uint32]
    lib.seccomp_rule_add_array.argtypes = [
        *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int),
        *(ctypes.c_uint, ctypes.POINTER(_Comparison)),
    ]
    lib.seccomp_load.argtypes = [ctypes.c_void_p]
    filter = lib.seccomp_init(_ERRNO | errno.EPERM)
    for name in sorted(allowed - {"socket"}):
        number = lib.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            lib.seccomp_rule_add_array(filter, _ALLOW, number, 0, None)
    number = lib.seccomp_syscall_resolve_name(b"socket")
    for family in families:
        wanted = _Comparison(0, 4, getattr(socket, family), 0)  # 4: equal
        lib.seccomp_rule_add_array(filter, _ALLOW, number, 1, wanted)
    if lib.seccomp_load(filter) != 0:
        raise OSError("the filter can't be loaded")


def prctl(option: int, value: int) -> None:
    """Call prctl(2)."""
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl {option}: {os.strerror(number)}")


def confine(unit: Path, keep: list[Path]) -> None:
    """Put this process under the unit's restrictions."""
    values = directives(unit)
    limit = int(values["LimitNOFILE"][0])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, hard), min(limit, hard)))
    allowed = allowed_calls(values["SystemCallFilter"])
    seclude(keep)
    assert values["CapabilityBoundingSet"] == [""]
    for capability in range(41):
        prctl(_PR_CAPBSET_DROP, capability)
    become_nobody()
    assert values["NoNewPrivileges"] == ["yes"]
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    assert values["MemoryDenyWriteExecute"] == ["yes"]
    prctl(_PR_SET_MDWE, 1)
    filter_calls(allowed, values["RestrictAddressFamilies"][0].split())


def drop_capabilities() -> None:
    """Let this process, and what it starts, have none ever again."""
    for capability in range(41):
        prctl(_PR_CAPBSET_DROP, capability)
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _homes_of(program: Path) -> list[Path]:
    """Return the folders that the links to a program lie in."""
    homes = [program.parent]
    while program.is_symlink():
        program = program.parent / program.readlink()
        homes.append(program.parent)
    return homes


def main() -> None:
    """Confine, then become the command."""
    own = [Path.cwd(), Path(sys.prefix), Path(sys.base_prefix)]
    own += _homes_of(Path(sys.executable))
    given = [Path(folder) for folder in sys.argv[2].split(":")]
    confine(Path(sys.argv[1]), [path.resolve() for path in own + given])
    os.execvp(sys.argv[3], sys.argv[3:])


if __name__ == "__main__":
    main()
