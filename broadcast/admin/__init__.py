"""The admin socket: a unix socket that only its owner can open.

A line in is a command, JSON objects out are its answer; ``bcast-admin`` is the client.
The permission to open the socket is the permission to give every command.
"""

from typing import Final

HELP: Final = """\
who                                 who is here
kick NAME [REASON]                  close a connection
ban HOST|NAME [--for 10m] [REASON]  let a host, a network or a name in no more
unban HOST|NAME                     take a ban back
bans                                who is banned
mute NAME                           let NAME say nothing
unmute NAME                         let NAME speak again
say TEXT                            tell everybody something, as the server
log debug|info|warning|error        log this and what is graver
stats                               figures
drain                               tell everybody, deliver, stop
help                                this list"""
