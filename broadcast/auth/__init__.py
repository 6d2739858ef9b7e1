"""Who may come in, and as whom: passwords, shared secrets, bans, doors.

What is said once in is not this room's business. The conversation asks a
``Guard``; nothing here knows a face, and no clock or thread is taken that was
not handed in.
"""
