"""What a chat model says, as it comes: held to its time, asked for again, stopped at will.

All that a provider's package can raise ends here as a ChatModelError or a SettingsError. Their
messages never repeat what the service said: that may hold the key or the prompt.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, Union

from ..errors import ChatModelError
from ..retrieval.language import estimated_tokens
from ..settings import Settings
from ..types import Message, Usage
from .chat_chunks import DECLINED, INCOMPLETE, Thoughts, ending_of
from .chat_failures import DECLINES, failure_of, without_refused

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackManager
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import RunnableConfig


# What callers hand in: LangChain handlers, or the manager of a run around the call.
Callbacks = Union[Sequence[Any], "BaseCallbackManager"]

# The first wait before a request is made again; each later one doubles, up to LONGEST_WAIT_S
# (the first and last waits of the clients of OpenAI and Anthropic).
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 8.0


class Asked(Protocol):
    """Who is asked: a `ChatModel`. A request that it refuses may put a simpler model in place."""

    name: str
    model: BaseChatModel
    settings: Settings


class Reply(Iterator[str]):
    """What a chat model says, piece by piece; a context manager that stops it when left.

    text: the pieces taken so far. cut_off: it ended before it was complete, because the longest
    reply was reached, the service stopped in the middle or `close` was called. Thinking aloud
    (<think>…</think>) is left out. Iterating raises ChatModelError, whose `trouble` says why.
    """

    def __init__(
        self,
        chat: Asked,
        messages: Sequence[Message],
        callbacks: Callbacks,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Ask at once, on this loop."""
        self.text = ""
        self.cut_off = False
        self._chat = chat
        self._messages = list(messages)
        # A run's manager goes on as it is; LangChain breaks on a tuple of handlers.
        handed: Any = callbacks if hasattr(callbacks, "handlers") else list(callbacks)
        self._config: RunnableConfig = {"callbacks": handed} if handed else {}
        if not chat.settings.trace:
            from ..quiet import quiet

            self._config = quiet(self._config)
        self._pieces: SimpleQueue[str | ChatModelError | None] = SimpleQueue()
        self._ended = False
        # Written in the loop's thread: requests made; whether words were given out; all that came,
        # thoughts too; whether the service had work with it; what it counted; whether to the end.
        self._calls = 0
        self._begun = False
        self._received = ""
        self._charged = False
        self._counted: tuple[int, int] | None = None
        self._complete = False
        # The coroutine gets the context variables of this thread: spans stay in their trace.
        self._task = asyncio.run_coroutine_threadsafe(self._run(), loop)

    def __iter__(self) -> Self:
        """Itself: pieces can be taken once."""
        return self

    def __next__(self) -> str:
        """The next words, as soon as they are there."""
        if self._ended:
            raise StopIteration
        piece = self._pieces.get()
        if isinstance(piece, str):
            self.text += piece
            return piece
        self._ended = True
        if piece is not None:
            raise piece
        raise StopIteration

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it, if it is still under way."""
        self.close()

    def close(self) -> None:
        """Stop the request, whichever thread waits for a piece: its iteration ends."""
        if not self._ended:
            self._ended = self.cut_off = True
            # First: the cancelled task puts its own end, an error, which is for nobody then.
            self._pieces.put(None)
            self._task.cancel()

    @property
    def usage(self) -> Usage:
        """Requests made, tokens sent and received: the service's count or else an estimate."""
        sent, received = self._counted or (0, 0)
        if not self._charged or (self._complete and sent):
            return Usage(self._calls, sent, received)
        sent = sent or sum(estimated_tokens(text) for _, text in self._messages)
        received = max(received, estimated_tokens(self._received))
        return Usage(self._calls, sent, received, estimated=True)

    async def _run(self) -> None:
        """Fill the queue; its last item is what ends the iteration."""
        name, settings = self._chat.name, self._chat.settings
        end: ChatModelError | None = None
        try:
            async with asyncio.timeout(settings.chat_timeout_s) as limit:
                await self._ask_with_retries(limit)
        except ChatModelError as error:
            end = error
        except TimeoutError:
            self._charged = True
            end = ChatModelError(
                f"The chat model {name} took longer than {settings.chat_timeout_s:g} seconds. Ask "
                "again, raise ASSISTANT_CHAT_TIMEOUT_S or choose a quicker model.",
                trouble="timeout",
            )
        except asyncio.CancelledError:
            self._charged = True
            end = ChatModelError(f"The chat model {name} was closed before its reply ended.")
        finally:
            self._pieces.put(end)

    async def _ask_with_retries(self, limit: asyncio.Timeout) -> None:
        retried = 0
        while True:
            try:
                return await self._ask()
            except ChatModelError:
                raise
            except Exception as error:  # each provider's package has exceptions of its own
                failure = failure_of(error, self._chat.name, self._chat.settings, begun=self._begun)
                tokens = self._chat.settings.chat_tokens
                simpler = without_refused(self._chat.model, error, tokens)
                if simpler is not None and failure.trouble == "refused" and not self._begun:
                    self._chat.model = simpler
                    continue
                wait = min(FIRST_WAIT_S * 2**retried, LONGEST_WAIT_S) * random.uniform(0.5, 1)
                wait = max(wait, failure.wait_s)
                until = asyncio.get_running_loop().time() + wait
                retried += 1
                late = until >= (limit.when() or 0) or retried > self._chat.settings.chat_retries
                again = failure.again and getattr(error, "is_retryable", True)
                if late or self._begun or not again:
                    raise ChatModelError(failure.text, trouble=failure.trouble) from error
            await asyncio.sleep(wait)

    async def _ask(self) -> None:
        """One request, its pieces put into the queue as they come."""
        chat, stall_s = self._chat, self._chat.settings.chat_stall_s
        now = asyncio.get_running_loop().time
        self._calls += 1
        self._received, self._counted = "", None
        thoughts, ending = Thoughts(), ""
        try:
            async with asyncio.timeout(None) as silence:
                async for chunk in self._chunks(chat.model):
                    self._charged = True
                    ending = ending_of(chunk, ending)
                    self._count(chunk)
                    if chunk.content:
                        silence.reschedule(now() + stall_s)
                        self._received += chunk.text
                        self._give(thoughts.without(chunk.text))
        except TimeoutError as error:
            if not silence.expired():
                raise
            raise ChatModelError(
                f"The chat model {chat.name} went silent for {stall_s:g} seconds in the middle of "
                "its reply. Ask again or raise ASSISTANT_CHAT_STALL_S.",
                trouble="stalled",
            ) from error
        self._give(thoughts.rest())
        self._complete = True
        self._finish(ending)

    async def _chunks(self, model: BaseChatModel) -> AsyncIterator[AIMessage]:
        try:
            async for chunk in model.astream(self._messages, self._config):
                yield chunk
        except ValueError as error:
            # How LangChain says that not one event came: some services cannot stream.
            if "No generation chunks" not in str(error):
                raise
            self._calls += 1
            yield await model.ainvoke(self._messages, self._config)

    def _give(self, piece: str) -> None:
        if not self._begun:
            piece = piece.lstrip()
        if piece:
            self._begun = True
            self._pieces.put(piece)

    def _count(self, chunk: AIMessage) -> None:
        if chunk.usage_metadata is not None:
            sent, received = self._counted or (0, 0)
            sent += chunk.usage_metadata["input_tokens"]
            self._counted = sent, received + chunk.usage_metadata["output_tokens"]

    def _finish(self, ending: str) -> None:
        """Set `cut_off` from how the service ended, or raise when that leaves nothing usable."""
        name = self._chat.name
        if ending in DECLINED:
            raise ChatModelError(DECLINES.format(name), trouble="refused")
        self.cut_off = ending in INCOMPLETE
        if self._begun:
            return
        if self.cut_off:
            raise ChatModelError(
                f"The chat model {name} reached its longest reply before it said a word of it. "
                "Raise ASSISTANT_CHAT_TOKENS or choose a model that does not think aloud.",
                trouble="cut_off",
            )
        raise ChatModelError(
            f"The chat model {name} replied without a word. Ask again or choose another model.",
            trouble="empty",
        )
