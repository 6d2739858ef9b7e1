"""The manual of the options: the text of ``--help``, and docs/options.md."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from broadcast.base.rows import Group, OnReload, Option

INTRODUCTION: Final = (
    "What any client says, all the others hear at once. The page for browsers, TLS,"
    " logins and bans are off until an option asks for them. See also bcast-client."
)

EXAMPLES: Final = (
    ("{command}", "this machine only, port 8000"),
    ("{command} --host 0.0.0.0", "other machines too"),
    ("{command} --web 8080", "and a page for browsers"),
    ("{command} --config room.ini", "all options from a file"),
    ("{command} --listen tls:8443 --tls-cert chain.pem --tls-key key.pem", ""),
    ("tail -F build.log | nc 127.0.0.1 8000", "a program that speaks"),
)

_INDENT: Final = 26
_NARROWEST: Final = 50

_PAGE: Final = """\
# Options of the daemon

On this page you look up an option: its default, its effect, and whether it can change
without a restart.

<!-- Made by python -m broadcast.options from the rows in broadcast/base/settings.py:
change it there. -->

`twist broadcast --help` shows the same. An option stands on the command line
(`--max-line 1000`), in the environment (`BCASTD_MAX_LINE=1000`) or, under the same
name, in the section `[server]` of the INI file that `--config` or `BCASTD_CONFIG` names
(`max-line = 1000`; `max_line` will do). The command line wins over the environment,
that over the file, the file over the default. In the environment and in the file a flag
is `yes` or `no`, and an option that may be given again takes several values with spaces
between them; in the file `#` or `;` begins a comment.

The last column says what SIGHUP does, also for present members. An option with nothing
there needs a restart. A value that can't be right is one line on stderr and a
non-zero exit at the start; at SIGHUP it is one line in the log, and everything stays as
it was. Files of text are UTF-8, with or without a byte order mark, and no named pipes.

Secrets stand in files. A file of TLS, of `--token-file` or of `--users` may be
`credential:NAME`: what systemd has loaded under that name (`LoadCredential=`).

