"""Who is here, what was said, and the fan-out to all of them.

No reactor and no socket: time and scheduling are handed in.
"""
