"""From a question that stands alone to what the sources have for it."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import zip_longest

from ..errors import QuestionError
from ..planning.documents import documents_in
from ..planning.naming import plain
from ..planning.questions import Question, check_question, understand
from ..retrieval.embeddings import TextEmbeddings
from ..retrieval.index import Index
from ..retrieval.language import estimated_tokens, simplified
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
    """What each source says on a topic, by its id.

    hits: the passages that were looked through, best first; shown: those for a chat model.
    """

    said: Mapping[str, Sequence[Choice]]
    hits: tuple[Hit, ...]
    shown: tuple[Passage, ...]
    embed_s: float
    search_s: float


# How many passages are looked through for what each document says, and how many at least of each
# where so few are asked about; what a chat model gets of them, in estimated tokens.
WIDE, LEAST, SIDES = 60, 6, 12
SHOWN_TOKENS = 3_000
# A sentence speaks of a topic when it holds more than this share of its words; and what the share
# counts beside the likeness of meaning.
HELD_SHARE, HELD_WEIGHT = 0.5, 0.3
# A document that is asked about by name is quoted from somewhat farther than others.
NEAR = 0.7
_OR = re.compile(r"\bor\b|或者?|还是")


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
        # How near what is never refused lies.
        fits = decision_for(index.info.model).fits
        self._near = {language: fits[language].refused for language in LANGUAGES}

    def check(self, question: str, sources: Collection[str] | None = None) -> str:
        """The question without surrounding white space.

        Raises QuestionError when it cannot be taken, or none of the sources is known.
        """
        if sources is not None and not any(id_ in self._index.records for id_ in sources):
            known = ", ".join(self._index.records)
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
        everything = index.all_records
        mentions = documents_in(text, everything, index.glossary)
        named = {*mentions.ids, *mentions.favoured}
        parsed = understand(asked, text, index.glossary, documents=mentions.mere_names)
        focused = parsed.focus
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
            chosen=tuple(choose(choices, parsed)),
            readings=tuple(readings),
            searched=tuple(s for s in everything if sources is None or s.id in sources),
            embed_s=embedded - began,
            search_s=time.perf_counter() - embedded,
        )

    def by_document(
        self,
        topic: str,
        language: Language,
        scope: Sequence[Source],
        *,
        each: int,
        strictly: bool = False,
        together: bool = False,
    ) -> Looked:
        """What each of some sources says on a topic, at most `each` sentences of it.

        Together: at most so many sentences of all of them.

        Strictly: only sentences that hold all words of the topic, in either language, or most of
        them where their passage holds the others. Else also those that come as near to it as
        answers do, or hold most of its words.
        """
        began = time.perf_counter()
        index = self._index
        parsed = understand(topic, topic, index.glossary)
        (query,) = self._queries([topic], language)
        embedded = time.perf_counter()
        hits = self._looked_through(query, [source.id for source in scope])
        # "Patents or licences": a sentence on either of them will do.
        wanted = [self._words(each) for each in _OR.split(topic) if each.strip()] or [[]]
        choices = score_sentences(index, parsed, query, hits)
        missing = {choice: self._missing(choice, wanted) for choice in choices}
        # What no sentence of a passage misses, the passage holds.
        lacking: dict[str, frozenset[str]] = {}
        for choice, words in missing.items():
            lacking[choice.passage.id] = lacking.get(choice.passage.id, words) & words
        if not strictly:
            # What no sentence holds, and what every one does, tells none of them apart.
            counts = Counter(word for words in missing.values() for word in words)
            telling = {word for word, count in counts.items() if count < len(choices)}
            wanted = [[word for word in one if word in telling] for one in wanted]
        said: dict[str, list[Choice]] = {}
        shares = {}
        for choice in choices:
            held = [sum(word not in missing[choice] for word in one) for one in wanted]
            share = max(n / len(one) if one else 0.0 for n, one in zip(held, wanted, strict=True))
            near = not strictly and choice.hit.signals.dense >= NEAR * self._near[language]
            together_held = any(not lacking[choice.passage.id] & {*one} for one in wanted)
            if share == 1 or (share > HELD_SHARE and (together_held or not strictly)) or near:
                said.setdefault(choice.passage.source_id, []).append(choice)
                shares[choice] = share

        def worth(choice: Choice) -> float:
            return choice.score + HELD_WEIGHT * shares[choice]

        best = sorted(shares, key=worth, reverse=True)[: each if together else None]
        kept = {id_: [choice for choice in mine if choice in best] for id_, mine in said.items()}
        chosen = {
            id_: sorted(mine, key=worth, reverse=True)[:each] for id_, mine in kept.items() if mine
        }
        return Looked(
            said=chosen,
            hits=tuple(hits),
            shown=_shown(chosen, sorted(shares, key=worth, reverse=True), hits),
            embed_s=embedded - began,
            search_s=time.perf_counter() - embedded,
        )

    def _looked_through(self, query: Query, ids: Sequence[str]) -> list[Hit]:
        """The best passages of some sources; of a few also some that others would crowd out."""
        hits = rank(self._index, query, count=WIDE, sources=ids)
        counts = Counter(hit.passage.source_id for hit in hits)
        for id_ in ids if len(hits) == WIDE and len(ids) <= SIDES else ():
            if counts[id_] < LEAST:
                known = {hit.passage.id for hit in hits}
                own = rank(self._index, query, count=LEAST, sources=[id_])
                hits += [hit for hit in own if hit.passage.id not in known]
        return hits

    def _words(self, topic: str) -> list[str]:
        parsed = understand(topic, topic, self._index.glossary)
        return [*parsed.names, *content_words(parsed)] or [topic]

    def _missing(self, choice: Choice, wanted: Sequence[Sequence[str]]) -> frozenset[str]:
        """Which of the words stand neither in the sentence nor in its heading."""
        passage = choice.passage
        said = [passage.sentence_in(choice.number, language) or "" for language in LANGUAGES]
        text = plain("\n".join([passage.heading, *said]))
        words = list(dict.fromkeys(word for one in wanted for word in one))
        return frozenset(uncovered(words, [text], self._index.glossary))

    def _queries(self, texts: Collection[str], language: Language) -> list[Query]:
        # As passages are: Traditional and Simplified characters find each other.
        vectors = self._embeddings.embed_queries([simplified(text) for text in texts])
        pairs = zip(texts, vectors, strict=True)
        return [make_query(self._index, text, language, vector) for text, vector in pairs]


def _shown(
    said: Mapping[str, Sequence[Choice]], speaking: Sequence[Choice], hits: Sequence[Hit]
) -> tuple[Passage, ...]:
    """The passages that hold what is said, then others that speak of it, then the best others.

    Each source has its turn, so that none takes the room of another.
    """
    chosen = [choice.passage for mine in said.values() for choice in mine]
    spoken = [choice.passage for choice in speaking]
    ranked = [hit.passage for hit in hits]
    turns = [*_in_turn(chosen), *_in_turn([*spoken, *ranked])]
    return fitting(turns, SHOWN_TOKENS)


def _in_turn(passages: Iterable[Passage]) -> list[Passage]:
    """The first of each source, then the second of each, and so on."""
    of_each: dict[str, dict[str, Passage]] = {}
    for passage in passages:
        of_each.setdefault(passage.source_id, {}).setdefault(passage.id, passage)
    turns = zip_longest(*(each.values() for each in of_each.values()))
    return [passage for turn in turns for passage in turn if passage]


def fitting(passages: Iterable[Passage], tokens: int) -> tuple[Passage, ...]:
    """The first of the passages, each once, that go into so many estimated tokens."""
    kept: dict[str, Passage] = {}
    for id_, passage in {passage.id: passage for passage in passages}.items():
        tokens -= estimated_tokens(passage.text)
        if tokens < 0:
            break
        kept[id_] = passage
    return tuple(kept.values())


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
