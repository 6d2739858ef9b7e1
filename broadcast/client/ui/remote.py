"""The commands that the server answers, sent as it is to get them."""

from typing import TYPE_CHECKING

from broadcast.client.core.state import State
from broadcast.client.ui.interpret import Remote

if TYPE_CHECKING:
    from broadcast.client.ui.chat import Chat


def send_command(chat: "Chat", meant: Remote) -> None:
    """Send what a person typed; say so where it can't or needn't be."""
    if chat.session.state is not State.LIVE and meant.word != "login":
        chat.note(f"not connected: /{meant.word} was not sent")
    elif meant.word == "format":
        chat.note("this client and the server speak json; /format is not for you")
    elif meant.word == "login" and not meant.rest:
        chat.ask_secret(True)
    elif meant.word == "name" and meant.rest and " " not in meant.rest:
        chat.session.rename(meant.rest)
    else:
        chat.session.command(meant.line)
