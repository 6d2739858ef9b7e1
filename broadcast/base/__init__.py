"""Settings, values and timers, without socket, reactor or import of other packages."""
