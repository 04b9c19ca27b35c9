"""From a question that stands alone to what the sources have for it."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields

from ..errors import QuestionError
from ..planning.naming import named_sources, plain
from ..planning.questions import Question, check_question, focus, understand
from ..retrieval.embeddings import TextEmbeddings
from ..retrieval.index import Index
from ..retrieval.language import simplified
from ..retrieval.ranking import Query, make_query, rank
from ..settings import Settings
from ..types import LANGUAGES, Hit, Language, Passage, Source, Status
from .coverage import content_words, uncovered
from .decision import Decision, Evidence, decision_for
from .reader import Reader
from .sentence_choice import Choice, choose, score_sentences
from .sufficiency import weigh
from .windows import PassageReading, read_passages, rescore


@dataclass(frozen=True, slots=True)
class Search:
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
    searched: tuple[Source, ...]
    embed_s: float
    search_s: float


@dataclass(frozen=True, slots=True)
class Found(Search):
    """A search with what it is worth; confidence and decision: as in `Answer`."""

    evidence: Evidence
    status: Status
    confidence: float
    decision: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What each source says on a topic, by its id; shown: passages for a chat model."""

    said: Mapping[str, Sequence[Choice]]
    shown: tuple[Passage, ...]
    embed_s: float
    search_s: float


# How many passages are looked through for what each document says; and what a model gets of them.
WIDE, SHOWN = 60, 12


class Searcher:
    """Finds passages and their sentences; opened parts are kept, nothing is loaded here."""

    def __init__(
        self, settings: Settings, index: Index, embeddings: TextEmbeddings, reader: Reader
    ) -> None:
        """Keep the opened parts."""
        self._settings = settings
        self._index = index
        self._embeddings = embeddings
        self._reader = reader
        # As near as nothing that is refused is, and half as near again.
        fits = decision_for(index.info.model).fits
        self._near = {language: 1.5 * fits[language].refused for language in LANGUAGES}

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
        (query,) = self._queries([question], parsed.language)
        count = count or self._settings.passages
        return rank(self._index, query, count=count, sources=sources)

    def search(self, asked: str, text: str, sources: Collection[str] | None = None) -> Search:
        """What the sources have for a checked question whose stand-alone form is `text`."""
        began = time.perf_counter()
        index = self._index
        parsed = understand(asked, text, index.glossary)
        everything = tuple(index.sources.values())
        named, pointing = named_sources(parsed.names, everything, index.glossary)
        focused = focus(parsed, pointing)
        # What names the document ("in the report") is not what is asked of it.
        query, *others = self._queries(dict.fromkeys([text, focused]), parsed.language)
        asked_of_it = others[0] if others else query
        embedded = time.perf_counter()
        front = index.front_passages(named) if parsed.asks_about_document else []
        count = self._settings.passages
        hits = rank(index, query, count=count, sources=sources, must=front)
        choices = score_sentences(index, parsed, asked_of_it, hits, named, front)
        readings = read_passages(self._reader, focused, parsed.language, choices)
        choices = rescore(choices, readings)
        return Search(
            question=parsed,
            hits=tuple(hits),
            choices=tuple(choices),
            chosen=tuple(choose(choices)),
            readings=tuple(readings),
            searched=tuple(s for s in everything if sources is None or s.id in sources),
            embed_s=embedded - began,
            search_s=time.perf_counter() - embedded,
        )

    def by_document(
        self, topic: str, language: Language, scope: Sequence[Source], *, each: int
    ) -> Looked:
        """What each of some sources says on a topic, at most `each` sentences of it.

        A source that holds the topic's words, in either language, in one place speaks of it; so
        does one that comes as near to it as an answer, but uses other words.
        """
        began = time.perf_counter()
        index = self._index
        parsed = understand(topic, topic, index.glossary)
        (query,) = self._queries([topic], language)
        embedded = time.perf_counter()
        ids = [source.id for source in scope]
        hits = rank(index, query, count=WIDE, sources=ids)
        choices = score_sentences(index, parsed, query, hits)
        wanted = [*parsed.names, *content_words(parsed)]
        said: dict[str, list[Choice]] = {}
        for choice in sorted(choices, key=lambda c: (self._missing(c, wanted), -c.score)):
            mine = said.setdefault(choice.passage.source_id, [])
            near = choice.hit.signals.dense >= self._near[language]
            if len(mine) < each and (self._missing(choice, wanted) == 0 or (near and not mine)):
                mine.append(choice)
        said = {id_: mine for id_, mine in said.items() if mine}
        return Looked(
            said=said,
            shown=_shown(said, hits, each),
            embed_s=embedded - began,
            search_s=time.perf_counter() - embedded,
        )

    def _missing(self, choice: Choice, wanted: Sequence[str]) -> int:
        """How many of the words stand neither in the sentence nor in its heading."""
        passage = choice.passage
        said = [passage.sentence_in(choice.number, language) or "" for language in LANGUAGES]
        text = plain("\n".join([passage.heading, *said]))
        return len(uncovered(wanted, [text], self._index.glossary))

    def _queries(self, texts: Collection[str], language: Language) -> list[Query]:
        # As passages are: Traditional and Simplified characters find each other.
        vectors = self._embeddings.embed_queries([simplified(text) for text in texts])
        pairs = zip(texts, vectors, strict=True)
        return [make_query(self._index, text, language, vector) for text, vector in pairs]


def _shown(
    said: Mapping[str, Sequence[Choice]], hits: Sequence[Hit], each: int
) -> tuple[Passage, ...]:
    """The passages that hold what is said, then the best others of each source."""
    chosen = [choice.passage for mine in said.values() for choice in mine]
    beside = [hit.passage for hit in hits]
    kept = {passage.id: passage for passage in [*chosen, *beside]}
    return tuple(list(kept.values())[: max(SHOWN, len(chosen))])


def judge(index: Index, decision: Decision, search: Search) -> Found:
    """A search with its evidence, and what that is worth."""
    language = search.question.language
    evidence = weigh(
        index, search.question, search.hits, search.chosen, search.readings, search.searched
    )
    return Found(
        **{field.name: getattr(search, field.name) for field in fields(search)},
        evidence=evidence,
        status=decision.status(evidence, language),
        confidence=decision.confidence(evidence, language),
        decision=decision.model,
    )
