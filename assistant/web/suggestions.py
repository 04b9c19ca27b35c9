"""Questions to begin with and to go on with; only those that retrieval finds an answer to."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path
from weakref import WeakKeyDictionary

from .. import Assistant
from ..errors import CorpusError
from ..planning.naming import plain
from ..planning.questions import names_in
from ..retrieval.index import Index
from ..retrieval.language import question_language
from ..types import LANGUAGES, Language, Passage, Source
from .records import Exchange

STARTERS_FILE = "starters.tsv"
_COLUMNS = ["source", "language", "question"]
# With one follow-up found, no check begins after so many seconds (it takes about 0.1): questions
# that were checked before fill up, and the next call goes on with the others.
_BUDGET_S = 0.15
# Questions checked a call: twice as many as are shown, as not each is answered.
_CHECKS = 6
# How far into a document its questions come from: some forty pages.
_PASSAGES = 150
# Questions made of one document; more are never all shown.
_TOPICS = 12
# Longer titles and topics make questions that fill more than two lines of a narrow page.
_TITLE = 60
_TOPIC = 40
# Retrieval answers this wording most often, of twelve tried: it holds least that is not the topic.
_TEMPLATE: dict[Language, str] = {
    "en": "According to “{title}”, what is there to know about {topic}?",
    "zh": "《{title}》如何谈到{topic}？",
}


@dataclass(frozen=True, slots=True)
class Starter:
    """A question about a source; passage: the id of the one that it is about, where known."""

    source: str
    language: Language
    question: str
    passage: str = ""


@dataclass(frozen=True, slots=True)
class _Check:
    """What a question turned up: whether it is answered, and with which (source, offset)."""

    answered: bool
    places: frozenset[tuple[str, int]]


@dataclass(slots=True)
class _Known:
    """What was found out about an opened index; it goes with the index."""

    checks: dict[tuple[str, int], _Check] = field(default_factory=dict)
    passages: dict[str, str] = field(default_factory=dict)
    own: dict[tuple[str, Language], tuple[Starter, ...]] = field(default_factory=dict)


_KNOWN: WeakKeyDictionary[Index, _Known] = WeakKeyDictionary()
_LOCK = threading.Lock()


def read_starters(path: Path) -> tuple[Starter, ...]:
    """The questions of a tab-separated file with the columns source, language, question.

    None where there is no file. Raises CorpusError naming the line that does not fit.
    """
    if not path.is_file():
        return ()
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} cannot be read ({error}). Mend it or remove it.") from error
    if not lines or lines[0].split("\t") != _COLUMNS:
        raise CorpusError(f"{path}: line 1 must read {' '.join(_COLUMNS)}, parted by tabs.")
    starters = []
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split("\t")
        if len(cells) != len(_COLUMNS) or not all(cells) or cells[1] not in LANGUAGES:
            raise CorpusError(
                f"{path}: line {number} needs a source's id, en or zh, and a question, "
                "parted by tabs."
            )
        starters.append(Starter(cells[0], "zh" if cells[1] == "zh" else "en", cells[2]))
    return tuple(starters)


def starters(assistant: Assistant, language: Language, count: int = 4) -> tuple[str, ...]:
    """Questions to begin a conversation with, of as many sources as there is room for.

    Users' own documents take turns with those that come with a list of questions.
    """
    listed, own = _by_source(assistant, language)
    mixed = chain.from_iterable(zip_longest(_in_turns(own), _in_turns(listed)))
    return _answered(assistant, (s for s in mixed if s), count=count, checks=3 * count)


def follow_ups(
    assistant: Assistant, exchange: Exchange, asked: Collection[str], count: int = 3
) -> tuple[str, ...]:
    """Questions near to what was asked last, in its language, that stand alone.

    Left out are those in `asked`, and those that the answer's own quotes would answer.
    """
    deadline = time.perf_counter() + _BUDGET_S
    language = question_language(exchange.question)
    hits = assistant.retrieve(exchange.stand_alone, count=50)
    near = {hit.passage.id: hit.signals.dense for hit in hits}
    for cited in exchange.citations:
        near.setdefault(cited.passage_id, min(near.values(), default=0.0))
    listed, own = _by_source(assistant, language, {id_.split(".")[0] for id_ in near})
    said = {_letters(text) for text in (*asked, exchange.question, exchange.stand_alone)}
    candidates = [
        (near[passage], starter)
        for starter in chain.from_iterable([*listed, *own])
        if _letters(starter.question) not in said
        and (passage := _passage_of(assistant.index, starter)) in near
    ]
    best = (starter for _, starter in sorted(candidates, key=lambda found: -found[0]))
    shown = {(c.source_id, quote.start) for c in exchange.citations for quote in c.quotes}
    return _answered(assistant, best, count=count, checks=_CHECKS, shown=shown, deadline=deadline)


def _answered(
    assistant: Assistant,
    candidates: Iterable[Starter],
    *,
    count: int,
    checks: int,
    shown: Collection[tuple[str, int]] = (),
    deadline: float = float("inf"),
) -> tuple[str, ...]:
    """The first so many of the questions that their source answers with something new."""
    known, found = _known(assistant.index), list[str]()
    for starter in candidates:
        key = starter.question, assistant.settings.passages
        if key not in known.checks:
            if checks == 0 or (found and time.perf_counter() > deadline):
                continue
            checks -= 1
            known.checks[key] = _check(assistant, starter)
        check = known.checks[key]
        if check.answered and not check.places & set(shown):
            found.append(starter.question)
        if len(found) == count:
            break
    return tuple(found)


def _check(assistant: Assistant, starter: Starter) -> _Check:
    found = assistant.find(starter.question)
    places = frozenset(
        (choice.passage.source_id, choice.passage.sentences[choice.number].start)
        for choice in found.chosen
    )
    answered = found.status == "answered" and starter.source in {id_ for id_, _ in places}
    return _Check(answered, places)


def _known(index: Index) -> _Known:
    return index.once("suggestions", _Known)


def _by_source(
    assistant: Assistant, language: Language, sources: Collection[str] | None = None
) -> tuple[list[list[Starter]], list[list[Starter]]]:
    """For each source its questions: from the corpus's list, and made for those without any."""
    there = assistant.index.records
    listed: dict[str, list[Starter]] = {}
    for starter in read_starters(assistant.settings.corpus / STARTERS_FILE):
        if starter.source in there:
            listed.setdefault(starter.source, [])
            if starter.language == language:
                listed[starter.source].append(starter)
    wanted = [id_ for id_ in there if id_ not in listed and (sources is None or id_ in sources)]
    # What was added last stands last, and comes first. In a large library a few have to do.
    own = [list(_own(assistant.index, there[id_], language)) for id_ in reversed(wanted[-8:])]
    return [found for found in listed.values() if found], [found for found in own if found]


