"""Does the same question get the same answer in both languages?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..answering import open_assistant
from ..errors import AssistantError
from ..retrieval.figures import figures
from ..settings import Settings
from . import checks
from .checks import Outcome
from .run import evaluate
from .score import Result
from .sets import SetQuestion, read_sets

# What two answers are compared by; for passages and sentences the share of all that both cite.
_MEASURES = ("status", "passages", "first passage", "sentences", "figures")
_MARKER = re.compile(r"\[\d+\]")


def print_consistency(settings: Settings, sets: Sequence[Path]) -> None:
    """Print how alike the answers of every pair are, and both answers where they differ.

    Raises AssistantError when no two questions are a pair.
    """
    read = read_sets(sets)
    pairs, problems = paired(read.questions)
    if not pairs:
        raise AssistantError(
            "The set has no pairs: give the same `pair` to the English and the Chinese form of a "
            'question, such as "pair": "p-01" in both lines.'
        )
    checks.tell([*read.problems, *problems])
    with open_assistant(settings) as assistant:
        both = [question for pair in pairs for question in pair]
        results = evaluate(assistant, both, progress=True).results
    outcomes = [compare_pair(*two) for two in zip(results[::2], results[1::2], strict=True)]
    checks.print_table("The same in both languages, % [95 % interval]", outcomes, _MEASURES)
    different = [outcome for outcome in outcomes if not outcome.is_right]
    checks.print_list(f"of {len(outcomes)} pairs differ", different)


def paired(
    questions: Sequence[SetQuestion],
) -> tuple[list[tuple[SetQuestion, SetQuestion]], list[str]]:
    """The English and Chinese question of each pair, and a sentence for each without a partner."""
    by_pair: dict[str, list[SetQuestion]] = defaultdict(list)
    for question in questions:
        by_pair[question.pair].append(question)
    pairs, problems = [], []
    for name, mine in by_pair.items():
        mine.sort(key=lambda question: question.language)
        keys = ", ".join("/".join(question.key) for question in mine)
        if not name:
            problems.append(f"These name no pair: {keys}.")
        elif [question.language for question in mine] != ["en", "zh"]:
            problems.append(f"The pair {name!r} is not one English and one Chinese: {keys}.")
        else:
            pairs.append((mine[0], mine[1]))
    return pairs, problems


def compare_pair(english: Result, chinese: Result) -> Outcome:
    """What two results have in common; no mark for what neither cites or states."""
    passages, sentences, stated = (
        [part(result) for result in (english, chinese)]
        for part in (_passages, _sentences, _figures)
    )
    marks = {
        "status": float(english.status == chinese.status),
        "passages": _jaccard(*passages),
        "first passage": _same(*(found[:1] for found in passages)),
        "sentences": _jaccard(*sentences),
        "figures": _same(*stated),
    }
    told = "; ".join(
        f"{name} {100 * mark:.0f} %" for name, mark in marks.items() if mark not in (None, 1)
    )
    lines = [f"{english.pair}: {told}", *_said(english), *_said(chinese)]
    return Outcome((english.kind,), marks, not told, lines)


def _passages(result: Result) -> list[str]:
    return [c["passage"]["id"] for c in result.citations]


def _sentences(result: Result) -> list[str]:
    return [f"{c['source']} {q['start']}-{q['end']}" for c in result.citations for q in c["quotes"]]


def _figures(result: Result) -> list[str]:
    # A refusal lists the titles of the sources, whose figures are no part of an answer.
    if result.answer is None or result.status == "refused":
        return []
    return sorted(figures(_MARKER.sub("", result.answer["text"])))


def _jaccard(left: Sequence[str], right: Sequence[str]) -> float | None:
    every = {*left, *right}
    return len({*left} & {*right}) / len(every) if every else None


def _same(left: Sequence[str], right: Sequence[str]) -> float | None:
    return float(left == right) if left or right else None


def _said(result: Result) -> Iterator[str]:
    yield f"  {result.question} ({result.status})"
    for line in (result.answer["text"] if result.answer else result.error).splitlines():
        yield f"    {line}"
    for citation in result.citations:
        for quote in citation["quotes"]:
            yield f"    [{citation['number']}] {citation['source']}: {quote['text']}"
