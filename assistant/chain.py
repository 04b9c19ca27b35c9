"""The whole way from a question to its answer: one chain of LangChain runnables.

    chain = plan | gather | weigh | compose | check

`compose` writes with the chat model where there is one, and quotes where there is none or where
it fails. What flows between the steps is one mapping, `Work`, to which each step adds.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Collection,
    Generator,
    Iterator,
)
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, cast

from langchain_core.runnables import Runnable, RunnableConfig, RunnableGenerator, RunnableLambda

from .answer import Answer, Chunk
from .errors import ChatModelError
from .planning.plan import Plan
from .quoting.weighing import Gathered, Weighed

if TYPE_CHECKING:
    from .quoting.composing import Composed
    from .writing.drafts import Draft
    from .writing.model_run import ModelRun


class Work(TypedDict, total=False):
    """What is known of a request on its way.

    run: the chat model's part in it. began: when it was taken up, by `time.perf_counter`.
    failure: why the chat model's words are not there.
    """

    question: str
    history: Any
    sources: Collection[str] | None
    run: ModelRun | None
    began: float
    plan: Plan
    gathered: Gathered
    weighed: Weighed
    failure: ChatModelError


@dataclass(frozen=True, slots=True)
class Wording:
    """Words on their way to the reader.

    The last piece brings the work, and the quoted answer or the chat model's drafts.
    """

    text: str = ""
    work: Work | None = None
    parts: Composed | None = None
    drafts: tuple[Draft, ...] = ()

    def __add__(self, other: Wording) -> Wording:
        """Both together, as LangChain adds up what a stream gave."""
        return Wording(
            self.text + other.text,
            other.work or self.work,
            other.parts or self.parts,
            other.drafts or self.drafts,
        )


@dataclass(frozen=True, slots=True)
class Steps:
    """What the steps do; `wants_model` says whether a request is one for the chat model."""

    plan: Callable[[Any, RunnableConfig], Work]
    gather: Callable[[Work], Gathered]
    weigh: Callable[[Work], Weighed]
    wants_model: Callable[[Work], bool]
    write: Callable[[Work, RunnableConfig], Iterator[Wording]]
    quote: Callable[[Work, RunnableConfig], Iterator[Wording]]
    check: Callable[[Wording, float], Answer]


def make_chain(steps: Steps) -> Runnable[Any, Any]:
    """The chain; `invoke` gives the `Answer`, `stream` gives `Chunk`s, the last with the answer.

    It takes a question, or a mapping with `question` and, if wanted, `history` and `sources`.
    """
    quote = _pieces(steps.quote, "quote")
    write = _pieces(steps.write, "write").with_fallbacks(
        [quote], exceptions_to_handle=(ChatModelError,), exception_key="failure"
    )

    def gather(work: Work) -> Work:
        return {**work, "gathered": steps.gather(work)}

    def weigh(work: Work) -> Work:
        return {**work, "weighed": steps.weigh(work)}

    def compose(work: Work) -> Runnable[Work, Wording]:
        return write if steps.wants_model(work) else quote

    plan = RunnableLambda(steps.plan, name="plan")
    return (
        plan
        | RunnableLambda(gather)
        | RunnableLambda(weigh)
        | RunnableLambda(compose)
        | Check(steps.check)
    )


def _pieces(
    step: Callable[[Work, RunnableConfig], Iterator[Wording]], name: str
) -> Runnable[Work, Wording]:
    """A step that gives its words as they come; stopping its reader stops the chat model."""

    def transform(works: Iterator[Work], config: RunnableConfig) -> Iterator[Wording]:
        for work in works:
            yield from step(work, config)

    async def atransform(
        works: AsyncIterator[Work], config: RunnableConfig
    ) -> AsyncIterator[Wording]:
        async for work in works:
            pieces = step(work, config)
            try:
                while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                    yield piece
            finally:
                if (run := work.get("run")) is not None:
                    run.close()

    # Its types know nothing of the config, which it hands to whoever takes one.
    return RunnableGenerator(cast(Any, transform), cast(Any, atransform), name=name)


class Check(Runnable[Wording, Any]):
    """The last step: passes the words on, then gives the answer, every claim of it checked."""

    name = "check"

    def __init__(self, check: Callable[[Wording, float], Answer]) -> None:
        """`check` gets all the words and when the first of them came."""
        self._check = check

    def invoke(self, input: Wording, config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
        """The answer."""
        answer: Answer = self._call_with_config(lambda w: self._check(w, 0.0), input, config)
        return answer

    def transform(
        self, input: Iterator[Wording], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Chunk]:
        """The words in pieces, then the answer."""
        yield from self._transform_stream_with_config(input, self._chunks, config)

    async def atransform(
        self, input: AsyncIterator[Wording], config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Chunk]:
        """As `transform`."""
        async for chunk in self._atransform_stream_with_config(input, self._achunks, config):
            yield chunk

    def _chunks(self, pieces: Iterator[Wording]) -> Iterator[Chunk]:
        whole, first = Wording(), 0.0
        for piece in pieces:
            whole += piece
            if piece.text:
                first = first or time.perf_counter()
                yield Chunk(piece.text)
        yield from _ending(self._check(whole, first), first)

    async def _achunks(self, pieces: AsyncIterator[Wording]) -> AsyncIterator[Chunk]:
        whole, first = Wording(), 0.0
        async for piece in pieces:
            whole += piece
            if piece.text:
                first = first or time.perf_counter()
                yield Chunk(piece.text)
        answer = await asyncio.to_thread(self._check, whole, first)
        for chunk in _ending(answer, first):
            yield chunk


def _ending(answer: Answer, first: float) -> Iterator[Chunk]:
    """What comes last: the answer, and its text where no word of it was shown before."""
    if not first:
        yield Chunk(answer.text)
    yield Chunk("", answer)


class QuietChain(Runnable[Any, Any]):
    """The chain without LangSmith, which LANGSMITH_TRACING alone would switch on.

    A question may be anybody's secret: it leaves only where that was asked for, by the setting
    `trace` or by callbacks that the caller hands in. `steps` is the chain itself.
    """

    name = "report_assistant"

    def __init__(self, steps: Runnable[Any, Any]) -> None:
        """Keep the chain."""
        self.steps = steps

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """The `Answer`."""
        return _quiet().run(self.steps.invoke, input, config)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """As `invoke`."""
        coroutine = self.steps.ainvoke(input, config)
        return await asyncio.create_task(coroutine, context=_quiet())

    def stream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Any]:
        """The `Chunk`s."""
        context = _quiet()
        chunks = context.run(self.steps.stream, input, config)
        try:
            while (chunk := context.run(next, chunks, None)) is not None:
                yield chunk
        finally:
            context.run(cast(Generator[Any, None, None], chunks).close)

    async def astream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        """As `stream`."""
        context = _quiet()
        chunks = aiter(self.steps.astream(input, config))
        try:
            while True:
                coroutine = anext(chunks, None)
                chunk = await asyncio.create_task(coroutine, context=context)
                if chunk is None:
                    return
                yield chunk
        finally:
            closing = cast(AsyncGenerator[Any, None], chunks).aclose()
            await asyncio.create_task(closing, context=context)

    def get_graph(self, config: RunnableConfig | None = None) -> Any:
        """The steps, as LangChain draws them."""
        return self.steps.get_graph(config)


def _quiet() -> contextvars.Context:
    """A copy of the present context in which LangSmith is off."""
    from langsmith.run_helpers import tracing_context

    context = contextvars.copy_context()
    # Never left: the context is used for one call and thrown away.
    context.run(tracing_context(enabled=False).__enter__)
    return context