A `SIZE` is a number of bytes, or one with `K`, `M` or `G`, powers of 1024. `SECONDS`
may have a point. An `ENDPOINT` is
[one of Twisted's](https://docs.twisted.org/en/stable/core/howto/endpoints.html), with
`tls:` or `haproxy:` before it if need be; [admin.md](admin.md) has examples.
"""


def usage(
    options: Iterable[Option], width: int, command: str = "twist broadcast"
) -> str:
    """Return the options under their headings, then examples.

    Args:
        options: the options, in the order in which they are listed.
        width: columns of a line.
        command: the command that runs the daemon.
    """
    width = max(width, _NARROWEST)
    parts = ["", *textwrap.wrap(INTRODUCTION, width)]
    for group, members in _grouped(options):
        parts += ["", f"{group.value}:"]
        for option in members:
            parts += _entry(option, width)
    return "\n".join([*parts, "", "Examples:", *_examples(width, command), ""])


def page(options: Iterable[Option]) -> str:
    """Return docs/options.md."""
    groups = tuple(_grouped(options))
    parts = [_PAGE, f"{_contents([group for group, _ in groups])}\n"]
    for group, members in groups:
        parts += [
            f"## {group.value}\n",
            "| option | default | what it does | SIGHUP |\n|---|---|---|---|",
        ]
        parts[-1] += "".join(f"\n{_cells(option)}" for option in members) + "\n"
    return "\n".join(parts)


def _contents(groups: Iterable[Group]) -> str:
    """Return links to the groups of the page, as GitHub calls their headings."""
    links = [
        f"[{group.value}](#{group.value.lower().replace(' ', '-').replace(',', '')})"
        for group in groups
    ]
    return "On this page: " + " ·\n".join(links)


def _grouped(options: Iterable[Option]) -> Iterator[tuple[Group, list[Option]]]:
    """Yield each group that has options, with its options in order."""
    known = tuple(options)
    for group in Group:
        members = [option for option in known if option.group is group]
        if members:
            yield group, members


def _entry(option: Option, width: int) -> list[str]:
    """Return the lines of an option: its name, with its help beside or below it."""
    short = f"-{option.short}, " if option.short else "    "
    name = f"  {short}--{option.name} {option.unit}".rstrip()
    told = textwrap.wrap(
        option.description,
        width,
        initial_indent=" " * _INDENT,
        subsequent_indent=" " * _INDENT,
        break_on_hyphens=False,
    )
    if len(name) + 2 > _INDENT:
        return [name, *told]
    return [name + told[0][len(name) :], *told[1:]]


def _examples(width: int, command: str) -> Iterator[str]:
    for example, told in EXAMPLES:
        shown = example.format(command=command)
        line = f"  {shown:<42}{told and '# '}{told}".rstrip()
        yield line if len(line) <= width else f"  {shown}"


def _cells(option: Option) -> str:
    """Return the option's row in a Markdown table."""
    short = f"-{option.short}, " if option.short else ""
    name = f"{short}--{option.name} {option.unit}".rstrip()
    default = option.default_is or (f"`{option.default}`" if option.default else "")
    again = " May be given again." if option.is_repeated else ""
    reload = "" if option.on_reload is OnReload.KEEPS else option.on_reload.value
    cells = (f"`{name}`", default, f"{option.help}{again}", reload)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


_MAN: Final = """\
.\\" Made by python -m broadcast.options --man: change broadcast/base/settings.py.
.TH BCASTD 8 "2026" "broadcast {version}" "System Administration"
.SH NAME
bcastd \\- a line broadcast daemon: what anyone says, everybody else hears at once
.SH SYNOPSIS
.B bcastd
.RI [ options ]
.br
.B python \\-m broadcast
.RI [ options ]
.br
.B twist broadcast
.RI [ options ]
.SH DESCRIPTION
{introduction}
.PP
An option stands on the command line, in the environment
.RB ( BCASTD_MAX_LINE
for
.BR \\-\\-max\\-line )
or, under the same name, in the section [server] of an INI file. The command line wins
over the environment, and that over the file.
"""

_MAN_END: Final = """\
.SH SIGNALS
.TP
.B SIGTERM, SIGINT
stop: not ready for
.B \\-\\-lame\\-duck
seconds, then tell everybody and deliver what was said, for at most
.B \\-\\-drain
seconds; a second signal cuts that short.
.TP
.B SIGHUP
read the files again, and the options that can change.
.SH EXIT STATUS
1, with a line on stderr for each fault, if it can't start; else the signal that stopped
it.
.SH SEE ALSO
.BR bcast\\-client (1),
.BR bcast\\-admin (1),
.BR bcast\\-passwd (1),
.BR bcast\\-store (1)
"""


def man(options: Iterable[Option], version: str) -> str:
    """Return docs/man/bcastd.8, a page for man(1).

    Args:
        options: the options, in the order in which they are listed.
        version: the version of the daemon.
    """
    introduction = "\n".join(textwrap.wrap(_escaped(INTRODUCTION), 88))
    parts = [_MAN.format(version=version, introduction=introduction)]
    for group, members in _grouped(options):
        parts.append(f".SH {group.value.upper()}\n")
        for option in members:
            short = f"\\-{option.short}\\fR, \\fB" if option.short else ""
            unit = f" \\fI{_escaped(option.unit)}\\fR" if option.unit else ""
            name = _escaped(f"--{option.name}")
            told = "\n".join(textwrap.wrap(_escaped(option.description), 88))
            parts.append(f".TP\n\\fB{short}{name}\\fR{unit}\n{told}\n")
    return "".join([*parts, _MAN_END])


def _escaped(text: str) -> str:
    """Return text as roff wants it, where no line of it begins with a request."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace(" .", " \\&.")
