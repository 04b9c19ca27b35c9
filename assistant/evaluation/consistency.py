"""Does the same question get the same answer in both languages?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..answering import Assistant, open_assistant
from ..errors import AssistantError
from ..settings import Settings
from .intervals import percent
from .pairs import MEASURES, Consistency, Pair, compare_pair, group_pairs, paired
from .questions import SetQuestion, read_sets
from .results import Result
from .run import evaluate

__all__ = ["Consistency", "consistency", "print_consistency", "to_markdown"]


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
    pairs, problems = paired(questions)
    if not pairs:
        raise AssistantError(
            "The set has no pairs: give the same `pair` to the English and the Chinese form of a "
            'question, such as "pair": "p-01" in both lines.'
        )
    both = [question for pair in pairs.values() for question in pair]
    results = evaluate(assistant, both, workers=workers, progress=progress).results
    compared = tuple(
        compare_pair(id_, english, chinese)
        for id_, english, chinese in zip(pairs, results[::2], results[1::2], strict=True)
    )
    return Consistency(compared, group_pairs(compared), problems)


def print_consistency(
    settings: Settings, paths: Sequence[Path], *, out: Path | None = None, workers: int = 2
) -> None:
    """Print how alike the answers of every pair are, and both answers where they differ.

    With `out` both go to `consistency.json` and `consistency.md` in that directory.
    """
    read = read_sets(paths)
    if out is not None:
        with _writing(out):
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
    with _writing(out):
        (out / "consistency.json").write_text(data + "\n", encoding="utf-8")
        (out / "consistency.md").write_text(page, encoding="utf-8")
    print(page.split("\n## ")[0].rstrip())
    print(f"\nBoth answers of every pair that differs: {out / 'consistency.md'}")


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AssistantError(
            f"{out} cannot be written ({error.strerror}). Give --out a directory that can."
        ) from error


def to_markdown(found: Consistency) -> str:
    """The figures of every kind, then both answers of every pair that differs."""
    lines = ["# The same question in English and Chinese", ""]
    rows = [("kind", "of two answers", "% [95 % interval]", "pairs")]
    rows += [
        (group.kind, MEASURES[name], percent(estimate), str(estimate.n))
        for group in found.groups
        for name, estimate in group.metrics.items()
    ]
    # Padded, because a terminal shows it as it stands.
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ("-" * widths[0], "-" * widths[1], "-" * (widths[2] - 1) + ":", "----:"))
    for row in rows:
        cells = [c.ljust(w) for c, w in zip(row[:2], widths[:2], strict=True)]
        cells += [c.rjust(w) for c, w in zip(row[2:], widths[2:], strict=True)]
        lines.append(f"| {' | '.join(cells)} |")
    different = [pair for pair in found.pairs if pair.differences]
    lines += ["", f"## {len(different)} of {len(found.pairs)} pairs differ"]
    for pair in different:
        lines += ["", *_pair_lines(pair)]
    if found.problems:
        lines += ["", "## Not compared", "", *(f"- {problem}" for problem in found.problems)]
    return "\n".join(lines) + "\n"


def _pair_lines(pair: Pair) -> Iterator[str]:
    differ = "; ".join(_difference(name, pair.scores[name] or 0.0) for name in pair.differences)
    yield f"### {pair.id}"
    yield ""
    yield differ
    for result in (pair.en, pair.zh):
        yield ""
        yield f"**{result.question}** ({result.status})"
        yield ""
        for line in _said(result).splitlines():
            yield f"> {line}".rstrip()


def _difference(name: str, score: float) -> str:
    measure = MEASURES[name]
    return f"not the {measure}" if measure.startswith("same") else f"{measure} {100 * score:.0f} %"


def _said(result: Result) -> str:
    if result.answer is None:
        return result.error
    cited = [
        f"[{citation['number']}] {citation['source']}: {quote['text']}"
        for citation in result.answer["citations"]
        for quote in citation["quotes"]
    ]
    return "\n".join([result.answer["text"], *(["", *cited] if cited else [])])
