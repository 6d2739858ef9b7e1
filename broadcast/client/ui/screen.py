"""The terminal: one prompt for the whole session, and lines above it.

Arriving lines are gathered for a moment; then, in one turn of the loop and one write,
the prompt is erased, the lines are printed into the terminal's own scrollback, and the
prompt is drawn again. The terminal never leaves raw mode, bracketed paste stays on and
no cursor position is asked for: each of these, as ``patch_stdout`` has them, corrupts
typed text under load. Knows nothing of servers.
"""

import asyncio
import os
from collections.abc import Callable

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Attrs

from broadcast.client.ui.display import GATHER, Status, Typed
from broadcast.client.ui.redraw import (
    can_draw,
    erase_what_is_wrapped,
    reflows,
    write_above,
)

GATHER_BUSY = 0.1
BUSY = 50
DIM = "dim" if hasattr(Attrs, "dim") else "italic"  # before 3.0.51


class Screen:
    """The ``Display`` with a prompt and its status, and text above it."""

    echoes = False

    def __init__(
        self,
        *,
        completer: Completer | None = None,
        input: Input | None = None,
        output: Output | None = None,
    ) -> None:
        self.enter: Callable[[str], Typed] = lambda _: Typed.TAKEN
        self.touched: Callable[[], None] = lambda: None
        self.interrupted: Callable[[], bool] = lambda: True
        self.status: Callable[[], Status] = Status
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._session: PromptSession[str] = PromptSession(
            is_password=False,
            multiline=False,
            completer=completer,
            complete_while_typing=False,
            complete_style=CompleteStyle.COLUMN,
            reserve_space_for_menu=5,
            enable_history_search=True,
            enable_suspend=True,
            prompt_continuation="",
            key_bindings=self._bindings(),
            erase_when_done=True,
            input=input,
            output=output or _quiet_output(),
        )
        self._app = self._session.app
        self._app.key_processor.before_key_press += lambda _: self.touched()
        if reflows(os.environ):
            erase_what_is_wrapped(self._app)
        self._app.before_render += lambda _: self._take_status()

    @property
    def history(self) -> History:
        """The lines that were typed before; to be set before ``run``."""
        return self._session.history

    @history.setter
    def history(self, history: History) -> None:
        self._session.history = self._session.default_buffer.history = history

    async def run(self, started: Callable[[], None]) -> None:
        """See ``Display``."""
        try:
            await self._session.prompt_async(
                pre_run=started, set_exception_handler=False
            )
        finally:
            self._print_waiting()

    def leave(self) -> None:
        """End ``run``."""
        if self._app.is_running and not self._app.is_done:
            self._app.exit(result="")

    def print(self, text: str) -> None:
        """Show this above the prompt, soon; it is trusted to be safe to write."""
        self._waiting.append(text)
        if self._timer is None:
            wait = GATHER if len(self._waiting) < BUSY else GATHER_BUSY
            self._timer = asyncio.get_running_loop().call_later(wait, self._flush)

    def refresh(self) -> None:
        """Draw the status again; with the lines that wait, if there are some."""
        if self._timer is None:
            self._app.invalidate()

    def give_back(self, text: str) -> bool:
        """Put a text into the editor, if nothing is in it."""
        buffer = self._session.default_buffer
        if buffer.text or self._session.is_password:
            return False
        buffer.set_document(Document(text))
        return True

    def clear(self) -> None:
        """Empty the screen; the scrollback stays."""
        self._app.renderer.clear()

    def ring(self) -> None:
        """The terminal's bell."""
        self._app.output.bell()
        self._app.output.flush()

    def set_title(self, title: str) -> None:
        """See ``Display``."""
        output = self._app.output
        if title:
            output.set_title(title)
        else:
            output.clear_title()
        output.flush()

    # Inside

    def _take_status(self) -> None:
        status = self.status()
        rows = [(DIM, f"{row}\n") for row in status.rows]
        self._session.message = [*rows, ("", status.text)]
        self._session.is_password = status.is_hidden

    def _flush(self) -> None:
        """Print the waiting lines above the prompt; later, if there is none."""
        self._timer = None
        if can_draw(self._app):
            write_above(self._app, self._take_waiting())
        else:
            self._timer = asyncio.get_running_loop().call_later(GATHER, self._flush)

    def _take_waiting(self) -> str:
        lines = "".join(f"{text}\n" for text in self._waiting)
        self._waiting = []
        return lines.replace("\n", "\r\n")

    def _print_waiting(self) -> None:
        """The last lines, when there is no prompt any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._app.output.write_raw(self._take_waiting())
        self._app.output.flush()

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()
        focused = has_focus(DEFAULT_BUFFER)
        is_empty = Condition(lambda: not self._session.default_buffer.text)

        @bindings.add("enter", filter=focused)
        def _(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            typed = self.enter(buffer.text)
            if typed is not Typed.KEPT:
                buffer.reset(append_to_history=typed is Typed.TAKEN)

        @bindings.add("escape", "enter", filter=focused)
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        @bindings.add("c-c", filter=focused)
        def _(event: KeyPressEvent) -> None:
            if event.current_buffer.text:
                event.current_buffer.reset()
            elif self.interrupted():
                event.app.exit(exception=KeyboardInterrupt())

        @bindings.add("c-d", filter=focused & is_empty)
        def _(event: KeyPressEvent) -> None:
            self.enter("/quit")

        @bindings.add("tab", filter=focused)
        def _(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            if buffer.complete_state:
                buffer.complete_next()
            else:
                buffer.start_completion(select_first=True)

        return bindings


def _quiet_output() -> Output:
    """The terminal, never asked where its cursor is: answers would come as typing."""
    output = create_output()
    if hasattr(output, "enable_cpr"):
        output.enable_cpr = False
    return output
