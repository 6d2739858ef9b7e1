"""The question to a person where a server wants a login, and the answer sent."""

import pytest

from broadcast.client.ui.chat import Question

ACCOUNTS = "log in first: /login NAME PASSWORD"
SECRETS = "log in first: /login SECRET"
BOTH = "log in first: /login NAME PASSWORD or /login SECRET"


@pytest.mark.parametrize(
    ("wording", "name", "prompt"),
    [
        (ACCOUNTS, "alice", "password for alice (hidden)> "),
        (ACCOUNTS, "", "NAME PASSWORD (hidden)> "),
        (SECRETS, "alice", "secret (hidden)> "),
        (BOTH, "alice", "secret (hidden)> "),
        ("who are you?", "alice", "secret (hidden)> "),
    ],
)
def test_prompt_says_what_is_wanted(wording: str, name: str, prompt: str) -> None:
    """A password is asked for only where that is all the server takes."""
    assert Question(wording, name).prompt == prompt


@pytest.mark.parametrize(
    ("wording", "name", "typed", "secret"),
    [
        (ACCOUNTS, "alice", " pass-word ", "alice pass-word"),
        (ACCOUNTS, "alice", "bob  pass-word", "bob pass-word"),
        (ACCOUNTS, "", "pass-word", "pass-word"),
        (SECRETS, "alice", "s3cret", "s3cret"),
        (BOTH, "alice", "s3cret", "s3cret"),
        (BOTH, "alice", "alice pass-word", "alice pass-word"),
    ],
)
def test_password_alone_is_for_the_name(
    wording: str, name: str, typed: str, secret: str
) -> None:
    """One word is the password where that is wanted; two are NAME PASSWORD."""
    assert Question(wording, name).secret(typed) == secret
