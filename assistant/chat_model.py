"""The chat model that writes: opened by its name, asked, held to its time, stopped at will.

All that a provider's package can raise ends here as a ChatModelError or a SettingsError. Their
messages never repeat what the service said: that may hold the key or the prompt.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .chat_failures import DECLINES, failure_of, without_refused
from .errors import ChatModelError
from .language import estimated_tokens
from .settings import Settings
from .types import Message, Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

    from .tracing import Callbacks

# The first wait before a request is made again; each later one doubles, up to LONGEST_WAIT_S.
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 8.0
# How long closing waits for a model without an async interface, whose thread cannot be stopped.
_CLOSE_S = 5.0


# How services say that a reply is not whole, or that they would not give one.
_INCOMPLETE = frozenset(
    "length max_tokens max_output_tokens model_length model_context_window_exceeded "
    "unfinished".split()
)
_DECLINED = frozenset(
    "content_filter content_filtered refusal safety recitation blocklist prohibited_content spii "
    "guardrail_intervened".split()
)


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


class Reply(Iterator[str]):
    """What a chat model says, piece by piece; a context manager that stops it when left.

    text: the pieces taken so far. cut_off: it ended before it was complete, because the longest
    reply was reached, the service stopped in the middle or `close` was called. Thinking aloud
    (<think>…</think>) is left out. Iterating raises ChatModelError, whose `trouble` says why.
    """

    def __init__(
        self,
        chat: ChatModel,
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
        handed = callbacks if hasattr(callbacks, "handlers") else list(callbacks)
        self._config: Any = {"callbacks": handed} if handed else {}
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
            self._task.cancel()
            self._pieces.put(None)

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
        from langsmith import tracing_context

        chat, stall_s = self._chat, self._chat.settings.chat_stall_s
        now = asyncio.get_running_loop().time
        self._calls += 1
        self._received, self._counted = "", None
        thoughts, ending = _Thoughts(), ""
        try:
            # LANGSMITH_TRACING alone must send nobody's words: callbacks that were handed in do.
            with tracing_context(enabled=False):
                async with asyncio.timeout(None) as silence:
                    async for chunk in self._chunks(chat.model):
                        self._charged = True
                        ending = _ending(chunk, ending)
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
        if ending in _DECLINED:
            raise ChatModelError(DECLINES.format(name), trouble="refused")
        self.cut_off = ending in _INCOMPLETE
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


def _ending(chunk: AIMessage, before: str) -> str:
    """How the service says that the reply ended, in small letters; `before` if it does not."""
    said = chunk.response_metadata
    if said.get("status") == "incomplete":
        return str((said.get("incomplete_details") or {}).get("reason", "length"))
    for key in ("finish_reason", "stop_reason", "stopReason", "done_reason", "status"):
        if said.get(key):
            return str(said[key]).lower()
    # These two always say it: a reply without was cut in the middle.
    promised = said.get("model_provider") in ("openai", "anthropic")
    return before or ("unfinished" if promised else "")


class _Thoughts:
    """Takes <think>…</think> out of a text that comes in pieces, however it is cut."""

    def __init__(self) -> None:
        self._held = ""
        self._inside = False

    def without(self, piece: str) -> str:
        """What of the text so far can be shown and was not yet."""
        self._held += piece
        shown = ""
        while True:
            tag = "</think>" if self._inside else "<think>"
            before, found, after = self._held.partition(tag)
            if not found:
                break
            shown += "" if self._inside else before
            self._held, self._inside = after, not self._inside
        # The end may be the start of a tag.
        sizes = range(min(len(tag), len(self._held)), 0, -1)
        keep = next((n for n in sizes if tag.startswith(self._held[-n:])), 0)
        free = len(self._held) - keep
        if not self._inside:
            shown += self._held[:free]
        self._held = self._held[free:]
        return shown

    def rest(self) -> str:
        """What was held back, after the last piece; a thought without an end is left out."""
        return "" if self._inside else self._held