def _in_turns(groups: Sequence[Sequence[Starter]]) -> Iterator[Starter]:
    """The first of each group, then the second of each."""
    return (starter for row in zip_longest(*groups) for starter in row if starter)


def _passage_of(index: Index, starter: Starter) -> str:
    """The id of the passage that shares most words with a question, in its source."""
    if starter.passage:
        return starter.passage
    known = _known(index).passages
    if starter.question not in known:
        found = index.matches(starter.question, starter.language, 1, [starter.source])
        surfaces = index.store.surfaces(found)
        known[starter.question] = surfaces[0][0] if surfaces else ""
    return known[starter.question]


def _own(index: Index, source: Source, language: Language) -> tuple[Starter, ...]:
    """Questions about a document by its headings or, where it has none, by names in it."""
    known = _known(index).own
    if (source.id, language) not in known:
        passages = index.passages(index.passage_ids(source.id)[:_PASSAGES])
        topics = _headings(passages) or _names(index, passages)
        # A title's own marks would end the question's.
        marks = str.maketrans("《》“”", "〈〉‘’")
        title = source.title(language).translate(marks)
        known[source.id, language] = tuple(
            Starter(source.id, language, _TEMPLATE[language].format(title=title, topic=topic), id_)
            for topic, id_ in list(topics.items())[:_TOPICS]
            if len(title) <= _TITLE and len(topic) <= _TOPIC
        )
    return known[source.id, language]


def _headings(passages: Sequence[Passage]) -> dict[str, str]:
    topics: dict[str, str] = {}
    for passage in passages:
        if passage.heading:
            topics.setdefault(passage.heading, passage.id)
    return topics


def _names(index: Index, passages: Sequence[Passage]) -> dict[str, str]:
    """What the passages name most often, and the first of them that does."""
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for passage in passages:
        for name in names_in(passage.text, index.glossary):
            if not name[0].isdigit():
                counts[name] += 1
                first.setdefault(name, passage.id)
    return {name: first[name] for name, _ in counts.most_common(_TOPICS)}


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", plain(text))
