"""The question to a person where a server wants a login, and the answer sent."""

import pytest
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from broadcast.client.core.options import Options
from broadcast.client.core.outbox import MAX_LINES, Ground
from broadcast.client.core.requests import Profile
from broadcast.client.ui.chat import Chat
from broadcast.client.ui.display import Typed
from broadcast.client.ui.prompt import Question
from broadcast.client.ui.screen import Screen
from tests.support.client.asynchronous import run

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
        (SECRETS, "alice", "/login s3cret", "s3cret"),
        (ACCOUNTS, "alice", "/login pass-word", "alice pass-word"),
        (ACCOUNTS, "alice", " /Login bob pass-word", "bob pass-word"),
    ],
)
def test_password_alone_is_for_the_name(
    wording: str, name: str, typed: str, secret: str
) -> None:
    """One word is the password where that is wanted; two are NAME PASSWORD."""
    assert Question(wording, name).secret(typed) == secret


def test_entered_text_is_taken_once_whatever_is_full() -> None:
    """Lines for which ``/resend`` leaves no room are told, and not typed again."""

    async def main() -> None:
        with create_pipe_input() as keys:
            screen = Screen(input=keys, output=DummyOutput())
            chat = Chat(Options("connect"), Profile(name="bob"), screen)
            outbox = chat.session.outbox
            outbox.add("in doubt")
            outbox.take(Ground("bob", "e", 1), 8192)
            assert outbox.recall(Ground("bob", "f", 1)) == ("in doubt",)
            for _ in range(MAX_LINES - 1):
                outbox.add("x")
            assert chat.enter("/resend\nlast") is Typed.TAKEN
            assert len(outbox) == MAX_LINES
            assert chat.enter("one more") is Typed.KEPT

    run(main())
