"""Sockets: listeners, connections, lines, writers, and how connections close."""
