"""Settings, values and timers: no socket, no reactor, and no import of ours."""
