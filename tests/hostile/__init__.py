"""Hostile input, in a size that fits the normal suite."""
