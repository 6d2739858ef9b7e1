"""A line broadcast daemon: what anyone says, everybody else hears at once.

docs/design.md describes the code, docs/protocol.md the wire.
"""

from importlib.metadata import version

__version__ = version("twisted-broadcast")
