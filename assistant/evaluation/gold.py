"""Where gold evidence stands in the sources of an index."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..types import Source
from .questions import GoldEvidence, SetQuestion
from .results import SpanRow


def locate(evidence: Sequence[GoldEvidence], sources: Mapping[str, Source]) -> list[SpanRow]:
    """Where gold evidence stands; what stands nowhere is left out."""
    return [row for gold in evidence for row in _places(gold, sources)]


def evidence_problems(questions: Sequence[SetQuestion], sources: Mapping[str, Source]) -> list[str]:
    """One line for each piece of gold evidence that does not stand in the source it names."""
    problems = []
    for question in questions:
        for gold in question.evidence:
            if not gold.source or _places(gold, sources):
                continue
            what = f"the evidence {gold.text[:40]!r} does not stand in the source {gold.source!r}"
            if gold.source not in sources:
                what = f"the index has no source {gold.source!r}"
            elif gold.start is not None:
                what += f" at {gold.start:,}"
            problems.append(f"{question.set}, {question.id}: {what}; scores leave it out")
    return problems


def _places(gold: GoldEvidence, sources: Mapping[str, Source]) -> list[SpanRow]:
    if not gold.source:
        return [row for id_, source in sources.items() for row in _everywhere(gold, id_, source)]
    if gold.source not in sources:
        return []
    text = sources[gold.source].text
    start = text.find(gold.text) if gold.start is None else gold.start
    end = start + len(gold.text)
    if start < 0 or text[start:end] != gold.text:
        return []
    return [SpanRow(source=gold.source, start=start, end=end, text=gold.text)]


def _everywhere(gold: GoldEvidence, id_: str, source: Source) -> list[SpanRow]:
    # "9" does not stand in "2019", nor "art" in "part"; Chinese words have no such borders.
    left = r"(?<![A-Za-z0-9])" if gold.text[0].isascii() else ""
    right = r"(?![A-Za-z0-9])" if gold.text[-1].isascii() else ""
    return [
        SpanRow(source=id_, start=match.start(), end=match.end(), text=gold.text)
        for match in re.finditer(left + re.escape(gold.text) + right, source.text)
    ]
