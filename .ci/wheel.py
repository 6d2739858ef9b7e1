"""Check the wheel as a user meets it: installed, used, removed.

    python .ci/wheel.py dist/twisted_broadcast-*.whl

Makes virtual environments of its own. Needs ``nc`` for the README's exchange.
"""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEADLINE = 20.0


def check(holds: bool, promise: str) -> None:
    """Print a promise, or exit because it does not hold."""
    if not holds:
        raise SystemExit(f"FAILED: {promise}")
    print(f"ok: {promise}")


def new_environment(folder: Path) -> Path:
    """Return the scripts' folder of a fresh virtual environment."""
    venv.create(folder, with_pip=True)
    return folder / "bin"


def run(*command: str | Path) -> str:
    """Run a command that must succeed; return what it prints."""
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        timeout=300,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"FAILED: {command}: {done.stdout}")
    return done.stdout


def check_contents(wheel: Path) -> None:
    """The wheel holds the plugin and the types, and nothing of Twisted's."""
    names = zipfile.ZipFile(wheel).namelist()
    check("twisted/plugins/broadcast_plugin.py" in names, "the plugin is in the wheel")
    check("broadcast/py.typed" in names, "the wheel is typed")
    check("broadcast/protocol/confusables.txt" in names, "look-alike letters are there")
    stolen = {"twisted/__init__.py", "twisted/plugins/__init__.py"} & set(names)
    check(not stolen, "nothing of Twisted's is in the wheel")
    alien = [n for n in names if n.split("/")[0] not in {"broadcast", "twisted"}]
    alien = [n for n in alien if ".dist-info/" not in n and "/share/man/" not in n]
    check(not alien, f"nothing else is in the wheel {alien}")


def lists_broadcast(scripts: Path) -> bool:
    """Tell whether ``twist --help`` lists the plugin."""
    return (
        re.search(r"^\s+broadcast\b", run(scripts / "twist", "--help"), re.M)
        is not None
    )


def check_removal(scripts: Path, how: str) -> None:
    """Uninstalling leaves Twisted as it was."""
    run(scripts / "pip", "uninstall", "-y", "twisted-broadcast")
    text = run(scripts / "twist", "--help")
    check(
        "Traceback" not in text and "web-server" not in text, f"{how}: twist still runs"
    )
    check(
        re.search(r"^\s+web\b", text, re.M) is not None,
        f"{how}: Twisted's plugins are there",
    )
    check(re.search(r"^\s+broadcast\b", text, re.M) is None, f"{how}: ours is gone")
    left = list(scripts.parent.rglob("broadcast_plugin*"))
    check(not left, f"{how}: nothing is left behind {left}")


