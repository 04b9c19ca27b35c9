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
    """A question with its paragraph's number in the file and its gold span, if it has one.

    answer, start: the first gold answer and its offset in the paragraph ("" and -1 when there
    is none). article: the number of its article in the file. answers: all gold answers, each
    once. impossible: SQuAD 2.0 says that the paragraph does not answer.
    """

    question: str
    paragraph: int
    answer: str
    start: int
    article: int = 0
    id: str = ""
    answers: tuple[str, ...] = ()
    impossible: bool = False


def read_paragraphs(path: Path) -> list[str]:
    """The paragraphs of the file, in order."""
    return [str(row["context"]) for _, row in _paragraphs(path)]


def read_squad(path: Path) -> list[SquadQuestion]:
    """The questions of the file, in order.

    Raises AssistantError when the file is absent or in another format.
    """
    try:
        return [
            _question(row, article, number)
            for number, (article, paragraph) in enumerate(_paragraphs(path))
            for row in paragraph["qas"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _foreign(path, error) from error


def _question(row: Mapping[str, Any], article: int, paragraph: int) -> SquadQuestion:
    golds = row.get("answers") or []
    first: Mapping[str, Any] = golds[0] if golds else {"text": "", "answer_start": -1}
    return SquadQuestion(
        question=row["question"],
        paragraph=paragraph,
        answer=first["text"],
        start=int(first.get("answer_start", -1)),
        article=article,
        id=str(row.get("id", "")),
        answers=tuple(dict.fromkeys(gold["text"] for gold in golds)),
        impossible=bool(row.get("is_impossible", False)),
    )


def _paragraphs(path: Path) -> list[tuple[int, Mapping[str, Any]]]:
    """Each paragraph with the number of its article."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))["data"]
        rows = [(i, row) for i, article in enumerate(data) for row in article["paragraphs"]]
        return [(i, row) for i, row in rows if row["context"] is not None]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _foreign(path, error) from error


def _foreign(path: Path, error: Exception) -> AssistantError:
    return AssistantError(
        f"{path} is not a file in SQuAD's format ({type(error).__name__}). Give the path of "
        "one, such as xquad.en.json."
    )
