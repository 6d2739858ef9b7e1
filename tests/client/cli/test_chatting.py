"""The terminals of ``connect``."""

import pytest

from broadcast.client.cli.chatting import is_dumb


@pytest.mark.parametrize(
    ("environ", "os_name", "dumb"),
    [
        ({"TERM": "dumb"}, "posix", True),
        ({"TERM": "DUMB"}, "posix", True),
        ({"TERM": "unknown"}, "posix", True),
        ({"TERM": ""}, "posix", True),
        ({}, "posix", True),
        ({}, "nt", False),
        ({"TERM": "dumb"}, "nt", True),
        ({"TERM": "xterm"}, "posix", False),
    ],
)
def test_terminals_without_control_sequences(
    environ: dict[str, str], os_name: str, dumb: bool
) -> None:
    """A terminal of which nothing is known gets none, but on Windows none is named."""
    assert is_dumb(environ, os_name) is dumb
