"""One runner for sets of other things than questions: claims, injections, dialogues.

A set is a file of rows with ids. Each row comes to one or more outcomes, and these are counted in
a table with a line for each group of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints

from ..errors import AssistantError
from .printing import table
from .sets import read_rows, usable
from .summary import percent, ratio

T = TypeVar("T")
R = TypeVar("R", bound="SetRow")
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
# What an outcome adds to a share: a mark from 0 to 1, or numerator and denominator; None: nothing.
Mark = float | tuple[float, float] | None


class SetRow(BaseModel):
    """A row of a set; fields that it does not name are for those who read the file."""

    model_config = ConfigDict(frozen=True)

    id: Text
    # The file and line it was read from.
    place: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a row, or of a part of it.

    groups: those that it counts in beside "all", of each kind of group one ("" for none). marks:
    by the column of the table. lines: how a list shows it.
    """

    groups: tuple[str, ...]
    marks: Mapping[str, Mark]
    is_right: bool
    lines: Sequence[str]


def read_set_rows(path: Path, kind: type[R]) -> list[R]:
    """The rows of a file; those that cannot be used are told on stderr and left out.

    Raises AssistantError for a file without any that can be used.
    """
    rows, problems = usable(
        read_rows(path)[0], lambda row: kind.model_validate({**row.values, "place": row.place})
    )
    if not rows:
        raise AssistantError(problems[0] if problems else f"{path} is empty. Give another set.")
    tell(problems)
    return rows


def tell(problems: Iterable[str]) -> None:
    """Print a line on stderr for each thing that is wrong with a set."""
    for problem in problems:
        print(f"evaluation: {problem}", file=sys.stderr)


def bar(items: Iterable[T]) -> Iterable[T]:
    """The items, with a progress bar where somebody looks."""
    from tqdm import tqdm

    shown: Iterable[T] = tqdm(items, leave=False, disable=None)
    return shown


def share(marks: Iterable[Mark]) -> str:
    """The mean of some marks in per cent with its 95 % interval; "–" where none is defined."""
    pairs = [mark if isinstance(mark, tuple) else (mark, 1.0) for mark in marks if mark is not None]
    return percent(ratio([above for above, _ in pairs], [below for _, below in pairs]))


def print_table(
    heading: str, outcomes: Sequence[Outcome], columns: Sequence[str], *, counts: bool = False
) -> None:
    """Print the marks of all outcomes and of each group of them, and how many there are.

    A mark is the mean of those that are defined; with `counts`, how many of them are true.
    """
    groups = {"all": list(outcomes)}
    for keys in zip(*(outcome.groups for outcome in outcomes), strict=True):
        for name in sorted(set(keys) - {"", "all"}):
            groups[name] = [o for o, key in zip(outcomes, keys, strict=True) if key == name]
    rows = {}
    for name, group in groups.items():
        marks = [[outcome.marks.get(column) for outcome in group] for column in columns]
        cells = [str(sum(map(bool, column))) if counts else share(column) for column in marks]
        rows[name] = [*cells, str(len(group))]
    print_rows(heading, [*columns, "of"], rows)


def print_rows(heading: str, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> None:
    """Print a table with its heading; a row has one cell for each column."""
    lines = table([["", *columns], *([name, *cells] for name, cells in rows.items())])
    print("\n".join(["", heading, *lines]), flush=True)


def print_list(what: str, outcomes: Sequence[Outcome]) -> None:
    """Print how many outcomes are so, and each of them with its lines."""
    print(f"\n{len(outcomes)} {what}")
    for outcome in outcomes:
        print("\n" + "\n".join(outcome.lines))


def brief(text: str) -> str:
    """A text on one line, cut to what a list shows of it."""
    return " ".join(text.split())[:200]


def no_chat_model(what: str) -> AssistantError:
    """What to raise where `what` needs a chat model and none is set."""
    return AssistantError(
        f"{what} needs a chat model. Name one as PROVIDER:MODEL in ASSISTANT_CHAT_MODEL or "
        'assistant.toml, and leave composer at "auto".'
    )
