"""Near misses of XQuAD: questions that come near to a paragraph, which does not answer them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from ..errors import AssistantError
from ..types import LANGUAGES, Language


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A question that the paragraph of that number, as every other, leaves unanswered."""

    question: str
    language: Language
    paragraph: int


def near_miss_file() -> Path:
    """Where the near misses that ship with the project are kept."""
    return Path(str(resources.files("assistant.evaluation"))) / "data" / "xquad_near_misses.jsonl"


def read_near_misses(path: Path, *, paragraphs: int) -> list[NearMiss]:
    """The near misses of a file in the order of their paragraphs; none when there is no file.

    Raises AssistantError for a line that is not one, or names no paragraph below `paragraphs`.
    """
    if not path.is_file():
        return []
    rows = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                rows.append(_near_miss(json.loads(line), paragraphs))
            except (ValueError, KeyError, TypeError) as error:
                raise AssistantError(
                    f"{path}, line {number}: not a near miss ({error!r}). It needs question, "
                    f'language ("en" or "zh") and paragraph (0 to {paragraphs - 1}).'
                ) from error
    return sorted(rows, key=lambda row: row.paragraph)


def _near_miss(row: Mapping[str, Any], paragraphs: int) -> NearMiss:
    if row["language"] not in LANGUAGES:
        raise ValueError(f"language {row['language']!r}")
    if not 0 <= int(row["paragraph"]) < paragraphs:
        raise ValueError(f"paragraph {row['paragraph']!r}")
    return NearMiss(str(row["question"]), row["language"], int(row["paragraph"]))
