"""Does the same question get the same answer in both languages?"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..answering import Assistant, open_assistant
from ..errors import AssistantError
from ..retrieval.figures import figures
from ..settings import Settings
from .printing import table
from .run import evaluate
from .score import Result
from .sets import SetQuestion, read_sets
from .summary import percent, share

# What two answers are compared by, in the words of the tables.
MEASURES: Mapping[str, str] = {
    "same_status": "same status",
    "passages": "passages cited (Jaccard)",
    "first_passage": "same first passage",
    "sentences": "sentences cited (Jaccard)",
    "same_sentences": "same sentences",
    "same_figures": "same figures",
}
_MARKER = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Pair:
    """One question with its results in both languages.

    scores: by name as in MEASURES, 0.0 to 1.0; None where both answers lack what is compared:
    neither cites anything, neither states a figure.
    """

    pair: str
    en: Result
    zh: Result
    scores: Mapping[str, float | None]

    @property
    def differences(self) -> list[str]:
        """The names of the measures that are not whole."""
        return [name for name, score in self.scores.items() if score is not None and score < 1]

    def to_dict(self) -> dict[str, Any]:
        """The pair as plain values, ready for JSON."""
        results = {"en": self.en.to_dict(), "zh": self.zh.to_dict()}
        return {**asdict(self), "differences": self.differences, **results}


def consistency(
    assistant: Assistant,
    questions: Sequence[SetQuestion],
    *,
    workers: int = 2,
    progress: bool = False,
) -> tuple[list[Pair], list[str]]:
    """What the two answers of every pair have in common, and what could not be paired.

    Raises AssistantError when no two questions are a pair.
    """
    pairs, problems = paired(questions)
    if not pairs:
        raise AssistantError(
            "The set has no pairs: give the same `pair` to the English and the Chinese form of a "
            'question, such as "pair": "p-01" in both lines.'
        )
    both = [question for pair in pairs for question in pair]
    results = evaluate(assistant, both, workers=workers, progress=progress).results
    return [compare_pair(*two) for two in zip(results[::2], results[1::2], strict=True)], problems


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


def compare_pair(english: Result, chinese: Result) -> Pair:
    """What two results have in common."""
    passages, sentences, stated = (
        [part(result) for result in (english, chinese)]
        for part in (_passages, _sentences, _figures)
    )
    scores = {
        "same_status": float(english.status == chinese.status),
        "passages": _jaccard(*passages),
        "first_passage": _same(*(found[:1] for found in passages)),
        "sentences": _jaccard(*sentences),
        "same_sentences": _same(*map(sorted, sentences)),
        "same_figures": _same(*stated),
    }
    return Pair(english.pair, english, chinese, scores)


def _passages(result: Result) -> list[str]:
    return [c["passage"]["id"] for c in result.answer["citations"]] if result.answer else []


def _sentences(result: Result) -> list[str]:
    citations = result.answer["citations"] if result.answer else []
    return [f"{c['source']} {q['start']}-{q['end']}" for c in citations for q in c["quotes"]]


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


# ---- as text ----


def print_consistency(
    settings: Settings, sets: Sequence[Path], *, out: Path | None = None, workers: int = 2
) -> None:
    """Print how alike the answers of every pair are, and both answers where they differ.

    With `out` both go to `consistency.json` and `consistency.md` in that directory.
    """
    read = read_sets(sets)
    try:
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
        with open_assistant(settings) as assistant:
            pairs, problems = consistency(assistant, read.questions, workers=workers, progress=True)
        for problem in (*read.problems, *problems):
            print(f"evaluation: {problem}", file=sys.stderr)
        figures_, answers = "\n".join(_figure_lines(pairs)), "\n".join(_answer_lines(pairs))
        if out is None:
            print(f"{figures_}\n\n{answers}")
            return
        data = {"problems": problems, "pairs": [pair.to_dict() for pair in pairs]}
        text = json.dumps(data, ensure_ascii=False, indent=1)
        (out / "consistency.json").write_text(text + "\n", encoding="utf-8")
        (out / "consistency.md").write_text(f"{figures_}\n\n{answers}\n", encoding="utf-8")
    except OSError as error:
        raise AssistantError(
            f"{out} cannot be written ({error.strerror}). Give --out a directory that can."
        ) from error
    print(f"{figures_}\n\nBoth answers of every pair that differs: {out / 'consistency.md'}")


def _figure_lines(pairs: Sequence[Pair]) -> Iterator[str]:
    rows = [("| kind", "| of two answers |", "% [95 % interval] |", "pairs |")]
    rows += [("|:--", "|:-- |", "--: |", "--: |")]
    for kind in ("all", *sorted({pair.en.kind for pair in pairs} - {"", "all"})):
        mine = [pair for pair in pairs if kind in ("all", pair.en.kind)]
        for name, words in MEASURES.items():
            scores = [score for pair in mine if (score := pair.scores[name]) is not None]
            if scores:
                cells = (f"{percent(share(scores))} |", f"{len(scores)} |")
                rows.append((f"| {kind}", f"| {words} |", *cells))
    yield from ("# The same question in English and Chinese", "", *table(rows))


def _answer_lines(pairs: Sequence[Pair]) -> Iterator[str]:
    different = [pair for pair in pairs if pair.differences]
    yield f"## {len(different)} of {len(pairs)} pairs differ"
    for pair in different:
        scores = {MEASURES[name]: 100 * (pair.scores[name] or 0) for name in pair.differences}
        told = "; ".join(f"{name} {score:.0f} %" for name, score in scores.items())
        yield from ("", f"### {pair.pair}", "", told)
        for result in (pair.en, pair.zh):
            yield from ("", f"**{result.question}** ({result.status})", "")
            yield from (f"> {line}".rstrip() for line in _said(result))


def _said(result: Result) -> Iterator[str]:
    yield from (result.answer["text"] if result.answer else result.error).splitlines()
    for citation in result.answer["citations"] if result.answer else []:
        for quote in citation["quotes"]:
            yield ""
            yield f"[{citation['number']}] {citation['source']}: {quote['text']}"
