"""From a question to an answer: the straight path, and the door for callers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .answer import Answer, Chunk
from .builds import corpus_hash
from .composing import compose
from .embeddings import Progress, TextEmbeddings, model_fingerprint, question_embeddings
from .errors import QuestionError
from .index import Index, open_index
from .naming import named_sources
from .questions import Question, check_question, focus, stand_alone, understand
from .quoting import FOCUS_SHARE, Choice, choose, score_sentences
from .ranking import Query, make_query, rank
from .reader import Reader, open_reader
from .reading import PassageReading, read_passages, rescore
from .settings import Settings
from .sufficiency import Evidence, confidence, decide, weigh
from .types import Hit, Language, Source, Timings, Turn

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from .retrieval import PassageRetriever

History = Sequence[Answer | Turn]


def open_assistant(
    settings: Settings | None = None, *, progress: Progress | None = None
) -> Assistant:
    """An assistant over the index in service; safe to share between threads.

    Raises SettingsError, ModelError, IndexMissingError, IndexDamagedError or
    IndexMismatchError; each message names the next step.
    """
    settings = settings or Settings.load()
    # The model loads without Python's lock while Chroma is imported.
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(question_embeddings, settings, progress=progress)
        index = open_index(settings, fingerprint=model_fingerprint(settings))
        engine = loading.result()
        return Assistant(settings, index, engine, open_reader(settings, engine))


@dataclass(frozen=True, slots=True)
class _Found:
    """What a question turned up, and when (seconds of `time.perf_counter`)."""

    question: Question
    hits: list[Hit]
    choices: list[Choice]
    readings: list[PassageReading]
    embedded: float
    retrieved: float


class Assistant:
    """Answers questions from one index; made by `open_assistant`."""

    def __init__(
        self, settings: Settings, index: Index, embeddings: TextEmbeddings, reader: Reader
    ) -> None:
        """Keep the opened parts; nothing is loaded here."""
        self.settings = settings
        self.index = index
        self._embeddings = embeddings
        self._reader = reader

    def close(self) -> None:
        """Let go of the index, so that a later build may delete it; `with` does so by itself."""
        self.index.close()

    def __enter__(self) -> Assistant:
        """The assistant itself, closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the index."""
        self.close()

    @property
    def is_stale(self) -> bool:
        """Whether the corpus changed since the index was built; False where there is none."""
        try:
            return corpus_hash(self.settings.corpus) != self.index.info.corpus
        except OSError:
            return False

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources that answers come from, with their whole texts."""
        return tuple(self.index.sources.values())

    def ask(
        self, question: str, *, history: History = (), sources: Collection[str] | None = None
    ) -> Answer:
        """The answer to a question in English or Chinese.

        `history` holds the conversation so far, oldest first: answers, or turns of plain text.
        `sources` limits the search to those source ids. Raises QuestionError for a question
        that cannot be taken.
        """
        began = time.perf_counter()
        found = self._find(question, history, sources)
        chosen = choose(found.question, found.choices)
        evidence = self._weigh(found, chosen, sources)
        status = decide(evidence, found.question.language)
        language = self._language(found.question.language)
        composed = compose(
            self.index,
            found.question,
            language,
            status,
            evidence,
            chosen,
            found.choices,
            found.readings,
        )
        ended = time.perf_counter()
        return Answer(
            question=found.question.asked,
            stand_alone=found.question.text,
            language=language,
            status=status,
            confidence=confidence(evidence, found.question.language),
            hits=tuple(found.hits),
            composer="quotes",
            build=self.index.info.id,
            settings=self.settings.id,
            timings=Timings(
                embed_s=found.embedded - began,
                retrieve_s=found.retrieved - found.embedded,
                compose_s=ended - found.retrieved,
                total_s=ended - began,
            ),
            **composed,
        )

    def choices(self, question: str, *, sources: Collection[str] | None = None) -> list[Choice]:
        """Every sentence of the retrieved passages with its score, the likeliest answer first."""
        return self._find(question, (), sources).choices

    def stream(
        self, question: str, *, history: History = (), sources: Collection[str] | None = None
    ) -> Iterator[Chunk]:
        """The answer in pieces, as it is read; the last chunk holds the whole `Answer`.

        Raises as `ask` does, before the first chunk.
        """
        answer = self.ask(question, history=history, sources=sources)
        return _pieces(answer)

    async def aask(
        self, question: str, *, history: History = (), sources: Collection[str] | None = None
    ) -> Answer:
        """`ask` for asynchronous callers; runs in a worker thread."""
        return await asyncio.to_thread(self.ask, question, history=history, sources=sources)

    @property
    def retriever(self) -> PassageRetriever:
        """Retrieval alone, as a LangChain retriever."""
        from .retrieval import PassageRetriever

        return PassageRetriever(assistant=self, k=self.settings.passages)

    def retrieve(
        self, question: str, *, count: int | None = None, sources: Collection[str] | None = None
    ) -> list[Hit]:
        """The best passages for a question that stands alone, best first."""
        asked = check_question(question, limit=self.settings.question_chars)
        parsed = understand(asked, asked, self.index.glossary)
        ((query, _), *_) = self._queries(asked, asked, parsed.language)
        return rank(self.index, query, count=count or self.settings.passages, sources=sources)

    def as_runnable(self) -> Runnable[str | Mapping[str, Any], Answer]:
        """The assistant as a LangChain runnable.

        Takes a question, or a mapping with `question` and, if wanted, `history` and `sources`.
        """
        from langchain_core.runnables import RunnableLambda

        def call(request: str | Mapping[str, Any]) -> Answer:
            arguments = {"question": request} if isinstance(request, str) else dict(request)
            return self.ask(**arguments)

        async def acall(request: str | Mapping[str, Any]) -> Answer:
            return await asyncio.to_thread(call, request)

        return RunnableLambda(call, acall, name="report_assistant")

    def evidence(self, question: str, *, sources: Collection[str] | None = None) -> Evidence:
        """What speaks for and against an answer to a question that stands alone."""
        found = self._find(question, (), sources)
        return self._weigh(found, choose(found.question, found.choices), sources)

    def _find(self, question: str, history: History, sources: Collection[str] | None) -> _Found:
        asked = check_question(question, limit=self.settings.question_chars)
        if sources is not None and not set(sources) & set(self.index.sources):
            known = ", ".join(self.index.sources)
            raise QuestionError(
                "None of the sources to search is in the index. Leave `sources` out to search "
                f"all, or choose from: {known}."
            )
        earlier = [turn.stand_alone for turn in history]
        text = stand_alone(asked, earlier, self.index.glossary)
        parsed = understand(asked, text, self.index.glossary)
        named, pointing = named_sources(parsed.names, self.sources, self.index.glossary)
        focused = focus(parsed, pointing)
        queries = self._queries(text, focused, parsed.language)
        embedded = time.perf_counter()
        must = self.index.front_passages(named) if parsed.asks_about_document else []
        count = self.settings.passages
        hits = rank(self.index, queries[0][0], count=count, sources=sources, must=must)
        retrieved = time.perf_counter()
        choices = score_sentences(self.index, parsed, queries, hits, named)
        readings = read_passages(self._reader, focused, parsed.language, choices)
        return _Found(parsed, hits, rescore(choices, readings), readings, embedded, retrieved)

    def _weigh(
        self, found: _Found, chosen: Sequence[Choice], sources: Collection[str] | None
    ) -> Evidence:
        searched = [s for s in self.sources if sources is None or s.id in sources]
        return weigh(self.index, found.question, found.hits, chosen, found.readings, searched)

    def _queries(self, text: str, focused: str, language: Language) -> list[tuple[Query, float]]:
        whole = make_query(self.index, text, language, self._embeddings.embed_query(text))
        if focused == text:
            return [(whole, 1.0)]
        vector = self._embeddings.embed_query(focused)
        part = make_query(self.index, focused, language, vector)
        return [(whole, 1.0 - FOCUS_SHARE), (part, FOCUS_SHARE)]

    def _language(self, asked: Language) -> Language:
        policy = self.settings.language
        return asked if policy in ("auto", "both") else policy


def _pieces(answer: Answer) -> Iterator[Chunk]:
    step = 6 if answer.language == "zh" else 24
    for start in range(0, len(answer.text), step):
        yield Chunk(answer.text[start : start + step])
    yield Chunk("", answer)
