"""The admin socket: a unix socket that only its owner can open.

A line in is a command, JSON objects out are its answer; ``bcast-admin`` is the client.
The permission to open the socket is the permission to give every command.
"""

from typing import Final

MAX_COMMAND: Final = 8192
"""Bytes of a command, at most."""

HELP: Final = """\
who                                 lists the members
kick NAME [REASON]                  disconnects a member
ban HOST|NAME [--for 10m] [REASON]  disconnects and refuses a host or a name
unban HOST|NAME                     ends a ban
bans                                lists the bans
mute NAME                           refuses the lines of a name
unmute NAME                         ends a mute
say TEXT                            says TEXT to all members, as the server
log debug|info|warning|error        logs events of that level and graver
stats                               prints the daemon's figures
drain                               stops the daemon as SIGTERM does
help                                prints this list"""
