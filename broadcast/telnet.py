"""Telnet negotiation (RFC 854), swallowed before lines are split."""

from typing import Final

IAC: Final = b"\xff"
_SB: Final = b"\xfa"
_SE: Final = b"\xff\xf0"
_OPTIONS: Final = (b"\xfb", b"\xfc", b"\xfd", b"\xfe")  # WILL, WONT, DO, DONT

MAX_SUBNEGOTIATION = 512
"""Bytes; a longer subnegotiation is none: its bytes are a line's again."""


class Telnet:
    """Takes the IAC sequences out of a stream, however it is cut."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def strip(self, data: bytes) -> bytes:
        """Return ``data`` without negotiation; an unfinished end is held back."""
        data, self._held = self._held + data, b""
        kept: list[bytes] = []
        at = 0
        while (iac := data.find(IAC, at)) >= 0:
            kept.append(data[at:iac])
            at = self._after(data, iac)
            if at < 0:
                self._held = data[iac:]
                return b"".join(kept)
            if data[iac + 1 : iac + 2] == IAC:
                kept.append(IAC)
        kept.append(data[at:])
        return b"".join(kept)

    @staticmethod
    def _after(data: bytes, iac: int) -> int:
        """Return where the sequence at ``iac`` ends; -1 if it is unfinished."""
        command = data[iac + 1 : iac + 2]
        if not command:
            return -1
        if command in _OPTIONS:
            return iac + 3 if len(data) > iac + 2 else -1
        if command == _SB:
            end = data.find(_SE, iac + 2, iac + MAX_SUBNEGOTIATION)
            if end >= 0:
                return end + len(_SE)
            return -1 if len(data) - iac < MAX_SUBNEGOTIATION else iac + 2
        return iac + 2
