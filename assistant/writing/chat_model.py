"""The chat model that writes: opened by its name, asked, stopped at will."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..errors import ChatModelError
from ..settings import Settings
from ..types import Message
from .chat_reply import Callbacks, Reply

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


# How long closing waits for a model without an async interface, whose thread cannot be stopped.
_CLOSE_S = 5.0


class ChatModel:
    """A LangChain chat model with its name and limits; threads may share it.

    Its requests run on an event loop in a thread of its own, so that one can be stopped while
    nothing comes. `name` stands on answers and in messages.
    """

    def __init__(
        self,
        name: str,
        model: BaseChatModel,
        settings: Settings,
        *,
        release: Callable[[], None] | None = None,
    ) -> None:
        """`release` is called once, when this is closed."""
        self.name = name
        self.model = model
        self.settings = settings
        self._release = release
        self._lock = threading.Lock()
        self._closed = False
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def stream(self, messages: Sequence[Message], *, callbacks: Callbacks = ()) -> Reply:
        """A reply to read piece by piece; the request is under way when this returns.

        callbacks: LangChain's, told of the request.
        """
        with self._lock:
            if self._closed:
                raise ChatModelError(f"The chat model {self.name} has been closed. Open it again.")
            return Reply(self, messages, callbacks, self._loop or self._started())

    def ask(self, messages: Sequence[Message], *, callbacks: Callbacks = ()) -> Reply:
        """A reply read to its end."""
        with self.stream(messages, callbacks=callbacks) as reply:
            for _ in reply:
                pass
        return reply

    def close(self) -> None:
        """Stop whatever is under way and end the thread; nothing can be asked any more."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(_CLOSE_S)
        if self._release is not None:
            self._release()

    def _started(self) -> asyncio.AbstractEventLoop:
        runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = runner.get_loop()

        def run() -> None:
            with runner:  # its end cancels what still runs
                runner.run(self._stop.wait())

        self._thread = threading.Thread(target=run, name=self.name, daemon=True)
        self._thread.start()
        return self._loop
