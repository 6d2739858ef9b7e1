"""The interface of ``--auth`` plugins, under the name that it has for them."""

from broadcast.auth.checkers import ISharedSecret

__all__ = ["ISharedSecret"]
