"""The chat model's part in one answer: its calls, what they cost, and how to stop them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..types import NO_USAGE, Message

if TYPE_CHECKING:
    from .chat_model import ChatModel
    from .chat_reply import Callbacks, Reply


class StoppedError(Exception):
    """The answer was called off."""


class ModelRun:
    """Calls a chat model for one answer; `close` stops it from any thread."""

    def __init__(self, model: ChatModel) -> None:
        """Keep the model; nothing is asked yet."""
        self.name = model.name
        self.usage = NO_USAGE
        self._model = model
        self._lock = threading.Lock()
        self._reply: Reply | None = None
        self._closed = False

    @contextmanager
    def reply(self, messages: Sequence[Message], callbacks: Callbacks = ()) -> Iterator[Reply]:
        """A reply to iterate over; closed and counted at the end of the block.

        `callbacks` are LangChain's, told of the call.
        Raises StoppedError after `close`, ChatModelError as the model does.
        """
        with self._lock:
            if self._closed:
                raise StoppedError
            reply = self._reply = self._model.stream(messages, callbacks=callbacks)
        try:
            yield reply
            if self._closed:
                raise StoppedError
        finally:
            reply.close()
            self.usage += reply.usage
            with self._lock:
                self._reply = None

    def ask(self, messages: Sequence[Message], callbacks: Callbacks = ()) -> str:
        """The whole text of a reply; raises as `reply` does."""
        with self.reply(messages, callbacks) as reply:
            return "".join(reply)

    def close(self) -> None:
        """Stop the call that is running and forbid further ones."""
        with self._lock:
            self._closed = True
            reply = self._reply
        if reply is not None:
            reply.close()
