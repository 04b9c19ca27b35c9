"""From a question that stands alone to what the sources have for it, and what that is worth."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from .embeddings import TextEmbeddings
from .errors import QuestionError
from .index import Index
from .language import simplified
from .naming import named_sources
from .questions import Question, check_question, focus, understand
from .quoting import FOCUS_SHARE, Choice, choose, score_sentences
from .ranking import Query, make_query, rank
from .reader import Reader
from .reading import PassageReading, read_passages, rescore
from .settings import Settings
from .sufficiency import Evidence, decide, weigh
from .types import Hit, Language, Source, Status


@dataclass(frozen=True, slots=True)
class Found:
    """What a question turned up.

    hits: the passages, best first; choices: their sentences, the likeliest answer first; chosen:
    those that a quoted answer takes; searched: the sources that were looked into; embed_s and
    search_s: seconds.
    """

    question: Question
    hits: tuple[Hit, ...]
    choices: tuple[Choice, ...]
    chosen: tuple[Choice, ...]
    readings: tuple[PassageReading, ...]
    evidence: Evidence
    searched: tuple[Source, ...]
    status: Status
    embed_s: float
    search_s: float


class Searcher:
    """Finds passages and weighs them; opened parts are kept, nothing is loaded here."""

    def __init__(
        self, settings: Settings, index: Index, embeddings: TextEmbeddings, reader: Reader
    ) -> None:
        """Keep the opened parts."""
        self._settings = settings
        self._index = index
        self._embeddings = embeddings
        self._reader = reader

    def check(self, question: str, sources: Collection[str] | None = None) -> str:
        """The question without surrounding white space.

        Raises QuestionError when it cannot be taken, or none of the sources is known.
        """
        if sources is not None and not set(sources) & set(self._index.sources):
            known = ", ".join(self._index.sources)
            raise QuestionError(
                "None of the sources to search is in the index. Leave `sources` out to search "
                f"all, or choose from: {known}."
            )
        return check_question(question, limit=self._settings.question_chars)

    def hits(
        self, question: str, *, count: int | None = None, sources: Collection[str] | None = None
    ) -> list[Hit]:
        """The best passages for a checked question that stands alone, best first."""
        parsed = understand(question, question, self._index.glossary)
        ((query, _), *_) = self._queries(question, question, parsed.language)
        count = count or self._settings.passages
        return rank(self._index, query, count=count, sources=sources)

    def find(self, asked: str, text: str, sources: Collection[str] | None = None) -> Found:
        """What the sources have for a checked question whose stand-alone form is `text`."""
        began = time.perf_counter()
        index = self._index
        parsed = understand(asked, text, index.glossary)
        everything = tuple(index.sources.values())
        named, pointing = named_sources(parsed.names, everything, index.glossary)
        focused = focus(parsed, pointing)
        queries = self._queries(text, focused, parsed.language)
        embedded = time.perf_counter()
        must = index.front_passages(named) if parsed.asks_about_document else []
        count = self._settings.passages
        hits = rank(index, queries[0][0], count=count, sources=sources, must=must)
        choices = score_sentences(index, parsed, queries, hits, named)
        readings = read_passages(self._reader, focused, parsed.language, choices)
        choices = rescore(choices, readings)
        chosen = choose(parsed, choices)
        searched = tuple(s for s in everything if sources is None or s.id in sources)
        evidence = weigh(index, parsed, hits, chosen, readings, searched)
        return Found(
            question=parsed,
            hits=tuple(hits),
            choices=tuple(choices),
            chosen=tuple(chosen),
            readings=tuple(readings),
            evidence=evidence,
            searched=searched,
            status=decide(evidence, parsed.language),
            embed_s=embedded - began,
            search_s=time.perf_counter() - embedded,
        )

    def _queries(self, text: str, focused: str, language: Language) -> list[tuple[Query, float]]:
        # As passages are: Traditional and Simplified characters find each other.
        vector = self._embeddings.embed_query(simplified(text))
        whole = make_query(self._index, text, language, vector)
        if focused == text:
            return [(whole, 1.0)]
        vector = self._embeddings.embed_query(simplified(focused))
        part = make_query(self._index, focused, language, vector)
        return [(whole, 1.0 - FOCUS_SHARE), (part, FOCUS_SHARE)]
