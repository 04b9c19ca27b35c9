"""A comparison as lines for a terminal of 100 columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from .compare import SIGNIFICANT, Change, Comparison, MetricComparison
from .labels import LANGUAGE_NAMES, label_of

_COLUMNS = 100
# Of the questions that changed, as many as fit a screen.
_LISTED = 20
# pp: percentage points.
_HEAD = (
    f"{'':22}{'n':>6}{'A':>10}{'B':>10}{'B - A':>10}  {'95 % interval':<19}{'p':>7}"
    f"{'better':>7}{'worse':>7}"
)


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """The comparison, table by table; no line is wider than a terminal of 100 columns."""
    yield from _fold(str(comparison.a), first="A  ", then="   ")
    yield from _fold(str(comparison.b), first="B  ", then="   ")
    yield from _fold(_counted(comparison))
    if comparison.differences:
        yield ""
        yield "Warning: the runs differ in more than their results."
        for difference in comparison.differences:
            yield from _fold(difference, first="  - ", then="    ")
    for language in dict.fromkeys(metric.language for metric in comparison.metrics):
        metrics = [metric for metric in comparison.metrics if metric.language == language]
        yield ""
        yield from _table(LANGUAGE_NAMES.get(language, language), metrics)
    for title, changes in (("better", comparison.better), ("worse", comparison.worse)):
        yield ""
        yield from _changed(title, changes)


def _counted(comparison: Comparison) -> str:
    said = f"{comparison.shared:,} question{_s(comparison.shared)} in both"
    for count, name in ((comparison.only_a, "A"), (comparison.only_b, "B")):
        if count:
            said += f"; {count:,} only in {name}, left out"
    return said + "."


def _table(language: str, metrics: Sequence[MetricComparison]) -> Iterator[str]:
    yield language + _HEAD[len(language) :]
    for metric in metrics:
        star = "*" if metric.significant else " "
        yield (
            f"{label_of(metric.metric).name:22}{metric.n:>6,}"
            f"{_value(metric.a, metric):>10}{_value(metric.b, metric):>10}"
            f"{_value(metric.difference, metric, sign='+'):>10}  "
            f"{_interval(metric):<19}{_p(metric.p):>6}{star}"
            f"{len(metric.better):>7,}{len(metric.worse):>7,}"
        )
    yield from _fold(_verdict(metrics), first="* ", then="  ")


def _verdict(metrics: Sequence[MetricComparison]) -> str:
    """What is significant and what is not, in words."""
    if all(metric.a == metric.b and not (metric.better or metric.worse) for metric in metrics):
        return "No metric differs at all."
    significant = [metric for metric in metrics if metric.significant]
    if not significant:
        return (
            f"Nothing is significant (p < {SIGNIFICANT}): chance alone makes differences as large."
        )
    told = "; ".join(
        f"{label_of(m.metric).name} is {'better' if _is_better(m) else 'worse'} in B"
        for m in significant
    )
    return (
        f"Significant (p < {SIGNIFICANT}): {told}. The others are not: chance alone makes "
        f"differences as large. Of {len(metrics)} tests, about "
        f"{SIGNIFICANT * len(metrics):.0f} would come out significant by chance."
    )


def _is_better(metric: MetricComparison) -> bool:
    return (metric.difference > 0) == label_of(metric.metric).rises


def _value(value: float, metric: MetricComparison, *, sign: str = "") -> str:
    unit = label_of(metric.metric).unit
    if unit == "share":
        return f"{100 * value:{sign}.1f} {'pp' if sign else '%'}"
    return f"{value:{sign},.0f} ms" if unit == "ms" else f"{value:{sign}.2f}"


def _interval(metric: MetricComparison) -> str:
    unit = label_of(metric.metric).unit
    scale, digits = (100, 1) if unit == "share" else (1, 0 if unit == "ms" else 2)
    low, high = (f"{scale * end:+,.{digits}f}" for end in (metric.low, metric.high))
    return f"[{low}, {high}]"


def _p(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _changed(title: str, changes: Sequence[Change]) -> Iterator[str]:
    if not changes:
        yield f"No question got {title}."
        return
    yield f"{len(changes):,} question{_s(len(changes))} got {title} in B:"
    for change in changes[:_LISTED]:
        name = f"{'/'.join(change.key)} ({change.language})"
        yield _cut(f"  {name}  {' '.join(change.question.split())}")
        step = change.before if change.before == change.after else _step(change)
        names = ", ".join(label_of(metric).name for metric in change.metrics if metric != "right")
        yield _cut(f"      {step}{': ' if names else ''}{names}")
    if len(changes) > _LISTED:
        yield f"  … and {len(changes) - _LISTED:,} more."


def _step(change: Change) -> str:
    return f"{change.before} → {change.after}"


def _s(count: int) -> str:
    return "" if count == 1 else "s"


# ---- widths: a Chinese character takes two columns ----


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _cut(text: str) -> str:
    """The text, shortened to one line."""
    if _width(text) <= _COLUMNS:
        return text
    while _width(text) > _COLUMNS - 1:
        text = text[:-1]
    return text + "…"


def _fold(text: str, *, first: str = "", then: str = "") -> Iterator[str]:
    """The text in lines, broken at spaces; `first` and `then` stand at their beginnings."""
    line, started = first, False
    for word in text.split():
        longer = f"{line} {word}" if started else line + word
        if started and _width(longer) > _COLUMNS:
            yield line
            longer = then + word
        line, started = longer, True
    yield line
