"""``bcast-client`` and its importable API. Knows the wire protocol, not the server.

``connect`` is the way in. The events of a room are in ``broadcast.client.events``, the
exceptions in ``broadcast.client.errors``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from broadcast.client.api import Room, connect

__all__ = ["Room", "connect"]


def __getattr__(name: str) -> Any:
    """Import the API when it is asked for: the command starts faster without it."""
    if name in __all__:
        from broadcast.client import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
