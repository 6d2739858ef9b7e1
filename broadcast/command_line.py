"""The command line of ``twist broadcast``: words in, checked settings out."""

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any, ClassVar

from twisted.copyright import version as twisted_version
from twisted.logger import textFileLogObserver
from twisted.python.usage import Options as UsageOptions
from twisted.python.usage import UsageError

from broadcast import __version__
from broadcast import logfile as journal
from broadcast.base.settings import SettingError, Settings, read_config, settings_from
from broadcast.options import FLAGS, LISTS, OPTIONS

LISTEN_HELP = (
    "Twisted endpoint (tcp:8000, tls:8443, unix:/PATH, systemd:…) to listen on instead"
    " of --host and --port; may be given again"
)


class Options(UsageOptions):
    """What ``twist broadcast`` takes."""

    synopsis = "[broadcast options]"
    longdesc = (
        "What any client says, all the others hear at once. The page for browsers,"
        " TLS, logins and bans are off until an option asks for them. An INI file for"
        " --config has the same names without the dashes. See also bcast-client."
    )
    optParameters: ClassVar = [[o.name, o.short, None, o.words] for o in OPTIONS] + [
        ["config", "c", None, "INI file with options in its section [server]"]
    ]
    optFlags: ClassVar = [[o.name, o.short, o.words] for o in FLAGS]

    settings: Settings

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.threshold = journal.Threshold()
        self["listen"] = []
        self.docs["listen"] = LISTEN_HELP
        for option in LISTS:
            self[option.name] = []
            self.docs[option.name] = f"{option.help}; may be given again"

    def opt_listen(self, endpoint: str) -> None:
        """Take one more Twisted endpoint to listen on."""
        self["listen"].append(endpoint)

    def opt_listen_only(self, endpoint: str) -> None:
        """Take one more endpoint where members never speak."""
        self["listen-only"].append(endpoint)

    def opt_speak_only(self, endpoint: str) -> None:
        """Take one more endpoint of feeds."""
        self["speak-only"].append(endpoint)

    def opt_web_origin(self, origin: str) -> None:
        """Take one more origin whose pages may talk."""
        self["web-origin"].append(origin)

    def parseArgs(self, *words: str) -> None:
        """Take no words beside the options.

        Raises:
            UsageError: there is one.
        """
        if words:
            raise UsageError(f"{words[0]!r} is no option: see --help")

    def opt_version(self) -> None:
        """Print the daemon's version and Twisted's, and exit."""
        print(f"broadcast {__version__}, Twisted {twisted_version}")
        raise SystemExit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read the command line and the file; ``settings`` is there afterwards.

        Raises:
            SystemExit: one of them is wrong; says which and why in one line.
        """
        try:
            super().parseOptions(options)  # type: ignore[no-untyped-call]
        except (UsageError, SettingError) as error:
            raise SystemExit(f"broadcast: {error}") from None

    def postOptions(self) -> None:
        """Check all that was given."""
        self.settings = self.read()
        _choose_format(self.parent, self.threshold)

    def read(self) -> Settings:
        """Return the settings: the command line's, and the file's as it is now.

        Raises:
            SettingError: a value is wrong, or the file is.
        """
        path = self["config"] or ""
        config = read_config(path) if path else {}
        given = {o.name: self[o.name] for o in OPTIONS if self[o.name] is not None}
        given |= {o.name: "yes" for o in FLAGS if self[o.name]}
        given |= {o.name: " ".join(self[o.name]) for o in LISTS if self[o.name]}
        return settings_from(given, tuple(self["listen"]), config, path)


def _choose_format(twist: Any, threshold: journal.Threshold) -> None:
    """Log our lines on the console, unless json was asked for.

    ``twist`` chooses json by itself when stdout is no terminal; a log read
    through a pipe is still read by people.
    """
    if twist is None:
        return
    asked = any(word.startswith("--log-fo") for word in sys.argv)
    if twist.get("fileLogObserverFactory") is textFileLogObserver or not asked:
        twist["fileLogObserverFactory"] = threshold.line_observer
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
