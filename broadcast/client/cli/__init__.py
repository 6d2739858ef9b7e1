"""The ``bcast-client`` command."""