def check_scripts(scripts: Path, pages: Path, how: str) -> None:
    """Each console script starts, and has its page of the manual."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for name in project["scripts"]:
        check("sage" in run(scripts / name, "--help"), f"{how}: {name} --help")
        section = "8" if name == "bcastd" else "1"
        page = pages / f"man{section}" / f"{name}.{section}"
        check(page.is_file(), f"{how}: the manual has {name}({section})")


def check_installers(wheel: Path, folder: Path) -> None:
    """``pipx install`` and ``uv tool install`` leave all of them in place too."""
    scripts = new_environment(folder / "installers")
    run(scripts / "pip", "install", "-q", "pipx", "uv")
    place = folder / "pipx"
    os.environ |= {
        "PIPX_HOME": str(place),
        "PIPX_BIN_DIR": str(place / "bin"),
        "PIPX_MAN_DIR": str(place / "man"),
    }
    run(scripts / "pipx", "install", "--python", sys.executable, wheel.resolve())
    check_scripts(place / "bin", place / "man", "pipx install")
    place = folder / "uv"
    os.environ |= {
        "UV_TOOL_DIR": str(place),
        "UV_TOOL_BIN_DIR": str(place / "bin"),
        # The indexes of pip, whose configuration uv doesn't read.
        "UV_INDEX": configured(scripts, "extra-index-url"),
        "UV_FIND_LINKS": configured(scripts, "find-links"),
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    run(scripts / "uv", "tool", "install", "--python", sys.executable, wheel.resolve())
    pages = place / "twisted-broadcast" / "share" / "man"
    check_scripts(place / "bin", pages, "uv tool install")


def configured(scripts: Path, name: str) -> str:
    """Return a value of pip's configuration; "" if it has none."""
    done = subprocess.run(
        [scripts / "pip", "config", "get", f"global.{name}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


class Speaker:
    """A program on a terminal of its own: what it prints, and what is typed."""

    def __init__(self, *command: str) -> None:
        self.pid, self.master = pty.fork()
        if not self.pid:
            os.execvp(command[0], command)
        os.set_inheritable(self.master, False)
        self.seen = ""

    def type(self, text: str) -> None:
        """Type ``text``."""
        os.write(self.master, text.encode())

    def until(self, wanted: str) -> str:
        """Wait for ``wanted``; return all that was seen."""
        end = time.monotonic() + DEADLINE
        while wanted not in self.seen:
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[
                0
            ]:
                raise SystemExit(f"FAILED: no {wanted!r} in {self.seen!r}")
            try:
                self.seen += os.read(self.master, 65536).decode(errors="replace")
            except OSError:
                raise SystemExit(
                    f"FAILED: ended before {wanted!r}: {self.seen!r}"
                ) from None
        return self.seen

    def close(self) -> None:
        """Close its terminal, and wait until it has ended."""
        os.close(self.master)
        end = time.monotonic() + DEADLINE
        while not os.waitpid(self.pid, os.WNOHANG)[0]:
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                raise SystemExit("FAILED: it stays though its terminal is gone")
            time.sleep(0.05)


def check_exchange(scripts: Path) -> None:
    """The README's: a daemon, two ``nc``, one client."""
    command = [str(scripts / "twist"), "broadcast", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd="/"
    ) as daemon:
        assert daemon.stdout is not None
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", daemon.stdout.readline())
        if found is None:
            raise SystemExit("FAILED: the daemon does not say where it listens")
        port = found[1]
        one, two = Speaker("nc", "127.0.0.1", port), Speaker("nc", "127.0.0.1", port)
        one.until("You are guest-")
        two.until("You are guest-")
        client = Speaker(
            str(scripts / "bcast-client"), "connect", "-p", port, "--name", "carol"
        )
        one.until("carol joined the chat")
        one.type("hello from nc\n")
        two.until("hello from nc")
        client.until("hello from nc")
        client.type("hello from the client\r")
        one.until("carol: hello from the client")
        two.until("carol: hello from the client")
        client.until("[you]")
        check(True, "a daemon, two nc and a client hear each other")
        daemon.terminate()
        for speaker in (one, two, client):
            speaker.until("The server has shut down")
        check(daemon.wait(DEADLINE) == -15, "the daemon says goodbye and ends")
        for speaker in (one, two, client):
            speaker.close()


def main(wheel: Path) -> None:
    """Check all of it."""
    check_contents(wheel)
    with tempfile.TemporaryDirectory() as folder:
        scripts = new_environment(Path(folder) / "wheel")
        run(scripts / "pip", "install", "-q", wheel.resolve())
        check(lists_broadcast(scripts), "the wheel: twist --help lists broadcast")
        check_scripts(scripts, scripts.parent / "share" / "man", "the wheel")
        check_exchange(scripts)
        check_removal(scripts, "the wheel")
        check_installers(wheel, Path(folder))
        scripts = new_environment(Path(folder) / "editable")
        run(scripts / "pip", "install", "-q", "-e", ROOT)
        check(lists_broadcast(scripts), "editable: twist --help lists broadcast")
        run(scripts / "pip", "uninstall", "-y", "twisted-broadcast")
        text = run(scripts / "twist", "--help")
        check(
            re.search(r"^\s+web\b", text, re.M) is not None,
            "editable: Twisted is intact",
        )
        check(
            re.search(r"^\s+broadcast\b", text, re.M) is None, "editable: ours is gone"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
