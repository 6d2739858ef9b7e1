"""The members, the log of messages, and the fan-out.

There is no reactor and no socket here: time and scheduling are arguments.
"""
