"""The settings that a command line makes, or why it makes none."""

import pytest

from broadcast.base.settings import Settings
from broadcast.command_line import Options


def settings_of(*words: str) -> Settings:
    """Return the settings that ``twist broadcast WORDS`` would have."""
    options = Options()
    options.parent = None
    options.parseOptions(list(words))
    return options.settings


def refusal_of(*words: str) -> str:
    """Return the line with which ``twist broadcast WORDS`` would be refused."""
    with pytest.raises(SystemExit) as refused:
        settings_of(*words)
    return str(refused.value)
