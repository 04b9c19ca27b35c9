"""The whole way from a question to its answer: one chain of LangChain runnables.

    chain = plan | gather | weigh | compose | check

`compose` writes with the chat model where there is one, and quotes where there is none or where
it fails. What flows between the steps is one mapping, `Work`, to which each step adds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, cast

from langchain_core.runnables import (
    Runnable,
    RunnableConfig,
    RunnableGenerator,
    RunnableLambda,
    RunnableSequence,
)

from .answer import Answer, Chunk
from .errors import ChatModelError
from .planning.plan import Plan
from .quoting.weighing import Gathered, Weighed

if TYPE_CHECKING:
    from .quoting.composing import Composed
    from .responding import Responder
    from .retrieval.index import Index
    from .writing.drafts import Draft
    from .writing.model_run import ModelRun


class Work(TypedDict, total=False):
    """What is known of a request on its way.

    index: the state of the index that it is answered from. responder: who takes the steps. run:
    the chat model's part in it. began: when it was taken up, by `time.perf_counter`. failure: why
    the chat model's words are not there.
    """

    question: str
    history: Any
    sources: Collection[str] | None
    index: Index | None
    responder: Responder
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


def make_chain(take: Callable[[Any], Work]) -> Runnable[Any, Any]:
    """The chain; `invoke` gives the `Answer`, `stream` gives `Chunk`s, the last with the answer.

    It takes a question, or a mapping with `question` and, if wanted, `history` and `sources`;
    `take` reads that, and says who takes the steps.
    """
    quote = _pieces(lambda work, config: work["responder"].quote(work, config), "quote")
    write = _pieces(
        lambda work, config: work["responder"].write(work, config), "write"
    ).with_fallbacks([quote], exceptions_to_handle=(ChatModelError,), exception_key="failure")

    def plan(request: Any, config: RunnableConfig) -> Any:
        work = take(request)
        return work["responder"].plan(work, config)

    async def aplan(request: Any, config: RunnableConfig) -> Any:
        work = take(request)
        return await _stoppable(work, work["responder"].plan, work, config)

    def compose(work: Any) -> Any:
        return write if work["responder"].wants_model(work) else quote

    # Lambdas, Any: LangChain draws its graphs from the annotations of functions, and fails at ours.
    return RunnableSequence(
        RunnableLambda(plan, aplan),
        RunnableLambda(
            lambda work: {**work, "gathered": work["responder"].gather(work)}, name="gather"
        ),
        RunnableLambda(
            lambda work: {**work, "weighed": work["responder"].weigh(work)}, name="weigh"
        ),
        RunnableLambda(compose),
        Check(),
        name="report_assistant",
    )


async def _stoppable(work: Work | None, function: Callable[..., Any], *given: Any) -> Any:
    """What a function gives, run in a thread; cancelling it stops the work's chat model."""
    try:
        return await asyncio.to_thread(function, *given)
    except asyncio.CancelledError:
        if work is not None and (run := work.get("run")) is not None:
            run.close()
        raise


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


class Check(Runnable[Any, Any]):
    """The last step: passes the words on, then gives the answer, every claim of it checked."""

    name = "check"

    @staticmethod
    def _check(words: Wording, first: float) -> Answer:
        """The answer from all the words; `first`: when the first of them came."""
        assert words.work is not None
        return words.work["responder"].check(words, first)

    def invoke(self, input: Wording, config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
        """The answer."""
        answer: Answer = self._call_with_config(lambda w: self._check(w, 0.0), input, config)
        return answer

    async def ainvoke(
        self, input: Wording, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Answer:
        """As `invoke`."""

        async def checked(words: Wording) -> Any:
            return await _stoppable(words.work, self._check, words, 0.0)

        answer: Answer = await self._acall_with_config(checked, input, config)
        return answer

    def transform(
        self, input: Iterator[Wording], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Chunk]:
        """The words in pieces, then the answer."""
        closed = False

        def until_closed() -> Iterator[Wording]:
            for piece in input:
                yield piece
                if closed:
                    return

        for chunk in self._transform_stream_with_config(until_closed(), self._chunks, config):
            try:
                yield chunk
            except GeneratorExit:
                # LangChain would read on to the end of a reply that nobody wants any more.
                closed = True
                raise

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
        answer = await _stoppable(whole.work, self._check, whole, first)
        for chunk in _ending(answer, first):
            yield chunk


def _ending(answer: Answer, first: float) -> Iterator[Chunk]:
    """What comes last: the answer, and its text where no word of it was shown before."""
    if not first:
        yield Chunk(answer.text)
    yield Chunk("", answer)
