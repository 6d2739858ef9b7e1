"""Who may come in, and as whom: passwords, shared secrets, bans, mutes.

The room and its sessions ask a ``Policy``. Nothing here knows a connection; clock and
scheduler are handed in.
"""
