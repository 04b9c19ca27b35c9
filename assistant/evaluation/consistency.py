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
from ..figures import figures
from ..settings import Settings
from .printing import table
from .run import evaluate
from .score import Result
from .sets import SetQuestion, read_sets
from .summary import Estimate, percent, share

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
    kind: str
    en: Result
    zh: Result
    scores: Mapping[str, float | None]

    @property
    def differences(self) -> list[str]:
        """The names of the measures that are not whole."""
        return [name for name, score in self.scores.items() if score is not None and score < 1]


@dataclass(frozen=True, slots=True)
class PairGroup:
    """The pairs of one kind ("all": of every kind), and each defined measure's mean."""

    kind: str
    pairs: int
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Consistency:
    """All pairs of some sets; problems: what could not be paired, one sentence each."""

    pairs: tuple[Pair, ...]
    groups: tuple[PairGroup, ...]
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON."""
        found = asdict(self)
        for pair, row in zip(self.pairs, found["pairs"], strict=True):
            row |= {"differences": pair.differences, "en": pair.en.to_dict()}
            row["zh"] = pair.zh.to_dict()
        return found


def consistency(
    assistant: Assistant,
    questions: Sequence[SetQuestion],
    *,
    workers: int = 2,
    progress: bool = False,
) -> Consistency:
    """Ask both questions of every pair and compare what comes back.

    Raises AssistantError when no two questions are a pair.
    """
    found, problems = paired(questions)
    if not found:
        raise AssistantError(
            "The set has no pairs: give the same `pair` to the English and the Chinese form of a "
            'question, such as "pair": "p-01" in both lines.'
        )
    both = [question for pair in found.values() for question in pair]
    results = evaluate(assistant, both, workers=workers, progress=progress).results
    pairs = [
        compare_pair(id_, english, chinese)
        for id_, english, chinese in zip(found, results[::2], results[1::2], strict=True)
    ]
    groups = []
    for kind in ("all", *sorted({pair.kind for pair in pairs} - {"", "all"})):
        mine = [pair for pair in pairs if kind in ("all", pair.kind)]
        means = {
            name: share([score for pair in mine if (score := pair.scores[name]) is not None])
            for name in MEASURES
        }
        defined = {name: mean for name, mean in means.items() if mean}
        groups.append(PairGroup(kind, len(mine), defined))
    return Consistency(tuple(pairs), tuple(groups), problems)


def paired(
    questions: Sequence[SetQuestion],
) -> tuple[dict[str, tuple[SetQuestion, SetQuestion]], tuple[str, ...]]:
    """The English and Chinese question of each pair, and a sentence for each without a partner."""
    by_pair: dict[str, list[SetQuestion]] = defaultdict(list)
    for question in questions:
        by_pair[question.pair].append(question)
    single = ", ".join(f"{question.set}/{question.id}" for question in by_pair.pop("", []))
    problems = [f"These name no pair: {single}."] if single else []
    pairs = {}
    for id_, mine in by_pair.items():
        mine.sort(key=lambda question: question.language)
        if [question.language for question in mine] == ["en", "zh"]:
            pairs[id_] = (mine[0], mine[1])
        else:
            names = ", ".join(f"{question.set}/{question.id}" for question in mine)
            problems.append(f"The pair {id_!r} is not one English and one Chinese: {names}.")
    return pairs, tuple(problems)


def compare_pair(id_: str, english: Result, chinese: Result) -> Pair:
    """What two results have in common."""
    both = [(_passages(result), _sentences(result)) for result in (english, chinese)]
    (passages, sentences), (others, other_sentences) = both
    scores = {
        "same_status": float(english.status == chinese.status),
        "passages": _jaccard(passages, others),
        "first_passage": _same(passages[:1], others[:1]),
        "sentences": _jaccard(sentences, other_sentences),
        "same_sentences": _same(sorted(sentences), sorted(other_sentences)),
        "same_figures": _same(_figures(english), _figures(chinese)),
    }
    return Pair(id_, english.kind or chinese.kind, english, chinese, scores)


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
            found = consistency(assistant, read.questions, workers=workers, progress=True)
        for problem in (*read.problems, *found.problems):
            print(f"evaluation: {problem}", file=sys.stderr)
        page = to_markdown(found)
        if out is None:
            print(page)
            return
        data = json.dumps(found.to_dict(), ensure_ascii=False, indent=1)
        (out / "consistency.json").write_text(data + "\n", encoding="utf-8")
        (out / "consistency.md").write_text(page, encoding="utf-8")
    except OSError as error:
        raise AssistantError(
            f"{out} cannot be written ({error.strerror}). Give --out a directory that can."
        ) from error
    print(page.split("\n## ")[0].rstrip())
    print(f"\nBoth answers of every pair that differs: {out / 'consistency.md'}")


def to_markdown(found: Consistency) -> str:
    """The figures of every kind, then both answers of every pair that differs."""
    rows = [("| kind", "| of two answers |", "% [95 % interval] |", "pairs |")]
    rows += [("|:--", "|:-- |", "--: |", "--: |")]
    rows += [
        (f"| {group.kind}", f"| {MEASURES[name]} |", f"{percent(estimate)} |", f"{estimate.n} |")
        for group in found.groups
        for name, estimate in group.metrics.items()
    ]
    different = [pair for pair in found.pairs if pair.differences]
    lines = ["# The same question in English and Chinese", "", *table(rows)]
    lines += ["", f"## {len(different)} of {len(found.pairs)} pairs differ"]
    for pair in different:
        scores = (
            f"{MEASURES[name]} {100 * (pair.scores[name] or 0):.0f} %" for name in pair.differences
        )
        lines += ["", f"### {pair.pair}", "", "; ".join(scores)]
        for result in (pair.en, pair.zh):
            lines += ["", f"**{result.question}** ({result.status})", ""]
            lines += [f"> {line}".rstrip() for line in _said(result)]
    if found.problems:
        lines += ["", "## Not compared", "", *(f"- {problem}" for problem in found.problems)]
    return "\n".join(lines) + "\n"


def _said(result: Result) -> Iterator[str]:
    yield from (result.answer["text"] if result.answer else result.error).splitlines()
    for citation in result.answer["citations"] if result.answer else []:
        for quote in citation["quotes"]:
            yield ""
            yield f"[{citation['number']}] {citation['source']}: {quote['text']}"
