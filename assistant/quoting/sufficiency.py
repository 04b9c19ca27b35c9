"""Do the sources answer? Names, words, answer type, closeness and reading, gathered as evidence."""

from __future__ import annotations

from collections.abc import Sequence

from ..planning.naming import around, stands_in, whole
from ..planning.questions import Question
from ..retrieval.index import Index
from ..types import Hit, Source
from .coverage import content_words, uncovered
from .decision import Evidence
from .sentence_choice import Choice
from .windows import PassageReading, reading_of


def weigh(
    index: Index,
    question: Question,
    hits: Sequence[Hit],
    chosen: Sequence[Choice],
    readings: Sequence[PassageReading],
    sources: Sequence[Source],
) -> Evidence:
    """Gather the evidence for the chosen sentences; `sources` are those that were searched."""
    cited = {c.passage.id: c.passage for c in chosen}
    here = [around(index.sources[passage.source_id], passage) for passage in cited.values()]
    missing = [name for name in question.names if not stands_in(index.glossary, name, here)]
    texts = [whole(source) for source in sources] if missing else []
    unknown = tuple(name for name in missing if not stands_in(index.glossary, name, texts))
    words = content_words(question)
    unsaid = uncovered(words, here, index.glossary)
    best = max(chosen, key=lambda c: c.score, default=None)
    read = reading_of(best, readings) if best else None
    return Evidence(
        unknown=unknown,
        absent=tuple(name for name in missing if name not in unknown),
        unsaid=unsaid,
        covered=1 - len(unsaid) / len(words) if words else 1.0,
        closeness=max((hit.signals.dense for hit in hits), default=-1.0),
        meets=any(choice.meets for choice in chosen),
        margin=read.reading.margin if read else 0.0,
        answerable=read.reading.answerable if read else 0.0,
    )
