"""Types at a real bcast-client while lines pour in, and looks for damage.

    python -m benchmarks.client_soak --lines 400 --rate 5000

Starts the daemon, a publisher at RATE lines a second, a listener, and the client on a
pseudo-terminal; types LINES lines fast, with UTF-8, Backspace, arrows, Ctrl-W, history
search (begun when the line before it is seen) and a resized window. Then compares what
was said with what was meant, and every row of the terminal (by pyte) with what may
stand there. Exits 1 on any damage.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial

from tests.support.client.daemon import Daemon
from tests.support.client.terminal import Terminal

WORDS = "grüße über €50 漢字 naïve 😀 plain text élan Ωmega"
ROW = re.compile(
    r"\d\d:\d\d:\d\d (pub: line \d+ of ordinary talk in the room"
    r"|bob \[you\]: \S.*"
    r"|\* \S+ (joined|left).*)"
    r"|──── .* ────"
    r"|- /help lists the commands, /quit leaves"
    r"|connected · bob · \d+ here>.*"
    r"|connecting · bob>|"
    r"\(reverse-i-search\)`.*"
)
PUBLISH = """
import socket, sys, time
link = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
link.sendall(b"/name pub\\n")
rate, start, said = float(sys.argv[2]), time.monotonic(), 0
while True:
    want = int((time.monotonic() - start) * rate)
    for said in range(said + 1, want + 1):
        link.sendall(b"line %d of ordinary talk in the room\\n" % said)
    time.sleep(0.001)
"""


def keys(number: int, typed: list[str]) -> tuple[str, str]:
    """What to press for line `number`, and the text that it should make."""
    text = f"{number} {WORDS[number % 11 :]}"
    kind = number % 6
    if kind == 1:
        return (
            f"{number} wrongé\x7f\x7f\x7f\x7f\x7f\x7f{text[len(str(number)) + 1 :]}",
            text,
        )
    if kind == 2:
        return f"{text[1:]}\x01{text[0]}\x05", text
    if kind == 3:
        return f"{text} jünk\x17\x7f", text
    if kind == 4:
        wanted = typed[-3].split(" ")[0]
        return f"\x12{wanted} \r", typed[-3]
    if kind == 5:
        return f"{text[:-2]}{text[-1]}\x1b[D{text[-2]}\x1b[C", text
    return text, text


def pieces(text: str, size: int) -> Iterator[str]:
    """The keys in bursts, never cut inside an escape sequence."""
    units = re.findall(r"\x1b\[[A-D]|.|\r", text, re.DOTALL)
    for at in range(0, len(units), size):
        yield "".join(units[at : at + size])


def seen(terminal: Terminal, text: bytes) -> bool:
    """Whether the client has written this lately."""
    return text in terminal.bytes[-500_000:]


def type_all(terminal: Terminal, lines: int, pause: float) -> list[str]:
    """Type; what should have been said."""
    typed: list[str] = []
    for number in range(lines):
        press, text = keys(number, typed)
        if press.startswith("\x12"):  # whoever searches has seen what is there
            shown = f"[you]\x1b[0m: {typed[-1]}\r".encode()
            terminal.wait(partial(seen, terminal, shown), 120)  # on a busy machine
        for piece in pieces(press + "\r", 1 + number % 5):
            terminal.type(piece)
            terminal.read(pause)
        typed.append(text)
        if number % 25 == 24:
            terminal.child.setwinsize(24 + number % 7, 90 + number % 20)
    return typed


def soak(lines: int, rate: int, pause: float) -> tuple[int, int, int, int]:
    """Lines typed, lines damaged, rows looked at, rows damaged."""
    with (
        Daemon() as daemon,
        tempfile.TemporaryDirectory() as home,
        subprocess.Popen(
            [sys.executable, "-c", PUBLISH, str(daemon.port), str(rate)]
        ) as publisher,
        Terminal(
            *("connect", daemon.url, "-n", "bob", "--history", "0"),
            home=home,
            columns=100,
        ) as terminal,
    ):
        terminal.wait_for("connected · bob")
        terminal.is_drawn = False
        try:
            typed = type_all(terminal, lines, pause)
        finally:
            publisher.kill()
        heard = own_lines(daemon, terminal, home, len(typed))
    terminal.screen.reset()
    terminal.screen.resize(30, 110)
    terminal.draw()
    rows = [row for row in terminal.everything if row]
    bad_rows = [row for row in rows if not ROW.fullmatch(row)]
    bad = [pair for pair in zip(typed, heard, strict=False) if pair[0] != pair[1]]
    for pair in bad[:5]:
        print(f"typed {pair[0]!r}\nsaid  {pair[1]!r}")
    for row in bad_rows[:5]:
        print(f"row   {row!r}")
    return len(typed), len(bad) + abs(len(typed) - len(heard)), len(rows), len(bad_rows)


def own_lines(daemon: Daemon, terminal: Terminal, home: str, wanted: int) -> list[str]:
    """What the terminal showed as said by us, when all of it is there."""
    end = time.monotonic() + 120
    found: list[str] = []
    while len(found) < wanted and time.monotonic() < end:
        for _ in range(20):
            terminal.read(0.05)
        text = terminal.bytes.decode(errors="replace")
        found = re.findall(r"bob \[you\]\x1b\[0m: ([^\r]*)\r", text)
    return found


def main() -> int:
    """The command; see the module's docstring."""
    parser = argparse.ArgumentParser(description="PTY soak of bcast-client.")
    parser.add_argument("--lines", type=int, default=400)
    parser.add_argument("--rate", type=int, default=5000, help="lines/s arriving")
    parser.add_argument("--pause", type=float, default=0.004, help="s between bursts")
    options = parser.parse_args()
    start = time.monotonic()
    typed, bad, rows, bad_rows = soak(options.lines, options.rate, options.pause)
    seconds = time.monotonic() - start
    print(
        f"{options.rate} lines/s: {bad} of {typed} typed lines corrupted, "
        f"{bad_rows} of {rows} rows with stray characters, {seconds:.0f} s"
    )
    return 1 if bad or bad_rows else 0


if __name__ == "__main__":
    sys.exit(main())
