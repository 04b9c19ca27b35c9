"""The assistant that a server answers with, opened in the background."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from ingest import build_index, pending_changes

from .. import Assistant, AssistantError, Settings, open_assistant

# How often it is looked whether the assistant is open, in seconds: too short to be noticed.
_TICK_S = 0.05


class AssistantHost:
    """One assistant for everyone who asks; safe to share between threads.

    `start` opens it in the background, building the index first where that is due.
    """

    def __init__(self, settings: Settings, assistant: Assistant | None = None) -> None:
        """Keep the settings; `assistant` is one that is open already."""
        self.settings = settings
        # What is going on until the assistant is there: the stage, and a share from 0.0 to 1.0.
        self.progress: tuple[str, float] = ("load", 0.0)
        self._opened: Future[Assistant] = Future()
        if assistant is not None:
            self._opened.set_result(assistant)

    @property
    def is_ready(self) -> bool:
        """Whether `use` would not wait."""
        return self._opened.done()

    async def ready(self) -> None:
        """Wait as `wait` does, in an event loop.

        No thread waits: one that does cannot be stopped, and a server that is told to end would
        hang until the assistant is open.
        """
        while not self.is_ready:
            await asyncio.sleep(_TICK_S)
        self.wait()

    def start(self) -> None:
        """Begin to open the assistant."""
        threading.Thread(target=self._start, name="open-assistant", daemon=True).start()

    def _start(self) -> None:
        try:
            if pending_changes(self.settings):
                build_index(self.settings, progress=self._note)
            self._opened.set_result(open_assistant(self.settings, progress=self._note))
        except BaseException as error:
            if not isinstance(error, AssistantError):
                logging.getLogger("ui").exception("The assistant could not be opened.")
            self._opened.set_exception(error)

    def _note(self, stage: str, share: float) -> None:
        self.progress = (stage, share)

    def wait(self) -> None:
        """Wait until the assistant is open; raises AssistantError when it cannot be opened."""
        self._opened.result()

    @contextmanager
    def use(self) -> Iterator[Assistant]:
        """The assistant, which sees every change of the documents at its next question.

        Waits until it is open. Raises AssistantError when it could not be opened.
        """
        yield self._opened.result()

    def close(self) -> None:
        """Close what is open; for the end of the program."""
        if self._opened.done() and self._opened.exception() is None:
            self._opened.result().close()
