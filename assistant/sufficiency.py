"""Do the sources answer? Names, words, answer type, closeness and reading, with the reason.

Three outcomes (design 8): answered; partial (the sources come near but do not say it);
refused (nothing near). The weights of the signals and the cuts are fitted for each language by
`python -m assistant.evaluation fit` and kept with their origin in `data/sufficiency.json`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from .coverage import content_words, uncovered
from .index import Index
from .naming import around, stands_in, whole
from .questions import Question
from .quoting import Choice
from .reading import PassageReading, reading_of
from .types import Hit, Language, Source, Status


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against an answer.

    unknown: names of the question that no source holds; absent: names that the sources hold,
    but not the passages to be cited; unsaid: other words of the question that those passages do
    not hold; covered: the share of such words that they do, 0 to 1. closeness: the best
    passage's centred cosine, −1 to 1; meets: whether the answer holds what the question's kind
    asks for; on_subject: whether the question speaks of anything, places aside, that the
    sources' glossary lists. margin and answerable: what the reader says (logits).
    """

    unknown: tuple[str, ...]
    absent: tuple[str, ...]
    unsaid: tuple[str, ...]
    covered: float
    closeness: float
    meets: bool
    on_subject: bool
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


# Questions of which the passages hold this share of words are judged more strictly than others.
PLAIN_WORDS = 2 / 3
SIGNALS = ("margin", "answerable", "closeness", "meets", "unknown", "absent", "covered")


@dataclass(frozen=True, slots=True)
class Fit:
    """One language's fitted decision.

    refused: closeness below it is nothing near; weights and bias give the confidence from
    `Evidence.signals`; answered: from this confidence on it is an answer; reworded: the same for
    a question in words that the passages do not use, of which the reader is never sure.
    """

    refused: float
    answered: float
    reworded: float
    bias: float
    weights: tuple[float, ...]


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
        on_subject=any(
            entry.kind != "place"
            for _, entries in index.glossary.found_in(question.text)
            for entry in entries
        ),
        margin=read.reading.margin if read else 0.0,
        answerable=read.reading.answerable if read else 0.0,
    )


def confidence(evidence: Evidence, language: Language) -> float:
    """How likely it is that the sources answer, 0 to 1, as fitted."""
    fit = load_fit()[language]
    total = sum(w * s for w, s in zip(fit.weights, evidence.signals(), strict=True))
    return 1 / (1 + math.exp(-(fit.bias + total)))


def decide(evidence: Evidence, language: Language) -> Status:
    """Which of the three outcomes the evidence allows.

    A name that is nowhere is a fact and not a matter of degree: such a question is never
    simply answered, however close the passages are.
    """
    fit = load_fit()[language]
    if evidence.closeness < fit.refused:
        # A few words on the subject ("broadband speed") lie far from every passage.
        return "partial" if evidence.on_subject and not evidence.unknown else "refused"
    if evidence.unknown:
        return "partial"
    cut = fit.answered if evidence.covered >= PLAIN_WORDS else fit.reworded
    return "answered" if confidence(evidence, language) >= cut else "partial"


@lru_cache(maxsize=1)
def load_fit() -> dict[Language, Fit]:
    """The fitted decision that ships with the project."""
    file = resources.files("assistant") / "data" / "sufficiency.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    return {
        language: Fit(**{**fit, "weights": tuple(fit["weights"][name] for name in SIGNALS)})
        for language, fit in data["fits"].items()
    }
