"""Do the sources answer? Names, words, answer type, closeness and reading, gathered as evidence."""

from __future__ import annotations

from collections.abc import Sequence

from ..planning.naming import around, card, forms_of, stands_in, whole
from ..planning.questions import Question
from ..retrieval.index import Index
from ..types import LANGUAGES, Hit, Source
from .coverage import content_words, uncovered
from .decision import Evidence
from .sentence_choice import Choice
from .windows import PassageReading, reading_of

# Up to so many sources are all looked through for a name; of more, those whose words promise it.
_FEW = 40


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
    unknown = tuple(name for name in missing if not _is_held(index, name, sources))
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


def _is_held(index: Index, name: str, sources: Sequence[Source]) -> bool:
    """Whether any of the sources holds a name, in its text or in its record."""
    if stands_in(index.glossary, name, [card(source) for source in sources]):
        return True
    ids = {source.id for source in sources}
    if len(ids) > _FEW:
        ids &= {
            id_
            for form in forms_of(index.glossary, name)
            for language in LANGUAGES
            for id_ in index.holding(form, language, _FEW)
        }
    return stands_in(index.glossary, name, [whole(index.sources[id_]) for id_ in ids])
