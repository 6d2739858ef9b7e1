"""What is said on the wire: events, dialects, names, safe text. No I/O.

Server and client share it.
"""
