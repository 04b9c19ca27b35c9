"""One runner for sets of other things than questions: claims, injections, dialogues.

A set is a file of rows with ids. Each row comes to one or more outcomes, and these are counted in
a table with a line for each group of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from ..errors import AssistantError
from .intervals import percent, ratio
from .row_fields import Values
from .row_sets import read_items

T = TypeVar("T")
R = TypeVar("R", bound="SetRow")
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
# What a group of outcomes comes to, as a cell of the table.
Column = Callable[[Sequence[T]], str]
# What an outcome adds to a share: a mark from 0 to 1, or numerator and denominator; None: nothing.
Mark = float | tuple[float, float] | None


class SetRow(BaseModel):
    """A row of a set; fields that it does not name are for those who read the file."""

    model_config = ConfigDict(frozen=True)

    id: Text
    # The file and line it was read from.
    place: str = ""


def read_set_rows(path: Path, kind: type[R]) -> list[R]:
    """The rows of a file; those that cannot be used are told on stderr and left out.

    Raises AssistantError for a file without any that can be used.
    """

    def of(values: Values, place: str) -> R:
        try:
            return kind.model_validate({**values, "place": place})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(map(str, first["loc"]))
            raise ValueError(f"{field}: {first['msg']}" if field else first["msg"]) from None

    rows, problems = read_items(path, of)
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


def groups_by(outcomes: Sequence[T], *keys: Callable[[T], str]) -> dict[str, list[T]]:
    """All outcomes, then for each key a group for each of its values, sorted; "" is no group."""
    groups = {"all": list(outcomes)}
    for key in keys:
        for name in sorted({key(outcome) for outcome in outcomes} - {""}):
            groups[name] = [outcome for outcome in outcomes if key(outcome) == name]
    return groups


def size(group: Sequence[T]) -> str:
    """A column with the number of outcomes."""
    return str(len(group))


def share(mark: Callable[[T], Mark]) -> Column[T]:
    """A column with the mean mark in per cent and its 95 % interval; "–" where none is defined."""

    def cell(group: Sequence[T]) -> str:
        marks = [found for outcome in group if (found := mark(outcome)) is not None]
        pairs = [found if isinstance(found, tuple) else (found, 1.0) for found in marks]
        return percent(ratio([above for above, _ in pairs], [below for _, below in pairs]))

    return cell


def print_groups(
    heading: str, groups: Mapping[str, Sequence[T]], columns: Mapping[str, Column[T]]
) -> None:
    """Print the table of some groups: a row for each, a column for each way of counting."""
    rows = {name: [cell(group) for cell in columns.values()] for name, group in groups.items()}
    print_rows(heading, list(columns), rows)


def print_rows(heading: str, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> None:
    """Print a table with its heading; a row has one cell for each column."""
    names = max(map(len, rows))
    widths = [max(map(len, cells)) for cells in zip(columns, *rows.values(), strict=True)]
    print(f"\n{heading}")
    for name, cells in {"": columns, **rows}.items():
        padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
        print(f"{name:{names}}   " + "   ".join(padded), flush=True)


def print_list(what: str, outcomes: Sequence[T], lines: Callable[[T], Sequence[str]]) -> None:
    """Print how many outcomes are so, and each of them with its lines."""
    print(f"\n{len(outcomes)} {what}")
    for outcome in outcomes:
        print("\n" + "\n".join(lines(outcome)))


def brief(text: str) -> str:
    """A text on one line, cut to what a list shows of it."""
    return " ".join(text.split())[:200]


def no_chat_model(what: str) -> AssistantError:
    """What to raise where `what` needs a chat model and none is set."""
    return AssistantError(
        f"{what} needs a chat model. Name one as PROVIDER:MODEL in ASSISTANT_CHAT_MODEL or "
        'assistant.toml, and leave composer at "auto".'
    )
