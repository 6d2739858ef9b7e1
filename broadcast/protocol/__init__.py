"""The protocol's data and rules: events, dialects, names, safe text, roles. No I/O.

The client uses ``names`` and ``sanitize``.
"""
