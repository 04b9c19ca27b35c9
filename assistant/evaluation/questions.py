"""Question sets: JSON Lines with gold answers and gold evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AssistantError
from ..types import LANGUAGES, Language


@dataclass(frozen=True, slots=True)
class GoldEvidence:
    """Words that answer, as they stand in the original of a source."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class SetQuestion:
    """One line of a set.

    answers: any one of these strings, in the question's language, makes an answer right;
    answers_all: all of them must be there. evidence_any: one of the evidence lines is enough.
    near_miss: unanswerable although the sources name what is asked about.
    """

    id: str
    question: str
    language: Language
    kind: str
    answerable: bool
    near_miss: bool
    answers: tuple[str, ...]
    answers_all: tuple[str, ...]
    evidence: tuple[GoldEvidence, ...]
    evidence_any: bool


def read_set(path: Path) -> list[SetQuestion]:
    """The questions of a set.

    Raises AssistantError naming the line that cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AssistantError(f"The question set {path} cannot be read ({error}).") from error
    questions = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            questions.append(_question(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise AssistantError(
                f"{path}, line {number}: not a question of a set ({error!r}). It needs at least "
                'id, question, language ("en" or "zh") and answerable.'
            ) from error
    return questions


def _question(row: Mapping[str, Any]) -> SetQuestion:
    if row["language"] not in LANGUAGES:
        raise ValueError(f"language {row['language']!r}")
    return SetQuestion(
        id=str(row["id"]),
        question=str(row["question"]),
        language=row["language"],
        kind=str(row.get("kind", "")),
        answerable=bool(row["answerable"]),
        near_miss=bool(row.get("near_miss", False)),
        answers=tuple(row.get("answers", ())),
        answers_all=tuple(row.get("answers_all", ())),
        evidence=tuple(GoldEvidence(e["source"], e["text"]) for e in row.get("evidence", ())),
        evidence_any=bool(row.get("evidence_any", False)),
    )
