"""How dialogues are understood and answered, by language and kind of turn."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from ..answering import open_assistant
from ..settings import Settings
from ..types import LANGUAGES, NO_USAGE
from .dialogues import KINDS, AskedTurn, ask_dialogue, dialogue_of, evidence_problems
from .intervals import share
from .row_sets import read_items, shipped, tokens_of
from .summary import Estimate
from .xquad_set import print_rows

T = TypeVar("T")
_NAMES = {
    "first": "first",
    "follow_up": "follow-up",
    "new_topic": "new topic",
    "not_answered": "not answered",
}


_LEGEND = (
    "form: the stand-alone form holds what the question leans on, and nothing of another topic.\n"
    "left alone: a question that needs no history stays as it is. answered: a gold answer is in\n"
    "the answer. held back: what the sources do not answer is not answered. all cited: all gold\n"
    "evidence is quoted."
)
_COLUMNS: Mapping[str, Callable[[AskedTurn], float | None]] = {
    "form": lambda asked: asked.form,
    "left alone": lambda asked: asked.left_alone,
    "answered": lambda asked: asked.answered,
    "held back": lambda asked: asked.held,
    "all cited": lambda asked: None if asked.cited is None else float(asked.cited == 1),
}


def print_dialogues(settings: Settings, path: Path | None = None, *, listed: bool = False) -> None:
    """Print how dialogues are understood and answered, by language and kind of turn.

    With the chat model of the settings where there is one. listed: print every turn.
    """
    path = path or shipped("dialogues.jsonl")
    dialogues, problems = read_items(path, lambda values, _: dialogue_of(values))
    with open_assistant(settings) as assistant:
        for problem in (*problems, *evidence_problems(dialogues, assistant.index.sources)):
            print(f"evaluation: {problem}", file=sys.stderr)
        composer = assistant.composer
        asked = [turn for dialogue in _bar(dialogues) for turn in ask_dialogue(assistant, dialogue)]
    turns = f"{len(dialogues)} dialogues, {len(asked)} turns"
    print(f"{path.name}: {turns}; answers by {_by_whom(composer)}")
    print(_LEGEND)
    print_rows("% [95 % interval]", [*_COLUMNS, "turns"], _rows(asked))
    _print_model(composer, asked)
    if listed:
        for turn in asked:
            print("\n" + "\n".join(turn_lines(turn)))


def _rows(asked: Sequence[AskedTurn]) -> dict[str, list[str]]:
    groups = {"all": list(asked)}
    for language in LANGUAGES:
        mine = [turn for turn in asked if turn.turn.language == language]
        groups[language] = mine
        for kind in KINDS:
            name = f"{language} {_NAMES[kind]}"
            groups[name] = [turn for turn in mine if turn.turn.kind == kind]
    for form in sorted({turn.turn.form for turn in asked} - {""}):
        groups[f"leaning by {form}"] = [turn for turn in asked if turn.turn.form == form]
    return {name: _cells(group) for name, group in groups.items() if group}


def _cells(group: Sequence[AskedTurn]) -> list[str]:
    cells = []
    for mark_of in _COLUMNS.values():
        marks = [mark for turn in group if (mark := mark_of(turn)) is not None]
        cells.append(_percent(share(marks) if marks else None))
    return [*cells, str(len(group))]


def _percent(estimate: Estimate | None) -> str:
    """An estimate in whole per cent: of a few turns, tenths tell nothing."""
    if estimate is None:
        return "–"
    value, low, high = (100 * part for part in (estimate.value, estimate.low, estimate.high))
    return f"{value:.0f} [{low:.0f}, {high:.0f}]"


def _by_whom(composer: str) -> str:
    return "quotes, follow-ups by rule" if composer == "quotes" else composer


def _print_model(composer: str, asked: Sequence[AskedTurn]) -> None:
    """Print what the chat model did, where there is one."""
    if composer == "quotes":
        return
    usage = sum((turn.answer.usage for turn in asked), NO_USAGE)
    written = sum(turn.answer.composer != "quotes" for turn in asked)
    print(f"\n{written} of {len(asked)} turns written by {composer}, the others quoted")
    print(tokens_of(usage))
    for notice, count in Counter(turn.answer.notice for turn in asked).most_common():
        if notice:
            print(f"{count} × {notice}")


def turn_lines(asked: AskedTurn) -> list[str]:
    """A turn as `--list` shows it: asked, understood and answered as."""
    turn, answer = asked.turn, asked.answer
    verdict = "right" if asked.is_right else "WRONG"
    lines = [f"{asked.dialogue}.{asked.number} {_NAMES[turn.kind]}: {verdict}"]
    lines.append(f"  asked     {turn.question}")
    lines.append(f"  form      {answer.stand_alone}")
    if asked.form == 0 or asked.left_alone == 0:
        lines.append(f"  expected  {turn.stand_alone or turn.question}")
    said = " ".join(answer.text.split())[:300]
    lines.append(f"  {answer.status:8}  {said}")
    if asked.answered == 0:
        lines.append(f"  expected  {' | '.join(turn.answers)}")
    return lines


def _bar(items: Sequence[T]) -> Iterable[T]:
    from tqdm import tqdm

    bar: Iterable[T] = tqdm(items, leave=False, disable=None)
    return bar
