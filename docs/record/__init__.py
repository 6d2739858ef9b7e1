"""Recordings of real sessions, for README.md and the pages of ``docs/``."""
