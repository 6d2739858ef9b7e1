"""A line broadcast daemon: what anyone says, everybody else hears at once.

The house is described in docs/design.md, the wire in docs/protocol.md.
"""

from importlib.metadata import version

__version__ = version("broadcast")
