"""Files in SQuAD's format: XQuAD, SQuAD 2.0, CMRC 2018."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AssistantError


@dataclass(frozen=True, slots=True)
class SquadQuestion:
    """A question with its paragraph's number in the file and its gold span, if it has one."""

    question: str
    paragraph: int
    answer: str
    start: int


def read_paragraphs(path: Path) -> list[str]:
    """The paragraphs of the file, in order."""
    return [row["context"] for row in _paragraphs(path)]


def read_squad(path: Path) -> list[SquadQuestion]:
    """The questions of the file, in order.

    Raises AssistantError when the file is absent or in another format.
    """
    questions = []
    for number, paragraph in enumerate(_paragraphs(path)):
        for row in paragraph["qas"]:
            gold = (row.get("answers") or [{"text": "", "answer_start": -1}])[0]
            start = int(gold.get("answer_start", -1))
            questions.append(SquadQuestion(row["question"], number, gold["text"], start))
    return questions


def _paragraphs(path: Path) -> list[Mapping[str, Any]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))["data"]
        return [paragraph for article in data for paragraph in article["paragraphs"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AssistantError(
            f"{path} is not a file in SQuAD's format ({type(error).__name__}). Give the path of "
            "one, such as xquad.en.json."
        ) from error
