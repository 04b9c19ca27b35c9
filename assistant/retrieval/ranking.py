"""The recipe that ranks passages for a question, fair between languages.

Dense: the mean of a passage's own cosine and its best sentence's, both centred per language.
Lexical: BM25 within the question's language only; across languages the glossary's
translations of the terms that the question names. A passage with an aligned translation has
two surfaces and counts by its better one. Why, with figures: docs/retrieval.md.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..types import LANGUAGES, Hit, Language, Signals
from .index import Index, centre
from .store import Vector

# What one standard deviation of BM25 adds to a cosine: 0.3 of a deviation of cosines between a
# question and unrelated passages, which is 0.1. Without words XQuAD's recall@1 is 95.5 instead of
# 97.0 (400 English questions).
LEXICAL_WEIGHT = 0.03
# The same for the glossary's words. Without them, English questions on untranslated Chinese texts
# find their evidence among the first six for 36 instead of 39 of 40; 0.03 costs one of report-dev.
GLOSSARY_WEIGHT = 0.015
# How many surfaces the vectors bring to be scored by their sentences, and how many the words. Of
# 2,000 passages the right one is not among the first 100 for at most 2 % of questions, which no
# recipe finds then.
CANDIDATES = 100
# In a large index a rare word's score grows without bound; past this it says nothing more.
MAX_Z = 8.0


@dataclass(frozen=True, slots=True)
class Query:
    """A question ready for search: its words, language and centred vector (shape (dimension,))."""

    text: str
    language: Language
    vector: Vector


def make_query(index: Index, text: str, language: Language, embedded: list[float]) -> Query:
    """Centre a question's vector by the mean of questions in its language."""
    return Query(text, language, centre(embedded, index.means[f"query-{language}"]))


def rank(
    index: Index,
    query: Query,
    *,
    count: int,
    sources: Collection[str] | None = None,
    must: Sequence[str] = (),
) -> list[Hit]:
    """The `count` best passages, best first; `sources` limits them to those source ids.

    Passages in `must` take the last places when they are not among the best.
    """
    wide = max(CANDIDATES, 3 * count)
    near = set(index.candidates(query.vector, wide, sources))
    words = {lang: _words(index, query, lang, wide, sources) for lang in LANGUAGES}
    numbers = near.union(*words.values())
    found: dict[Language, list[Candidate]] = {language: [] for language in LANGUAGES}
    for id_, surface in index.store.surfaces(numbers):
        own = float(surface.vector @ query.vector)
        sentence = float((surface.sentences @ query.vector).max(initial=-1.0))
        z = words[surface.language].get(surface.n, 0.0)
        signals = Signals(own, sentence, dense=(own + sentence) / 2, lexical=z)
        found[surface.language].append((id_, signals))
    best: dict[str, tuple[float, Signals]] = {}
    for language, candidates in found.items():
        weight = LEXICAL_WEIGHT if language == query.language else GLOSSARY_WEIGHT
        for place, id_, signals in _ordered(candidates, weight):
            if id_ not in best or place > best[id_][0]:
                best[id_] = (place, signals)
    order = sorted(best, key=lambda id_: (-best[id_][0], id_))
    late = [id_ for id_ in must if id_ in best and id_ not in order[:count]][:count]
    order = order[: count - len(late)] + late
    return [
        Hit(passage, best[passage.id][0], place, best[passage.id][1])
        for place, passage in enumerate(index.passages(order), start=1)
    ]


# A passage's id, and why it may be meant.
Candidate = tuple[str, Signals]


def _words(
    index: Index,
    query: Query,
    surface: Language,
    wide: int,
    sources: Collection[str] | None,
) -> dict[int, float]:
    """The surfaces of a language that share words with the question, or with its translation."""
    asked = query.text
    if surface != query.language:
        asked = " ".join(index.glossary.translations(query.text, surface))
    return index.matches(asked, surface, wide, sources)


def _ordered(candidates: Sequence[Candidate], weight: float) -> list[tuple[float, str, Signals]]:
    """The candidates of one language, best first, each with the score of the place it takes.

    Words decide the order within a language, never between languages: the passages take, best
    first, the places that their cosines won against the other language.
    """
    rows = sorted(candidates, key=lambda c: (-c[1].dense - weight * min(c[1].lexical, MAX_Z), c[0]))
    places = sorted((signals.dense for _, signals in candidates), reverse=True)
    return [(place, id_, signals) for place, (id_, signals) in zip(places, rows, strict=True)]
