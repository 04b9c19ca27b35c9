"""One question on its way to an answer: searched, worded by quotes or by a model, checked."""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .answer import Answer, Chunk
from .errors import ChatModelError, Trouble
from .messages import MessageKey, say
from .planning.conversation import History, understand_follow_up
from .planning.follow_ups import Context
from .quoting.composing import Worded, compose
from .quoting.searching import Found, Searcher
from .retrieval.index import Index
from .retrieval.language import answer_languages
from .settings import Settings
from .tracing import Steps
from .types import NO_USAGE, Language, Timings

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackHandler

    from .tracing import Callbacks
    from .writing.chat_model import ChatModel
    from .writing.model_run import ModelRun

# Pieces of a text that is there as a whole, in characters: about four words or Chinese words,
# what a chat model sends at a time.
_PIECE: dict[Language, int] = {"en": 24, "zh": 6}


class Response:
    """The way of one checked question to its answer; taken once, by `whole` or by `chunks`."""

    def __init__(
        self,
        settings: Settings,
        index: Index,
        searcher: Searcher,
        chat_model: ChatModel | None,
        asked: str,
        *,
        history: History = (),
        sources: Collection[str] | None = None,
        callbacks: Callbacks = (),
        spans: BaseCallbackHandler | None = None,
    ) -> None:
        """Keep what is needed; nothing is searched yet."""
        self._settings = settings
        self._index = index
        self._searcher = searcher
        self._asked = asked
        self._history = history
        self._sources = sources
        self._steps = Steps(callbacks, spans)
        self._run: ModelRun | None = None
        if chat_model is not None:
            from .writing.model_run import ModelRun

            self._run = ModelRun(chat_model, lambda: self._steps.callbacks)

    def whole(self) -> Answer:
        """The answer."""
        return [chunk.answer for chunk in self.chunks() if chunk.answer is not None][-1]

    def close(self) -> None:
        """Stop the chat model, from any thread."""
        if self._run is not None:
            self._run.close()

    def chunks(self) -> Generator[Chunk, None, None]:
        """The text in pieces, then the answer."""
        began = time.perf_counter()
        first_s = 0.0
        try:
            with self._steps.step("answer", {"question": self._asked}) as step:
                understood, found = self._search()
                languages = answer_languages(self._settings.language, found.question.language)
                searched = time.perf_counter()
                wording = _Pieces(self._wording(found, languages))
                for piece in wording:
                    first_s = first_s or time.perf_counter() - began
                    yield Chunk(piece)
                worded, ended = wording.result, time.perf_counter()
                timings = Timings(
                    embed_s=found.embed_s,
                    retrieve_s=found.search_s,
                    compose_s=ended - searched - worded.verify_s,
                    verify_s=worded.verify_s,
                    first_word_s=first_s or ended - began,
                    total_s=ended - began,
                )
                answer = self._answer(understood, found, languages, worded, timings)
                step.ends_with(_told(answer))
            yield Chunk("", answer)
        finally:
            self.close()

    def _search(self) -> tuple[Context, Found]:
        with self._steps.step("retrieve", {"question": self._asked}) as step:
            understood = understand_follow_up(
                self._asked,
                self._history,
                self._index.glossary,
                run=self._run,
                tokens=self._settings.history_tokens,
            )
            found = self._searcher.find(self._asked, understood.text, self._sources)
            step.ends_with({"hits": found.hits})
        return understood, found

    def _wording(self, found: Found, languages: Sequence[Language]) -> Generator[str, None, Worded]:
        run = self._run
        # Where nothing is near, or a name is nowhere, there is nothing to write about.
        if run is None or found.status == "refused" or found.evidence.unknown:
            quoted = compose(self._index, found, languages)
            yield from _pieces(quoted["text"], languages[0])
            return Worded(quoted)
        from .writing.authoring import Author

        author = Author(self._settings, self._index, run, self._steps, found)
        try:
            return (yield from author.write(languages))
        except ChatModelError as error:
            return Worded(
                compose(self._index, found, languages),
                notice=say(_key(error.trouble), languages[0]),
            )

    def _answer(
        self,
        understood: Context,
        found: Found,
        languages: tuple[Language, ...],
        worded: Worded,
        timings: Timings,
    ) -> Answer:
        return Answer(
            question=self._asked,
            stand_alone=understood.text,
            follow_up=understood.follow_up,
            language=languages[0],
            languages=languages,
            confidence=found.confidence,
            decision=found.decision,
            hits=found.hits,
            composer=worded.composer,
            prompt=worded.prompt,
            notice=worded.notice,
            unknown_markers=worded.unknown,
            usage=self._run.usage if self._run else NO_USAGE,
            build=self._index.info.id,
            settings=self._settings.id,
            timings=timings,
            **worded.parts,
        )


class _Pieces:
    """A generator's pieces to iterate over, and what it returned in the end."""

    result: Worded

    def __init__(self, generator: Generator[str, None, Worded]) -> None:
        self._generator = generator

    def __iter__(self) -> Iterator[str]:
        self.result = yield from self._generator


def _pieces(text: str, language: Language) -> Iterator[str]:
    step = _PIECE[language]
    for start in range(0, len(text), step):
        yield text[start : start + step]


def _key(trouble: Trouble) -> MessageKey:
    # "refused" is what the assistant says of a question.
    return "declined" if trouble == "refused" else trouble


def _told(answer: Answer) -> dict[str, Any]:
    """What a trace is told of an answer; `text` goes on only where it was asked for."""
    return {
        "status": answer.status,
        "language": answer.language,
        "composer": answer.composer,
        "citations": len(answer.citations),
        "confidence": answer.confidence,
        "decision": answer.decision,
        "tokens_in": answer.usage.tokens_in,
        "tokens_out": answer.usage.tokens_out,
        "first_word_s": answer.timings.first_word_s,
        "text": answer.text,
    }
