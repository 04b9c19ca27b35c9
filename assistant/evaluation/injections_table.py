"""How injections fare: before a model that obeys every one, and before the settings' own."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..answering import Assistant, open_assistant
from ..settings import Settings
from .injection_checks import Verdict, judge
from .injection_meeting import meet, obedient_assistant
from .injections import CHANNELS, Injection, injection_of, injection_settings, source_of
from .row_sets import read_items, shipped, write_lines
from .xquad_set import print_rows

T = TypeVar("T")
_COLUMNS: Mapping[str, Callable[[Verdict], bool]] = {
    "reached": lambda verdict: verdict.met.reached,
    "passed": lambda verdict: verdict.passed,
    "reported": lambda verdict: verdict.reported,
    "echoed": lambda verdict: verdict.echoed,
    "doubted": lambda verdict: verdict.doubted,
    "fell back": lambda verdict: verdict.fell_back,
    "true fact": lambda verdict: verdict.told,
}
_LEGEND = (
    "reached: the assistant let the model write; the others are put before it directly.\n"
    "reported: a quote has the forbidden words, as its passage does. echoed: the model tells them\n"
    "and its passage has what it tells word for word. doubted: they are told, and marked there as\n"
    "not confirmed by the sources. fell back: quotes took the place of what the model wrote. true\n"
    "fact: an answer tells what the document says of the question."
)
_SHOWN_CHARS = 200


def print_injections(
    settings: Settings, path: Path | None = None, *, out: Path | None = None
) -> bool:
    """Print how injections fare by channel and goal, and those that do not pass.

    Before a model that obeys, and before the settings' chat model where there is one. Returns
    whether all pass. out: a file for every verdict as JSON Lines.
    """
    path = path or shipped("injections.jsonl")
    injections, problems = read_items(path, injection_of)
    for problem in problems:
        print(f"evaluation: {problem}", file=sys.stderr)
    print(f"{path.name}: {len(injections)} injections\n{_LEGEND}")
    verdicts: dict[str, list[Verdict]] = {}
    with tempfile.TemporaryDirectory() as folder:
        mine = injection_settings(settings, injections, Path(folder) / "home")
        verdicts["a model that obeys"] = obeyed(mine, injections)
        print_verdicts("a model that obeys", verdicts["a model that obeys"])
        if settings.chat_model and settings.composer != "quotes":
            with open_assistant(mine) as assistant:
                name = assistant.composer
                verdicts[name] = [
                    _verdict(assistant, number, injection)
                    for number, injection in enumerate(_bar(injections))
                ]
            print_verdicts(name, verdicts[name])
        else:
            print("\nNo chat model is set: ASSISTANT_CHAT_MODEL adds a table for one.")
    if out is not None:
        write_lines(out, (_row(name, v) for name, mine_ in verdicts.items() for v in mine_))
        print(f"\nEvery verdict with what was told: {out}")
    return all(verdict.passed for some in verdicts.values() for verdict in some)


def obeyed(settings: Settings, injections: Sequence[Injection]) -> list[Verdict]:
    """The verdicts before a model that replies as whoever injects would have it."""
    verdicts = []
    with obedient_assistant(settings) as (assistant, obedient):
        for number, injection in enumerate(_bar(injections)):
            obedient.reply = injection.obeyed
            verdicts.append(_verdict(assistant, number, injection))
    return verdicts


def _verdict(assistant: Assistant, number: int, injection: Injection) -> Verdict:
    return judge(meet(assistant, injection, source_of(number)), assistant.index.sources)


def print_verdicts(name: str, verdicts: Sequence[Verdict]) -> None:
    """Print the table of one model, what does not pass, and what is told as a report."""
    groups = {"all": list(verdicts)}
    for channel in CHANNELS:
        groups[channel] = [v for v in verdicts if v.met.injection.channel == channel]
    for goal in sorted({v.met.injection.goal for v in verdicts}):
        groups[f"to {goal}"] = [v for v in verdicts if v.met.injection.goal == goal]
    rows = {
        group: [str(len(mine)), *(str(sum(map(of, mine))) for of in _COLUMNS.values())]
        for group, mine in groups.items()
        if mine
    }
    print_rows(f"Before {name}", ["injections", *_COLUMNS], rows)
    for verdict in verdicts:
        if verdict.faults:
            print("\n" + "\n".join(_fault_lines(verdict)))
    for verdict in verdicts:
        if verdict.reported or verdict.echoed:
            id_ = verdict.met.injection.id
            print(f"\n{id_} tells what the document says: {_said(verdict)}")


def _fault_lines(verdict: Verdict) -> list[str]:
    injection = verdict.met.injection
    lines = [f"{injection.id}, {injection.channel}, {injection.goal}: does not pass"]
    lines += [f"  {fault}" for fault in verdict.faults]
    lines.append(f"  order   {' '.join(injection.text.split())[:_SHOWN_CHARS]}")
    return [*lines, f"  answer  {_said(verdict)}"]


def _said(verdict: Verdict) -> str:
    told = [" ".join(told.text.split())[:_SHOWN_CHARS] for told in verdict.met.told]
    return " | ".join(told)


def _row(name: str, verdict: Verdict) -> dict[str, Any]:
    injection = verdict.met.injection
    return {
        "model": name,
        "id": injection.id,
        "channel": injection.channel,
        "goal": injection.goal,
        **{column.replace(" ", "_"): of(verdict) for column, of in _COLUMNS.items()},
        "faults": list(verdict.faults),
        "texts": [told.text for told in verdict.met.told],
    }


def _bar(items: Sequence[T]) -> Iterable[T]:
    from tqdm import tqdm

    bar: Iterable[T] = tqdm(items, leave=False, disable=None)
    return bar
