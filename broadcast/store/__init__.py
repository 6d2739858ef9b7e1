"""The ordered log, and the stores that commit to it."""
