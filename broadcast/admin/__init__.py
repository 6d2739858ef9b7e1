"""The admin socket: a unix socket that only its owner can open.

A line in is a command, json objects out are the answer; ``bcast-admin`` is the
client. Who can open the socket may do all of it.
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
