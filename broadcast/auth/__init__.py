"""Authentication and moderation: passwords, shared secrets, bans, mutes.

The room and its sessions ask a ``Policy``. Nothing here knows a connection; clock and
scheduler are arguments.
"""
