"""The names that plugins of ``--auth`` import; all else is in ``broadcast.auth``."""
