"""Roles: what a listener lets its members do."""

import pytest

from broadcast.protocol.roles import UNRESTRICTED, RoleError, parse_speak_only


def test_endpoints_with_names() -> None:
    """``NAME=ENDPOINT`` names a feed; an ``=`` within the endpoint doesn't."""
    given = "build=tcp:8001:interface=127.0.0.1 tcp:8001:interface=127.0.0.1"
    assert parse_speak_only(given) == (
        ("build", "tcp:8001:interface=127.0.0.1"),
        ("", "tcp:8001:interface=127.0.0.1"),
    )
    assert UNRESTRICTED.hears
    assert UNRESTRICTED.speaks
    for text in ("server=tcp:1", "a/b=tcp:1", "=tcp:1"):
        with pytest.raises(RoleError):
            parse_speak_only(text)
