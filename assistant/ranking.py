"""The recipe that ranks passages for a question, fair between languages (design 6).

Dense: the mean of a passage's own cosine and its best sentence's, both centred per language.
Lexical: BM25 within the question's language only; across languages the glossary's
translations of the terms that the question names. A passage with an aligned translation has
two surfaces and counts by its better one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from .index import Index, Near, Vector, centre
from .types import LANGUAGES, Hit, Language, Signals, other_language

# One standard deviation of centred cosines between a question and unrelated passages; it turns
# "0.3 x BM25 z-score" of design 6 into cosine units without needing every passage's cosine.
COSINE_SPREAD = 0.1
LEXICAL_WEIGHT = 0.3
GLOSSARY_WEIGHT = 0.15
# In a large index a rare word's z-score grows without bound; past this it says nothing more.
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
    wide = max(60, 6 * count)
    own = _best(index.nearest("passages", query.vector, wide))
    sentence = _best(index.nearest("sentences", query.vector, 3 * wide))
    lexical = _lexical(index, query, query.language, query.text)
    other = other_language(query.language)
    named = " ".join(index.glossary.translations(query.text, other))
    glossary = _lexical(index, query, other, named)
    # What was not among the nearest is at most as near as the last of them.
    floors = (_floor(own), _floor(sentence))
    best: dict[str, tuple[float, Signals]] = {}
    for surface in LANGUAGES:
        words = lexical if surface == query.language else glossary
        weight = LEXICAL_WEIGHT if surface == query.language else GLOSSARY_WEIGHT
        ids = {id_ for id_, language in {*own, *sentence} if language == surface}
        ids.update(sorted(words, key=lambda id_: -words[id_])[:wide])
        rows = []
        for id_ in ids:
            passage_cosine = own.get((id_, surface), floors[0])
            sentence_cosine = sentence.get((id_, surface), floors[1])
            dense = (passage_cosine + sentence_cosine) / 2
            z = words.get(id_, 0.0)
            signals = Signals(passage_cosine, sentence_cosine, dense, z)
            rows.append((dense + COSINE_SPREAD * weight * min(z, MAX_Z), id_, signals))
        rows.sort(key=lambda row: (-row[0], row[1]))
        # Words decide the order within a language, never between languages: the passages take
        # the places, best first, that their cosines won against the other language.
        places = sorted((signals.dense for _, _, signals in rows), reverse=True)
        for place, (_, id_, signals) in zip(places, rows, strict=True):
            if id_ not in best or place > best[id_][0]:
                best[id_] = (place, signals)
    order = sorted(best, key=lambda id_: (-best[id_][0], id_))
    if sources is not None:
        order = [id_ for id_ in order if id_.split(".")[0] in sources]
    late = [id_ for id_ in must if id_ in best and id_ not in order[:count]][:count]
    order = order[: count - len(late)] + late
    return [
        Hit(passage, best[passage.id][0], place, best[passage.id][1])
        for place, passage in enumerate(index.passages(order), start=1)
    ]


def _best(found: list[Near]) -> dict[tuple[str, Language], float]:
    best: dict[tuple[str, Language], float] = defaultdict(lambda: -1.0)
    for near in found:
        key = (near.passage_id, near.surface)
        best[key] = max(best[key], near.cosine)
    return dict(best)


def _floor(best: dict[tuple[str, Language], float]) -> float:
    return min(best.values(), default=0.0)


def _lexical(index: Index, query: Query, language: Language, text: str) -> dict[str, float]:
    lexical = index.lexical[language]
    z = lexical.z_scores(text)
    return {lexical.ids[i]: float(z[i]) for i in np.flatnonzero(z)}


def _top(scores: dict[str, float], language: Language, count: int) -> set[tuple[str, Language]]:
    best = sorted(scores, key=lambda id_: -scores[id_])[:count]
    return {(id_, language) for id_ in best}
