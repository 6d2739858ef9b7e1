"""One connection's input: the handshake, then lines and commands.

No reactor and no socket: bytes on a wire, line ends and telnet belong to ``net``.
"""
