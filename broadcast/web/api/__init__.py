"""Lines over HTTP: ``POST /say``, ``GET /lines`` and ``GET /events``.

A reader is a quiet member like any other. A post joins nobody.
"""
