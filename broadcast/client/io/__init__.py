"""Connections over asyncio or Twisted, plain, in TLS or as a WebSocket."""
