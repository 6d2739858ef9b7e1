"""Hostile input, as commands: docs/hostile.md tells how to run each."""
