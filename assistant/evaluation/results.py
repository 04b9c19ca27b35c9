"""A question with its answer and its scores: one line of `results.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypedDict

from ..types import Language

# The scores of a question, in the order of a row.
SCORES = (
    "recall@1 recall@3 recall@6 mrr ndcg@6 exact f1 contains citation_precision citation_recall "
    "quotes quotes_valid language_ok latency_ms judge"
).split()


# What names a question among all sets: its set and its id there.
Key = tuple[str, str]


class SpanRow(TypedDict):
    """A slice of a source: `text` stands at `start` to `end` of the source with that id."""

    source: str
    start: int
    end: int
    text: str


class QuoteRow(TypedDict):
    """A slice of the source that its citation names."""

    start: int
    end: int
    text: str


class PassageRow(TypedDict):
    """A passage by its id and its place in its source."""

    id: str
    start: int
    end: int


class CitationRow(TypedDict):
    """What the marker [number] of an answer stands for; title is in the answer's language."""

    number: int
    source: str
    title: str
    support: str
    passage: PassageRow
    quotes: list[QuoteRow]
    translations: list[str]


class HitRow(TypedDict):
    """A retrieved passage; rank starts at 1."""

    rank: int
    source: str
    start: int
    end: int
    score: float
    text: str


class LeadRow(SpanRow):
    """The few words that answer, a slice of the source or, when translated, of its translation."""

    citation: int
    translated: bool


class AnswerRow(TypedDict):
    """An `Answer` without whole sources; confidence 0.0 to 1.0."""

    status: str
    text: str
    reason: str
    language: str
    confidence: float
    lead: LeadRow | None
    citations: list[CitationRow]
    hits: list[HitRow]
    composer: str
    stand_alone: str


class ExpectedRow(TypedDict):
    """What a right answer holds and rests on."""

    answers: list[str]
    answers_all: list[str]
    evidence: list[SpanRow]
    evidence_any: bool


@dataclass(frozen=True, slots=True)
class Result:
    """One question of a run.

    answer: None when the question could not be asked, and `error` then says why. scores: by
    name as in SCORES, 0.0 to 1.0 but for quotes, quotes_valid (counts) and latency_ms; None
    where a score is undefined for this question.
    """

    set: str
    id: str
    pair: str
    question: str
    history: tuple[str, ...]
    language: Language
    kind: str
    answerable: bool
    near_miss: bool
    expected: ExpectedRow
    answer: AnswerRow | None
    error: str
    scores: Mapping[str, float | None]
    judge_reason: str = ""

    @property
    def key(self) -> Key:
        """What names the question among all sets."""
        return self.set, self.id

    @property
    def status(self) -> str:
        """The answer's status; "error" for a question that could not be asked."""
        return self.answer["status"] if self.answer else "error"

    def to_dict(self) -> dict[str, Any]:
        """The row as plain values, ready for JSON."""
        row = asdict(self)
        row["history"] = list(self.history)
        row["scores"]["judge_reason"] = row.pop("judge_reason")
        return row

    def to_json(self) -> str:
        """`to_dict` as one line, characters as they are."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Result:
        """The result that a row of `results.jsonl` holds.

        Raises KeyError, TypeError or AttributeError for anything else.
        """
        values = {f.name: row[f.name] for f in fields(cls) if f.name != "judge_reason"}
        values["history"] = tuple(values["history"])
        values["scores"] = {name: row["scores"][name] for name in SCORES}
        return cls(**values, judge_reason=row["scores"].get("judge_reason", ""))


def read_results(path: Path) -> Iterator[Result]:
    """The results of a file in its order; a line that a kill tore off is left out.

    Raises OSError when there is no such file.
    """
    # Not as text: a kill can tear a character in two.
    for line in path.read_bytes().split(b"\n"):
        try:
            yield Result.from_dict(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
