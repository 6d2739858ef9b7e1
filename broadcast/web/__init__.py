"""HTTP: the page, the same room over WebSocket, metrics, health.

Needs the extra ``twisted-broadcast[web]``; nothing outside imports it before ``--web``
is asked for.
"""
