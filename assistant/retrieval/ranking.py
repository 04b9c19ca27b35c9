"""The recipe that ranks passages for a question, fair between languages.

Dense: the mean of a passage's own cosine and its best sentence's, both centred per language.
Lexical: BM25 within the question's language only; across languages the glossary's
translations of the terms that the question names. A passage with an aligned translation has
two surfaces and counts by its better one. Why, with figures: docs/retrieval.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..types import LANGUAGES, Hit, Language, Signals
from .index import Index, Near, Vector, centre

# What one standard deviation of BM25 adds to a cosine: 0.3 of a deviation of cosines between a
# question and unrelated passages, which is 0.1. Without words XQuAD's recall@1 is 95.5 instead of
# 97.0 (400 English questions).
LEXICAL_WEIGHT = 0.03
# The same for the glossary's words. Without them, English questions on untranslated Chinese texts
# find their evidence among the first six for 36 instead of 39 of 40; 0.03 costs one of report-dev.
GLOSSARY_WEIGHT = 0.015
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
    # Candidates cost nothing at this size; the words' order needs some beyond those shown.
    wide = max(60, 6 * count)
    if sources is not None:  # what is left out must not crowd out what is asked for
        wide = max(wide, 2 * len(index.passage_ids))
    own = _best(index.nearest("passages", query.vector, wide))
    sentence = _best(index.nearest("sentences", query.vector, 3 * wide))
    best: dict[str, tuple[float, Signals]] = {}
    for surface in LANGUAGES:
        for place, id_, signals in _ordered(index, query, surface, own, sentence, wide):
            if id_ not in best or place > best[id_][0]:
                best[id_] = (place, signals)
    order = sorted(best, key=lambda id_: (-best[id_][0], id_))
    if sources is not None:
        order = [id_ for id_ in order if id_.split(".")[0] in sources]
    late = [id_ for id_ in must if id_ in order and id_ not in order[:count]][:count]
    order = order[: count - len(late)] + late
    return [
        Hit(passage, best[passage.id][0], place, best[passage.id][1])
        for place, passage in enumerate(index.passages(order), start=1)
    ]


Cosines = Mapping[tuple[str, Language], float]


def _ordered(
    index: Index,
    query: Query,
    surface: Language,
    own: Cosines,
    sentence: Cosines,
    wide: int,
) -> list[tuple[float, str, Signals]]:
    """The candidates of one surface, best first, each with the score of the place it takes.

    Words decide the order within a language, never between languages: the passages take, best
    first, the places that their cosines won against the other language.
    """
    if surface == query.language:
        asked, weight = query.text, LEXICAL_WEIGHT
    else:
        asked = " ".join(index.glossary.translations(query.text, surface))
        weight = GLOSSARY_WEIGHT
    words = index.lexical[surface].matches(asked)
    # What was not among the nearest is at most as near as the last of them.
    floors = (min(own.values(), default=0.0), min(sentence.values(), default=0.0))
    ids = {id_ for id_, language in {*own, *sentence} if language == surface}
    ids.update(sorted(words, key=lambda id_: -words[id_])[:wide])
    rows = []
    for id_ in ids:
        cosines = own.get((id_, surface), floors[0]), sentence.get((id_, surface), floors[1])
        z = words.get(id_, 0.0)
        signals = Signals(*cosines, dense=sum(cosines) / 2, lexical=z)
        score = signals.dense + weight * min(z, MAX_Z)
        rows.append((score, id_, signals))
    rows.sort(key=lambda row: (-row[0], row[1]))
    places = sorted((signals.dense for _, _, signals in rows), reverse=True)
    return [(place, id_, signals) for place, (_, id_, signals) in zip(places, rows, strict=True)]


def _best(found: list[Near]) -> dict[tuple[str, Language], float]:
    best: dict[tuple[str, Language], float] = defaultdict(lambda: -1.0)
    for near in found:
        key = (near.passage_id, near.surface)
        best[key] = max(best[key], near.cosine)
    return dict(best)
