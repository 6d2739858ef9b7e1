"""Long runs against the real daemon, each a command with a report of its own.

``python -m soak.deliveries``, ``soak.stalled``, ``soak.newlines``,
``soak.churn``: see docs/performance.md. What they assert on a small scale is in
tests/load.
"""
