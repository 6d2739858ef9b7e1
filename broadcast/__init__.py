"""A line broadcast daemon: each line of a client is sent to all the others at once.

docs/design.md describes the code, docs/protocol.md the wire.
"""

from importlib.metadata import version

__version__ = version("twisted-broadcast")
