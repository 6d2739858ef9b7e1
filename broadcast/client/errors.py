"""The exceptions of the client; each prints as one line for a person."""


class ClientError(Exception):
    """Any error of this client's."""


class CannotConnectError(ClientError):
    """No connection was made, or no broadcast server answered on it."""


class RefusedError(ClientError):
    """The server refuses us, or this line. ``code`` is the protocol's word."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


class LostError(ClientError):
    """The connection is gone and did not come back; unanswered lines are unsure."""


class OutboxFullError(ClientError):
    """So much waits to be sent already that nothing more is taken."""


class BrokenServerError(ClientError):
    """The bytes that arrive are not this protocol."""


class BadLineError(ClientError, ValueError):
    """A line is not an event of the protocol."""


class AddressError(ClientError, ValueError):
    """That is no address of a server."""


class ConfigError(ClientError, ValueError):
    """The config file, the environment or the command line is wrong; says where."""
