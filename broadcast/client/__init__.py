"""``bcast-client`` and its importable API. Knows the wire protocol, not the server."""
