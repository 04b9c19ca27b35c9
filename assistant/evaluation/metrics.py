"""Scores as pure functions of texts and spans; each returns 0.0 to 1.0."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..language import HAN, simplified
from ..types import Language

# The cut-offs of recall; nDCG is taken at the last one.
CUTOFFS = (1, 3, 6)
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
# CMRC 2018 counts Chinese by the character, and Latin words and figures whole.
_ZH_TOKEN = re.compile(f"[{HAN}]|[^\\W_{HAN}]+")


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a source by its id; offsets count characters, the end is exclusive."""

    source: str
    start: int
    end: int

    def overlaps(self, other: Place) -> bool:
        """Whether the two share a character."""
        return self.source == other.source and self.start < other.end and other.start < self.end


def contains(text: str, *, answers: Sequence[str] = (), answers_all: Sequence[str] = ()) -> bool:
    """Whether the text holds a gold answer, or all of those that are needed.

    Case, white space, full-width forms and Traditional characters make no difference.
    """
    plain = _plain(text)
    if answers_all:
        return all(_plain(gold) in plain for gold in answers_all)
    return any(_plain(gold) in plain for gold in answers)


def exact_match(text: str, golds: Sequence[str], language: Language) -> float:
    """1.0 when the text equals one of the gold answers but for form, else 0.0.

    Form: see `answer_tokens`.
    """
    tokens = answer_tokens(text, language)
    return float(any(tokens == answer_tokens(gold, language) for gold in golds))


def f1(text: str, golds: Sequence[str], language: Language) -> float:
    """Harmonic mean of precision and recall of the text's tokens, with the best gold answer.

    Definition: Rajpurkar et al., SQuAD, 2016; two texts without tokens agree, as in SQuAD 2.0.
    """
    tokens = answer_tokens(text, language)
    return max((_token_f1(tokens, answer_tokens(gold, language)) for gold in golds), default=0.0)


def answer_tokens(text: str, language: Language) -> list[str]:
    """The tokens that F1 counts.

    English: words without case, punctuation and articles, as SQuAD's official script has them.
    Chinese: characters without punctuation, runs of Latin letters and figures as one token.
    """
    text = _folded(text)
    if language == "zh":
        return _ZH_TOKEN.findall(text)
    return _ARTICLES.sub(" ", text.translate(_PUNCTUATION)).split()


def retrieval_scores(
    gold: Sequence[Place], hits: Sequence[Place], *, any_is_enough: bool = False
) -> dict[str, float]:
    """recall@1, recall@3, recall@6, mrr and ndcg@6 of hits in their order, by ir_measures.

    A hit finds the gold places that it overlaps and that no hit before it overlaps. recall@k:
    share of the gold places that the first k hits find. For mrr and ndcg a hit is as relevant
    as it finds places, and each place that none finds is a missed hit. any_is_enough: the
    places count as one. Raises ValueError when there is no gold: the scores are undefined.
    """
    if not gold:
        raise ValueError("retrieval is undefined without gold evidence")
    import ir_measures
    from ir_measures import RR, R, nDCG

    found = _found_by(gold, hits, any_is_enough=any_is_enough)
    wanted = 1 if any_is_enough else len(gold)
    relevant = {f"hit {i}": count for i, count in enumerate(found) if count}
    relevant |= {f"missed {i}": 1 for i in range(wanted - sum(found))}
    # R counts documents: so that k hits are k · wanted places, each hit gets that many, and the
    # places it finds come first among them.
    places = [f"{i} {n}" for i in range(len(hits)) for n in range(wanted)]
    found_places = {f"{i} {n}": 1 for i, count in enumerate(found) for n in range(count)}
    found_places |= {f"missed {i}": 1 for i in range(wanted - sum(found))}
    qrels = {"hits": relevant, "places": found_places}
    run = {"hits": _ranked([f"hit {i}" for i in range(len(hits))]), "places": _ranked(places)}
    recalls = {R @ (k * wanted): f"recall@{k}" for k in CUTOFFS}
    others = {RR: "mrr", nDCG @ CUTOFFS[-1]: f"ndcg@{CUTOFFS[-1]}"}
    scores = dict.fromkeys([*recalls.values(), *others.values()], 0.0)
    if not hits:
        return scores
    for metric in ir_measures.iter_calc([*recalls, *others], qrels, run):
        names = recalls if metric.query_id == "places" else others
        if metric.measure in names:
            scores[names[metric.measure]] = float(metric.value)
    return scores


def citation_precision(gold: Sequence[Place], quotes: Sequence[Place]) -> float:
    """Share of the quotes that overlap gold evidence.

    Raises ValueError when there are no quotes.
    """
    return _share([any(quote.overlaps(place) for place in gold) for quote in quotes])


def citation_recall(
    gold: Sequence[Place], quotes: Sequence[Place], *, any_is_enough: bool = False
) -> float:
    """Share of the gold evidence that a quote overlaps; with any_is_enough 0.0 or 1.0.

    Raises ValueError when there is no gold evidence.
    """
    found = [any(place.overlaps(quote) for quote in quotes) for place in gold]
    return float(any(found)) if any_is_enough and found else _share(found)


def _found_by(gold: Sequence[Place], hits: Sequence[Place], *, any_is_enough: bool) -> list[int]:
    """How many gold places each hit is the first to find."""
    left = list(gold)
    counts = []
    for hit in hits:
        missed = [place for place in left if not place.overlaps(hit)]
        counts.append(len(left) - len(missed))
        left = missed
        if any_is_enough and counts[-1]:
            counts[-1] = 1
            left = []
    return counts


def _ranked(names: Sequence[str]) -> dict[str, float]:
    return {name: float(len(names) - i) for i, name in enumerate(names)}


def _share(values: Sequence[bool]) -> float:
    if not values:
        raise ValueError("the share of nothing is undefined")
    return sum(values) / len(values)


def _token_f1(tokens: Sequence[str], gold: Sequence[str]) -> float:
    if not tokens or not gold:
        return float(tokens == gold)
    common = (Counter(tokens) & Counter(gold)).total()
    return 2 * common / (len(tokens) + len(gold))


def _folded(text: str) -> str:
    """The text without differences of form: width, case, apostrophes, Traditional characters."""
    return simplified(unicodedata.normalize("NFKC", text)).lower().replace("’", "'")


def _plain(text: str) -> str:
    return "".join(_folded(text).split())
