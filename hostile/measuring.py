"""How long a member waits while others attack: one measurement of ``hostile.waits``."""

import re
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hostile.attacking import Attackers, Plan
from hostile.pinging import Apart, Members, Pings
from tests.support.daemon import Daemon
from tests.support.faces import make_certificate
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.websocket import web_port

DRAIN = 2.0
"""Seconds that the daemon is given to deliver what was said."""

MORE_P99, MORE_LONGEST, MORE_STOPPING = 0.025, 0.1, 1.0
"""Seconds that the bystander may wait longer than in the control, and that the daemon
may take to stop, beyond ``DRAIN``."""

MEMORY, MEMORY_EACH = 32 << 20, 64 << 10
"""Bytes by which the daemon may grow, in all and for each attacker."""

SLOWDOWN = 2.0
"""Times as long as in the control that healthy members may wait for a line."""

GIVE_UP = 30.0
"""Seconds after which a daemon that was told to stop is killed."""

HISTORY = 1000
"""Lines that have been said before."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long a member waited for answers, in seconds."""

    p50: float
    p99: float
    longest: float
    answered: int
    asked: int
    lost: int

    @classmethod
    def of(cls, pings: Pings, begin: float, end: float) -> "Waits":
        """Return what became of the pings that were due between two times."""
        took = sorted(took for due, took in pings.trips if begin <= due < end)
        if not took:
            raise RuntimeError("no ping was due: the bystander has stood still")
        answered = len(took) - pings.unanswered
        p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
        return cls(p50, p99, took[-1], max(0, answered), len(took), pings.lost)


@dataclass(frozen=True, slots=True)
class Attack:
    """What is done to a daemon.

    Attributes:
        row: a flood's or a crowd's name.
        kind: ``burst``, ``flood`` or ``crowd``.
        count: connections.
        seconds: how long; the control before it takes as long.
    """

    row: str
    kind: str
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one attack.

    Attributes:
        control: the bystander's waits before.
        attacked: during.
        elsewhere: during, another's, in a daemon that nobody attacks.
        stopping: seconds from SIGTERM to the exit; ``GIVE_UP`` if it was killed.
        grown: bytes of memory that the daemon took more, at the most.
        done: bytes that the attackers have sent in that time, or connections that
            have come through with what they do.
    """

    attack: Attack
    control: Waits
    attacked: Waits
    elsewhere: Waits
    stopping: float
    grown: int
    done: int

    def faults(self) -> list[str]:
        """Return what is too much."""
        control, attacked = self.control, self.attacked
        checks = {
            "p99": attacked.p99 > control.p99 + MORE_P99,
            "longest": attacked.longest > control.longest + MORE_LONGEST,
            "lost": attacked.lost > 0 or attacked.answered < attacked.asked,
            "stop": self.stopping > DRAIN + MORE_STOPPING,
            "memory": self.grown > MEMORY + MEMORY_EACH * self.attack.count,
            # Where less was done than meant, nothing is shown.
            "undone": self.done < self.attack.count,
        }
        return [name for name, is_so in checks.items() if is_so]

    def __str__(self) -> str:
        """Return it as a line of the table."""
        attack, attacked = self.attack, self.attacked
        times = " │ ".join(map(_spell, (self.control, attacked, self.elsewhere)))
        return (
            f"{attack.row:18} {attack.kind:5} {attack.count:5} │ {times} │"
            f" {attacked.answered:4}/{attacked.asked:<4}"
            f" {self.stopping:6.2f} {self.grown / 2**20:7.1f}"
            f" {self.grown / attack.count / 1024:8.0f} {self.done:11}"
            f" {_verdict(self.faults())}"
        )


@dataclass(frozen=True, slots=True)
class Healthy:
    """How long members waited for what another said, before an attack and during it."""

    attack: Attack
    calm: Waits
    attacked: Waits

    def faults(self) -> list[str]:
        """Return what is too much: twice as long, or a line that is missing."""
        calm, attacked = self.calm, self.attacked
        checks = {
            "p50": attacked.p50 > SLOWDOWN * calm.p50,
            "p99": attacked.p99 > SLOWDOWN * calm.p99,
            "missing": attacked.answered < attacked.asked,
            "lost": attacked.lost > 0,
        }
        return [name for name, is_so in checks.items() if is_so]

    def __str__(self) -> str:
        """Return it as a line of the table."""
        attack = self.attack
        missing = self.attacked.asked - self.attacked.answered
        return (
            f"{attack.row:18} {attack.kind:5} {attack.count:5} │ {_spell(self.calm)} │"
            f" {_spell(self.attacked)} │ {self.attacked.asked:9} {missing:7}"
            f" {_verdict(self.faults())}"
        )


def _verdict(faults: list[str]) -> str:
    return f"SLOW {','.join(faults)}" if faults else "ok"


_TIMES = "    p50     p99     max"

HEAD = (
    f"{'row':18} {'kind':5} conns │ {'control, ms':23} │ {'attacked, ms':23} │"
    f" {'elsewhere, ms':23} │     pings stop s RSS MiB KiB each        done\n"
    f"{'':30} │ {_TIMES} │ {_TIMES} │ {_TIMES} │"
)

HEALTHY_HEAD = (
    f"{'row':18} {'kind':5} conns │ {'calm, ms':23} │ {'attacked, ms':23} │"
    f" {'lines':>9} missing\n{'':30} │ {_TIMES} │ {_TIMES} │"
)


def _spell(waits: Waits) -> str:
    values = (waits.p50, waits.p99, waits.longest)
    return " ".join(f"{value * 1000:7.1f}" for value in values)


class Memory:
    """The memory of a process, from now on.

    The kernel keeps the most that it ever had (``VmHWM``), and forgets it when told
    to (proc(5), ``clear_refs``): nothing is missed between two looks.
    """

    def __init__(self, pid: int) -> None:
        self._process = Path(f"/proc/{pid}")
        (self._process / "clear_refs").write_text("5")
        self._before = self._read("VmRSS")

    def growth(self) -> int:
        """Return the bytes by which it has grown at the most."""
        return max(0, self._read("VmHWM") - self._before)

    def _read(self, name: str) -> int:
        status = (self._process / "status").read_text()
        found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024


class Target:
    """A daemon with every face, and lines that were said."""

    def __init__(self, folder: Path) -> None:
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        if not key.exists():
            make_certificate(folder)
        self.daemon = Daemon(
            *("--listen", "tcp:0:interface=127.0.0.1"),
            *("--listen", "tls:0:interface=127.0.0.1"),
            *("--tls-cert", str(certificate), "--tls-key", str(key)),
            *("--web", "0", "--drain", str(DRAIN)),
        )
        found = [int(a.rpartition(":")[2]) for a in self.daemon.addresses]
        self.ports = {
            "tcp": found[0],
            "tls": found[1],
            "http": web_port(self.daemon),
        }
        self.epoch = self._furnish()

    def _furnish(self) -> str:
        """Say lines, and return the log's epoch."""
        client = LineClient(connect_tcp(self.ports["tcp"]))
        client.send("/format json")
        epoch = str(client.await_event("welcome")["epoch"])
        client.since_ping(*(f"line {n}".ljust(60, ".") for n in range(HISTORY)))
        client.close()
        return epoch

    def stop(self) -> float:
        """Tell it to stop; return the seconds that it takes."""
        began = time.monotonic()
        self.daemon.signal()
        try:
            self.daemon.process.wait(GIVE_UP)
        except subprocess.TimeoutExpired:
            return GIVE_UP
        finally:
            took = time.monotonic() - began
            self.daemon.kill()
        return took


