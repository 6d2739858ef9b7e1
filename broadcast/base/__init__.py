"""Settings, values and timers: no I/O, and no import of ours."""
