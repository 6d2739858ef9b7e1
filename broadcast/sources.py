"""The INI file and the environment: the options that the command line has not.

The same names stand on the command line (``--max-line``), in the file (``max-line`` in
``[server]``) and in the environment (``BCASTD_MAX_LINE``). The prefix is not
``BROADCAST_``: Kubernetes sets such variables itself for a service called broadcast.
"""

import configparser
import difflib
from collections.abc import Iterable, Mapping
from typing import Final

from broadcast.base import values
from broadcast.base.files import read_text
from broadcast.base.rows import options_of
from broadcast.base.settings import Settings

PREFIX: Final = "BCASTD_"

CONFIG_VARIABLE: Final = "BCASTD_CONFIG"
"""The variable that names the INI file, where ``--config`` does not."""

SECTION: Final = "server"

_KNOWN: Final = tuple(option.name for option in options_of(Settings))


class SettingError(ValueError):
    """Values are wrong.

    Attributes:
        faults: for each the option, the reason and a remedy, in one line.
        found: the values that are not to blame, where there are some.
    """

    def __init__(self, *faults: str, found: Mapping[str, str] | None = None) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults
        self.found = dict(found or {})


def refuse_other_bytes(raw: str | tuple[str, ...]) -> None:
    """Refuse words of the command line that are not UTF-8.

    Python lets half a character stand for each byte of them: no log and no member
    could be sent that.

    Raises:
        ValueError: one of them is not.
    """
    try:
        " ".join(raw).encode()
    except UnicodeEncodeError:
        raise ValueError("that is not UTF-8; give it as UTF-8") from None


class _Parser(configparser.ConfigParser):
    """INI without surprises: no interpolation, no section that fills all others.

    A comment begins at white space and ``#`` or ``;``.
    """

    def __init__(self) -> None:
        super().__init__(
            interpolation=None, inline_comment_prefixes=("#", ";"), default_section=""
        )

    def optionxform(self, optionstr: str) -> str:
        """Return an option's name as on the command line: none is there twice."""
        return optionstr.lower().replace("_", "-")


def read_config(path: str) -> dict[str, str]:
    """Return the values of section ``[server]`` in an INI file.

    Raises:
        SettingError: no such file, no INI, or options that there aren't.
    """
    parser = _Parser()
    try:
        refuse_other_bytes(path)
        parser.read_string(read_text(values.some_text(path)))
    except configparser.Error as error:
        raise SettingError(f"--config: {path}{_fault_of(error)}") from None
    except ValueError as error:
        raise SettingError(f"--config: {error}") from None
    hint = f"put all options under [{SECTION}]"
    faults = [
        f"--config: {path}: unknown section [{section}]; {hint}"
        for section in parser.sections()
        if section != SECTION
    ]
    found = dict(parser[SECTION]) if parser.has_section(SECTION) else {}
    for name in [name for name in found if name not in _KNOWN]:
        hint = hint_for(name, _KNOWN)
        faults.append(f"--config: {path}: unknown option {name}; {hint}")
        del found[name]
    if faults:
        raise SettingError(*faults, found=found)
    return found


def variable_of(name: str) -> str:
    """Return the variable of an option: ``BCASTD_MAX_LINE`` for ``max-line``."""
    return PREFIX + name.replace("-", "_").upper()


def read_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the options that variables give.

    Raises:
        SettingError: there are variables of ours without an option.
    """
    known = {variable_of(name): name for name in _KNOWN}
    found: dict[str, str] = {}
    faults: list[str] = []
    for variable in sorted(environ):
        if variable in known:
            found[known[variable]] = environ[variable]
        elif variable.startswith(PREFIX) and variable != CONFIG_VARIABLE:
            name = variable.removeprefix(PREFIX).lower().replace("_", "-")
            near = difflib.get_close_matches(name, _KNOWN, 1)
            hint = f"did you mean {variable_of(near[0])}?" if near else "see --help"
            faults.append(f"{variable}: unknown option; {hint}")
    if faults:
        raise SettingError(*faults, found=found)
    return found


def hint_for(name: str, known: Iterable[str]) -> str:
    """Return what to do about an option that there isn't."""
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else "see --help"


def _fault_of(error: configparser.Error) -> str:
    """Return where a file is no INI, why, and what to do, to stand behind its path."""
    match error:
        case configparser.DuplicateOptionError():
            why = f"{error.option} is there already; keep one of them"
        case configparser.DuplicateSectionError():
            why = f"[{error.section}] is there already; put its options into one"
        case configparser.MissingSectionHeaderError():
            why = f"no section begins before it; put [{SECTION}] at the top"
        case configparser.ParsingError():
            line = error.errors[0][0]
            return f", line {line}: it is not NAME = VALUE; write it so"
        case _:
            return f": {values.reason_of(error)}; mend the file"
    return f", line {error.lineno}: {why}"
