"""The command line of ``twist broadcast``: an option for each row of the settings."""

import getopt
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Final, NoReturn

from twisted.copyright import version as twisted_version
from twisted.logger import Logger, textFileLogObserver
from twisted.python.usage import Options as UsageOptions
from twisted.python.usage import UsageError

from broadcast import __version__, logqueue, logstyle
from broadcast.base import manual
from broadcast.base.rows import Option
from broadcast.base.settings import Settings
from broadcast.base.values import reason_of
from broadcast.options import CHECK, CONFIG, OPTIONS, PROGRAM, choose
from broadcast.protocol.sanitize import escape
from broadcast.sources import (
    CONFIG_VARIABLE,
    SettingError,
    read_config,
    read_environment,
)

_REPEATED: Final = frozenset(option.name for option in OPTIONS if option.is_repeated)

_DASHES: Final = ("-", "\u2013", "\u2014")
"""A hyphen, and the dashes that a word processor makes of two."""


def _end_with(text: str) -> NoReturn:
    """Print ``text``, and end the program; quietly, if its reader has gone.

    Raises:
        SystemExit: always.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise SystemExit(1) from None
    except OSError as error:
        raise refusal(
            f"can't write to standard output: {reason_of(error)}; send it elsewhere"
        ) from None
    raise SystemExit(0)


class Options(UsageOptions):
    """The options of ``twist broadcast``: one for each row of the settings.

    Attributes:
        command: the command that runs the daemon.
        rows: the options that ``--help`` lists.
        settings: the settings, once the options are parsed.
        faults: with ``--check``, a line for each fault in the options.
        console: the console's log, if the daemon has taken it over.
        threshold: the level of the log.
    """

    command: ClassVar[str] = "twist broadcast"
    rows: ClassVar[tuple[Option, ...]] = (*OPTIONS, *PROGRAM)
    optParameters: ClassVar = [
        [o.name, o.short, None, o.description]
        for o in (*OPTIONS, CONFIG)
        if not o.is_flag
    ]
    optFlags: ClassVar = [
        [o.name, o.short, o.description] for o in (*OPTIONS, CHECK) if o.is_flag
    ]

    settings: Settings
    faults: Sequence[str] = ()
    console: logqueue.Console | None = None

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.threshold = logstyle.LineFormat()

    def __setitem__(self, name: str, value: Any) -> None:
        """Set the value of an option; append it if the option is repeatable."""
        if name in _REPEATED:
            value = (*(self[name] or ()), value)
        super().__setitem__(name, value)

    def getSynopsis(self) -> str:
        """Return the first line of ``--help``."""
        return f"Usage: {self.command} [options]"

    def getUsage(self, width: int | None = None) -> str:
        """Return the rest of ``--help``: the options by group, and examples."""
        columns = width or shutil.get_terminal_size().columns
        return manual.usage(self.rows, columns, self.command)

    def opt_version(self) -> None:
        """Print the daemon's version and Twisted's, and exit."""
        _end_with(f"broadcast {__version__}, Twisted {twisted_version}")

    def opt_help(self) -> None:
        """Print all options, and exit."""
        _end_with(str(self))

    opt_h = opt_help

    def parseArgs(self, *arguments: str) -> None:
        """Refuse arguments beside the options.

        Raises:
            UsageError: there is an argument.
        """
        if arguments:
            raise UsageError(f"{arguments[0]!r} is no option")

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read the command line and the file into ``settings``.

        Raises:
            SystemExit: an option is invalid; the message has the option, the reason
                and a remedy in one line.
        """
        try:
            self._refuse_single_dashes(sys.argv[1:] if options is None else options)
            super().parseOptions(options)  # type: ignore[no-untyped-call]
        except UsageError as error:
            raise refusal(f"{error}; see --help") from None
        except SettingError as error:
            raise refusal(*error.faults) from None

    def _refuse_single_dashes(self, words: Sequence[str]) -> None:
        """Refuse a long option behind another dash than two hyphens.

        ``-port`` would be ``-p`` with the value ``ort``, and ``-host`` asks for help.

        Raises:
            SettingError: there is one.
        """
        options: Any = self  # untyped, as Twisted's
        names = {name.rstrip("=") for name in options.longOpt}
        taking = {f"--{name[:-1]}" for name in options.longOpt if name.endswith("=")}
        taking |= {f"-{letter}" for letter in re.findall("(.):", options.shortOpt)}
        for before, word in pairwise(("", *words)):
            name = word.partition("=")[0].lstrip("".join(_DASHES))
            is_one = word.startswith(_DASHES) and not word.startswith("--")
            if is_one and name in names and before not in taking:
                raise SettingError(f"{word!r} is no option; did you mean --{name}?")

    def postOptions(self) -> None:
        """Check all options, and take over the console."""
        self.settings, self.faults = self._choose()
        if self.faults and not self["check"]:
            raise SettingError(*self.faults)
        self.threshold.is_json = self.settings.log_style == "json"
        if self.parent is not None:
            self._choose_format(self.parent)
            log = Logger(namespace="broadcast")
            self.console = logqueue.take_over(self.parent, log)

    def _choose_format(self, twist: Any) -> None:
        """Log the daemon's lines on the console, unless Twisted's were requested.

        ``twist`` itself defaults to its JSON if stdout is no terminal.
        """
        is_given = _is_format_given(twist)
        self.refuse_two_formats(is_given)
        is_text = twist.get("fileLogObserverFactory") is textFileLogObserver
        if is_text or not is_given:
            twist["fileLogObserverFactory"] = self.threshold.line_observer

    def refuse_two_formats(self, is_given: bool) -> None:
        """Refuse ``--log-style json`` if the console has another format already.

        Args:
            is_given: there is a ``--log-format``, which is for the console alone.

        Raises:
            SettingError: both are given.
        """
        if is_given and self.threshold.is_json:
            raise SettingError(
                "--log-style: --log-format has another one for the console; leave out"
                " --log-format"
            )

    def read(self) -> Settings:
        """Return the settings, with the current content of the file.

        Raises:
            SettingError: values or the file are invalid.
        """
        settings, faults = self._choose()
        if faults:
            raise SettingError(*faults)
        return settings

    def _choose(self) -> tuple[Settings, list[str]]:
        """Return the settings, and a line for each fault."""
        faults: list[str] = []

        def unless(read: Callable[[], dict[str, str]]) -> dict[str, str]:
            try:
                return read()
            except SettingError as error:
                faults.extend(error.faults)
                return error.found

        path = self["config"]
        if path is None:
            path = os.environ.get(CONFIG_VARIABLE)
        variables = unless(lambda: read_environment(os.environ))
        config = {} if path is None else unless(lambda: read_config(path))
        given = {
            option.name: "yes" if option.is_flag else self[option.name]
            for option in OPTIONS
            if self[option.name] or self[option.name] == ""
        }
        settings, more = choose(given, config, path or "", variables)
        return settings, faults + more


def _is_format_given(twist: Any) -> bool:
    """Tell whether ``--log-format`` is among twist's own options.

    These end at the plugin's name. They are parsed as ``twist`` does, so that an
    abbreviation counts, and the value of another option doesn't.
    """
    try:
        own, _ = getopt.getopt(sys.argv[1:], twist.shortOpt, twist.longOpt)
    except getopt.GetoptError:  # twist's options came from elsewhere
        return False
    return any(name == "--log-format" for name, _ in own)


PREFIX: Final = "broadcast: "
"""The beginning of each line on stderr."""


def refusal(*messages: str) -> SystemExit:
    """Return the exception that ends the start, with a line on stderr for each."""
    return SystemExit("\n".join(PREFIX + escape(line) for line in messages))
