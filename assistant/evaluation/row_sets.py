"""Sets of other things than questions: files of rows, each read by rules of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from ..errors import AssistantError
from ..types import Usage
from .row_fields import Values, text_of
from .set_files import read_rows

T = TypeVar("T")


def shipped(name: str) -> Path:
    """Where a set that ships with the evaluation is kept."""
    return Path(str(resources.files("assistant.evaluation"))) / "data" / name


def read_items(path: Path, of: Callable[[Values, str], T]) -> tuple[list[T], list[str]]:
    """What `of` makes of each row and its place ("FILE, line N"), and what is wrong with others.

    `of` raises ValueError for a row that cannot be used. Raises AssistantError for a file
    without any that can.
    """
    items: list[T] = []
    problems: list[str] = []
    ids: set[str] = set()
    for row in read_rows(path)[0]:
        place = f"{path}, {row.place}"
        try:
            if row.problem:
                raise ValueError(row.problem)
            id_ = needed(row.values, "id")
            if id_ in ids:
                raise ValueError(f"the id {id_!r} was given before")
            items.append(of(row.values, place))
            ids.add(id_)
        except ValueError as error:
            problems.append(f"{place}: {error}; it is left out")
    if not items:
        raise AssistantError(problems[0] if problems else f"{path} is empty. Give another set.")
    return items, problems


def needed(row: Values, key: str) -> str:
    """A text that a row cannot do without; raises ValueError when it is not there."""
    text = text_of(row, key)
    if not text:
        raise ValueError(f"there is no {key}")
    return text


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as JSON Lines; raises AssistantError when that cannot be done."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    try:
        path.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise AssistantError(
            f"{path} cannot be written ({error.strerror}). Give --out a file that can."
        ) from error


def no_chat_model(what: str) -> AssistantError:
    """What to raise where `what` needs a chat model and none is set."""
    return AssistantError(
        f"{what} needs a chat model. Name one as PROVIDER:MODEL in ASSISTANT_CHAT_MODEL or "
        'assistant.toml, and leave composer at "auto".'
    )


def tokens_of(usage: Usage) -> str:
    """What a chat model was asked, as a line tells it: "3 calls, about 900 tokens in, 40 out"."""
    about = "about " if usage.estimated else ""
    calls = "1 call" if usage.calls == 1 else f"{usage.calls:,} calls"
    return f"{calls}, {about}{usage.tokens_in:,} tokens in, {usage.tokens_out:,} out"
