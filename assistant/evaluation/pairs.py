"""Pairs of a set: one question in both languages, and what its two answers have in common."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..figures import figures
from .intervals import share
from .questions import SetQuestion
from .results import AnswerRow, Result
from .summary import Estimate

# What two answers are compared by, in the words of the tables.
MEASURES: Mapping[str, str] = {
    "same_status": "same status",
    "passages": "passages cited (Jaccard)",
    "first_passage": "same first passage",
    "sentences": "sentences cited (Jaccard)",
    "same_sentences": "same sentences",
    "same_figures": "same figures",
}
_MARKER = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Pair:
    """One question with its results in both languages.

    scores: by name as in MEASURES, 0.0 to 1.0; None where both answers lack what is compared:
    neither cites anything, neither states a figure.
    """

    id: str
    kind: str
    en: Result
    zh: Result
    scores: Mapping[str, float | None]

    @property
    def differences(self) -> list[str]:
        """The names of the measures that are not whole."""
        return [name for name, score in self.scores.items() if score is not None and score < 1]


@dataclass(frozen=True, slots=True)
class PairGroup:
    """The pairs of one kind ("all": of every kind), and each defined measure's mean."""

    kind: str
    pairs: int
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Consistency:
    """All pairs of some sets; problems: what could not be paired, one sentence each."""

    pairs: tuple[Pair, ...]
    groups: tuple[PairGroup, ...]
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON."""
        return {
            "groups": [asdict(group) for group in self.groups],
            "problems": list(self.problems),
            "pairs": [
                {
                    "pair": pair.id,
                    "kind": pair.kind,
                    "scores": dict(pair.scores),
                    "differences": pair.differences,
                    "en": pair.en.to_dict(),
                    "zh": pair.zh.to_dict(),
                }
                for pair in self.pairs
            ],
        }


def paired(
    questions: Sequence[SetQuestion],
) -> tuple[dict[str, tuple[SetQuestion, SetQuestion]], tuple[str, ...]]:
    """The English and Chinese question of each pair, and a sentence for each without a partner."""
    by_pair: dict[str, list[SetQuestion]] = defaultdict(list)
    single: dict[str, list[str]] = defaultdict(list)
    for question in questions:
        if question.pair:
            by_pair[question.pair].append(question)
        else:
            single[question.set].append(question.id)
    problems = [f"{name}: these name no pair: {', '.join(ids)}." for name, ids in single.items()]
    pairs = {}
    for id_, mine in by_pair.items():
        english = [question for question in mine if question.language == "en"]
        chinese = [question for question in mine if question.language == "zh"]
        if len(english) == len(chinese) == 1:
            pairs[id_] = (english[0], chinese[0])
        else:
            names = ", ".join(f"{question.set}, {question.id}" for question in mine)
            problems.append(
                f"{names}: the pair {id_!r} has {len(english)} English and {len(chinese)} Chinese "
                "questions, but needs one of each."
            )
    return pairs, tuple(problems)


def compare_pair(id_: str, english: Result, chinese: Result) -> Pair:
    """What two results have in common."""
    left, right = english.answer, chinese.answer
    passages, sentences = _both(_passages, left, right), _both(_sentences, left, right)
    stated = _both(_figures, left, right)
    scores = {
        "same_status": float(english.status == chinese.status),
        "passages": _jaccard(*passages),
        "first_passage": _same(*(found[:1] for found in passages)),
        "sentences": _jaccard(*sentences),
        "same_sentences": _same(*(sorted(found) for found in sentences)),
        "same_figures": _same(*(sorted(found) for found in stated)),
    }
    return Pair(id_, english.kind or chinese.kind, english, chinese, scores)


def _both(
    part: Callable[[AnswerRow], list[str]], left: AnswerRow | None, right: AnswerRow | None
) -> tuple[list[str], list[str]]:
    """A part of both answers; nothing of an answer that is not there."""
    return part(left) if left else [], part(right) if right else []


def _passages(answer: AnswerRow) -> list[str]:
    return [citation["passage"]["id"] for citation in answer["citations"]]


def _sentences(answer: AnswerRow) -> list[str]:
    return [
        f"{citation['source']} {quote['start']}-{quote['end']}"
        for citation in answer["citations"]
        for quote in citation["quotes"]
    ]


def _figures(answer: AnswerRow) -> list[str]:
    # A refusal lists the titles of the sources, whose figures are no part of an answer.
    if answer["status"] == "refused":
        return []
    return list(figures(_MARKER.sub("", answer["text"])))


def _jaccard(left: Sequence[str], right: Sequence[str]) -> float | None:
    every = {*left, *right}
    return len({*left} & {*right}) / len(every) if every else None


def _same(left: Sequence[str], right: Sequence[str]) -> float | None:
    return float(left == right) if left or right else None


def group_pairs(pairs: Sequence[Pair]) -> tuple[PairGroup, ...]:
    """The means of all pairs, then of each kind's."""
    kinds = sorted({pair.kind for pair in pairs} - {"", "all"})
    groups = []
    for kind in ("all", *kinds):
        mine = [pair for pair in pairs if kind in ("all", pair.kind)]
        metrics = {}
        for name in MEASURES:
            scores = [score for pair in mine if (score := pair.scores[name]) is not None]
            if estimate := share(scores):
                metrics[name] = estimate
        groups.append(PairGroup(kind, len(mine), metrics))
    return tuple(groups)
