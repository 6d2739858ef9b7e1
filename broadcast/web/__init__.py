"""HTTP: the page, the same room over WebSocket, metrics, health.

It needs the extra ``twisted-broadcast[web]``, and is imported only with ``--web``.
"""
