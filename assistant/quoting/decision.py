"""Whether to answer: the evidence, and how it is judged for the embedding model in use.

Three outcomes: answered; partial (the sources come near but do not say it); refused (nothing
near). The weights of the signals and the cuts are fitted for each embedding model and language
by `python -m research.fit_decision` and kept with their origin in `data/sufficiency.json`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from ..types import Language, Status


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against an answer.

    unknown: names of the question that no source holds; absent: names that the sources hold,
    but not the passages to be cited; unsaid: other words of the question that those passages do
    not hold; covered: the share of such words that they do, 0 to 1. closeness: the best
    passage's centred cosine, −1 to 1; meets: whether the answer holds what the question's kind
    asks for. margin and answerable: what the reader says (logits).
    """

    unknown: tuple[str, ...]
    absent: tuple[str, ...]
    unsaid: tuple[str, ...]
    covered: float
    closeness: float
    meets: bool
    margin: float
    answerable: float

    def signals(self) -> tuple[float, ...]:
        """The numbers that confidence is fitted on, in the order of `SIGNALS`."""
        return (
            self.margin / 10,
            self.answerable / 5,
            self.closeness,
            float(self.meets),
            float(bool(self.unknown)),
            float(bool(self.absent)),
            self.covered,
        )


SIGNALS = ("margin", "answerable", "closeness", "meets", "unknown", "absent", "covered")
# By the fingerprint of an embedding model: its fits, and how they were made.
FITS = Path(__file__).parents[1] / "data" / "sufficiency.json"
# What decides where an embedding model has no fit of its own.
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Fit:
    """One language's fitted decision.

    refused: closeness below it is nothing near; weights and bias give the confidence from
    `Evidence.signals`; answered: from this confidence on it is an answer.
    """

    refused: float
    answered: float
    bias: float
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """How evidence is judged; model: the fingerprint that it was fitted for, or `DEFAULT`."""

    model: str
    fits: Mapping[Language, Fit]

    def confidence(self, evidence: Evidence, language: Language) -> float:
        """How likely it is that the sources answer, 0 to 1, as fitted."""
        fit = self.fits[language]
        if self.model == DEFAULT:
            evidence = replace(evidence, closeness=fit.refused)
        total = sum(w * s for w, s in zip(fit.weights, evidence.signals(), strict=True))
        return 1 / (1 + math.exp(-(fit.bias + total)))

    def status(self, evidence: Evidence, language: Language) -> Status:
        """Which of the three outcomes the evidence allows.

        A name that is nowhere is a fact and not a matter of degree: such a question is never
        simply answered, however close the passages are. And a short question may lie far from the
        passage that answers it: what is read there counts more than how near it is.
        """
        fit = self.fits[language]
        sure = self.confidence(evidence, language) >= fit.answered
        if sure and not evidence.unknown:
            return "answered"
        far = self.model != DEFAULT and evidence.closeness < fit.refused
        return "refused" if far else "partial"


@lru_cache(maxsize=4)
def decision_for(model: str, file: Path = FITS) -> Decision:
    """The decision fitted for an embedding model, by its fingerprint, or else a cautious default.

    Another model's cosines mean something else. The default is the first fit, which takes every
    passage for only just near: it refuses nothing, and calls more partial than that fit does (of
    the answerable questions of report-dev and near-misses-fit 12 % in English and 30 % in
    Chinese, with the bundled model's cosines 6 and 6).
    """
    shipped = json.loads(file.read_text(encoding="utf-8"))
    name = model if model in shipped else DEFAULT
    rows = shipped.get(model) or next(iter(shipped.values()))
    fits: dict[Language, Fit] = {
        language: Fit(**{**row, "weights": tuple(row["weights"][signal] for signal in SIGNALS)})
        for language, row in rows["fits"].items()
    }
    return Decision(name, fits)
