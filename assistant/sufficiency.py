"""Do the sources answer? Names, figures, answer type and closeness, with the reason.

Three outcomes (design 8): answered; partial (the sources come near but do not say it);
refused (nothing near). The two closeness cuts are fitted for each language by
`python -m assistant.evaluation fit` and kept with their origin in `data/sufficiency.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from .index import Index
from .naming import around, stands_in, whole
from .questions import Question
from .quoting import Choice
from .types import Hit, Language, Status


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against an answer.

    unknown: names of the question that no source holds; absent: names that the sources hold,
    but not the passages to be cited; closeness: the best passage's centred cosine, −1 to 1;
    meets: whether the answer holds what the question's kind asks for; on_subject: whether the
    question speaks of anything, places aside, that the sources' glossary lists.
    """

    unknown: tuple[str, ...]
    absent: tuple[str, ...]
    closeness: float
    meets: bool
    on_subject: bool


@dataclass(frozen=True, slots=True)
class Cuts:
    """Closeness below `refused` is nothing near; from `answered` on it may answer."""

    refused: float
    answered: float


def weigh(
    index: Index, question: Question, hits: Sequence[Hit], chosen: Sequence[Choice]
) -> Evidence:
    """Gather the evidence for the chosen sentences."""
    cited = {c.passage.id: c.passage for c in chosen}
    here = [around(index.sources[passage.source_id], passage) for passage in cited.values()]
    missing = [name for name in question.names if not stands_in(index.glossary, name, here)]
    texts = [whole(source) for source in index.sources.values()] if missing else []
    unknown = tuple(name for name in missing if not stands_in(index.glossary, name, texts))
    return Evidence(
        unknown=unknown,
        absent=tuple(name for name in missing if name not in unknown),
        closeness=max((hit.signals.dense for hit in hits), default=-1.0),
        meets=any(choice.meets for choice in chosen),
        on_subject=any(
            entry.kind != "place"
            for _, entries in index.glossary.found_in(question.text)
            for entry in entries
        ),
    )


def decide(evidence: Evidence, language: Language) -> Status:
    """Which of the three outcomes the evidence allows.

    A name that is nowhere, or a date that is not there, is a fact and not a matter of degree:
    such a question is never simply answered, however close the passages are.
    """
    cuts = load_cuts()[language]
    if evidence.closeness < cuts.refused:
        # A few words on the subject ("broadband speed") lie far from every passage.
        return "partial" if evidence.on_subject and not evidence.unknown else "refused"
    if evidence.unknown or evidence.absent or not evidence.meets:
        return "partial"
    return "answered" if evidence.closeness >= cuts.answered else "partial"


@lru_cache(maxsize=1)
def load_cuts() -> dict[Language, Cuts]:
    """The fitted cuts that ship with the project."""
    file = resources.files("assistant") / "data" / "sufficiency.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    return {language: Cuts(**cuts) for language, cuts in data["cuts"].items()}
