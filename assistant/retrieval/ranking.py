"""The recipe that ranks passages for a question, fair between languages.

Dense: the mean of a passage's own cosine and its best sentence's, both centred per language.
Lexical: BM25 within the question's language only; across languages the glossary's
translations of the terms that the question names. A passage with an aligned translation has
two surfaces and counts by its better one. One without has, where it is in the other language, a
second encoder's opinion beside the first's. Why, with figures: docs/retrieval.md.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from ..errors import ModelError
from ..types import LANGUAGES, Hit, Language, Signals, other_language
from .index import Index, centre
from .second_encoder import closeness, second_encoder
from .store import Vector

# What one standard deviation of BM25 adds to a cosine: 0.3 of a deviation of cosines between a
# question and unrelated passages, which is 0.1. Without words XQuAD's recall@1 is 95.5 instead of
# 97.0 (400 English questions).
LEXICAL_WEIGHT = 0.03
# The same for the glossary's words. Without them, English questions on untranslated Chinese texts
# find their evidence among the first six for 36 instead of 39 of 40; 0.03 costs one of report-dev.
GLOSSARY_WEIGHT = 0.015
# What the second closeness adds to the first where question and passage differ in language. Both
# have the same deviation between a question and unrelated text (0.078 and 0.076), so that no
# z-score over the candidates is needed.
SECOND_WEIGHT = 0.3
# How many surfaces the vectors bring to be scored by their sentences, and how many the words. Of
# 2,000 passages the right one is not among the first 100 for at most 2 % of questions, which no
# recipe finds then.
CANDIDATES = 100
# In a large index a rare word's score grows without bound; past this it says nothing more.
MAX_Z = 8.0


@dataclass(frozen=True)
class Query:
    """A question ready for search: its words, language and centred vector (shape (dimension,))."""

    text: str
    language: Language
    vector: Vector

    @cached_property
    def second(self) -> Vector | None:
        """The second encoder's vector, made when it is first needed; None where that fails."""
        try:
            vectors = second_encoder().embed([self.text], language=self.language, kind="query")
        except ModelError as error:
            _warn(f"{error} Until then, what has no translation is found less surely.")
            return None
        vector: Vector = vectors[0]
        return vector


@cache  # once is enough
def _warn(said: str) -> None:
    logging.getLogger("assistant").warning(said)


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
    second = _second(index, query, numbers)
    # Those with a second opinion are ordered among themselves.
    found: dict[tuple[Language, bool], list[Candidate]] = {}
    for id_, surface in index.store.surfaces(numbers):
        own = float(surface.vector @ query.vector)
        sentence = float((surface.sentences @ query.vector).max(initial=-1.0))
        z = words[surface.language].get(surface.n, 0.0)
        signals = Signals(own, sentence, dense=(own + sentence) / 2, lexical=z)
        group = found.setdefault((surface.language, surface.n in second), [])
        group.append((id_, signals, second.get(surface.n, 0.0)))
    best: dict[str, tuple[float, Signals]] = {}
    for (language, _), candidates in found.items():
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


# A passage's id, why it may be meant, and how close the second encoder finds it.
Candidate = tuple[str, Signals, float]


def _second(index: Index, query: Query, numbers: Collection[int]) -> dict[int, float]:
    """How close the second encoder finds those surfaces in the other language that it embedded."""
    made_by = index.info.second
    if not made_by or second_encoder().fingerprint not in ("", made_by):
        return {}
    held = index.store.second_vectors(numbers, other_language(query.language))
    if not held or query.second is None:
        return {}
    starts = np.cumsum([0, *map(len, held.values())])[:-1]
    scores = closeness(query.second, np.concatenate([*held.values()]), starts)
    return dict(zip(held, scores.tolist(), strict=True))


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

    Words and the second encoder decide the order within a language, never between languages: the
    passages take, best first, the places that their cosines won against the other language.
    """

    def worth(candidate: Candidate) -> float:
        _, signals, second = candidate
        return signals.dense + weight * min(signals.lexical, MAX_Z) + SECOND_WEIGHT * second

    rows = sorted(candidates, key=lambda candidate: (-worth(candidate), candidate[0]))
    places = sorted((signals.dense for _, signals, _ in candidates), reverse=True)
    return [(place, id_, signals) for place, (id_, signals, _) in zip(places, rows, strict=True)]
