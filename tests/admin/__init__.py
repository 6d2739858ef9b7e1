"""The admin socket and its command."""
