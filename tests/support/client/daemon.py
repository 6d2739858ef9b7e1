"""The real daemon in a process of its own, on a port of its own choosing."""

import contextlib
import re
import signal
import subprocess
import sys
import threading

START = re.compile(r"listening on (\S+)")


class Daemon:
    """`twist broadcast` with these options, from its start line to its end."""

    def __init__(
        self, *options: str, listen: str = "tcp:0:interface=127.0.0.1"
    ) -> None:
        self.options = options
        self.listen = listen
        self.where = ""
        self._start()

    @property
    def port(self) -> int:
        return int(self.where.rpartition(":")[2])

    @property
    def url(self) -> str:
        return f"tcp://{self.where}"

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "twisted", "broadcast"),
                *("--listen", self.listen, *self.options),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        late = threading.Timer(30, self.process.kill)
        late.start()
        self.printed = ""
        for line in self.process.stdout:
            self.printed += line
            found = START.search(line)
            if found:
                self.where = found[1]
                break
        late.cancel()
        assert self.where, self.printed
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed += line

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self.process.kill()
        self.process.wait(15)

    def restart(self) -> None:
        """Stop it, unless it has ended; and start it again on the same port."""
        self.stop()
        self._start_again()

    def crash(self) -> None:
        """Kill it, and start it again on the same port."""
        self.kill()
        self.restart()

    def _start_again(self) -> None:
        if self.listen.startswith("tcp:"):
            self.listen = f"tcp:{self.port}:interface=127.0.0.1"
        self._start()

    def freeze(self) -> None:
        """Let it hang: it neither reads nor answers."""
        self.process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """End it as an admin would."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
                self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