def measure(attack: Attack, folder: Path, idle: Target) -> Row:
    """Attack a new daemon while a bystander pings, then tell it to stop.

    Args:
        folder: for its certificate.
        idle: another daemon, for the noise.
    """
    with ExitStack() as stack:
        target, attackers = _start(attack, folder, stack)
        member = stack.enter_context(Members(target.ports["tcp"], 1))
        witness = stack.enter_context(Members(idle.ports["tcp"], 1))
        began = time.monotonic()
        time.sleep(attack.seconds)
        memory = Memory(target.daemon.pid)
        attacked = time.monotonic()
        attackers.go()
        time.sleep(attack.seconds)
        pings = member.leave()
        end = time.monotonic()
        noise = witness.leave()
        grown = memory.growth()
        attackers.go()
        stopping = target.stop()
        return Row(
            attack,
            Waits.of(pings, began, attacked),
            Waits.of(pings, attacked, end),
            Waits.of(noise, attacked, end),
            stopping,
            grown,
            attackers.end(),
        )


def measure_healthy(attack: Attack, members: int, rate: float, folder: Path) -> Healthy:
    """Attack a new daemon while members hear what one of them says."""
    with ExitStack() as stack:
        target, attackers = _start(attack, folder, stack)
        listening = ("hostile.healthy", str(target.ports["tcp"]), str(members))
        healthy = stack.enter_context(Apart(*listening, str(rate)))
        began = time.monotonic()
        time.sleep(attack.seconds)
        attacked = time.monotonic()
        attackers.go()
        time.sleep(attack.seconds)
        heard = healthy.leave()
        return Healthy(
            attack,
            Waits.of(heard, began, attacked),
            Waits.of(heard, attacked, time.monotonic()),
        )


def _start(attack: Attack, folder: Path, stack: ExitStack) -> tuple[Target, Attackers]:
    target = Target(folder)
    stack.callback(target.daemon.kill)
    plan = Plan(attack.row, attack.kind, attack.count, target.ports, target.epoch)
    attackers = Attackers(plan)
    stack.callback(attackers.kill)
    return target, attackers
