"""The report's four plots, as SVG that takes its colours and its font from the page.

The same run always gives the same bytes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .labels import LANGUAGE_NAMES, label_of
from .page_svg import ANSWERED, EN, ERROR, INK, LINE, ON_BAR, PARTIAL, QUIET, REFUSED, ZH, for_page
from .results import Result
from .summary import OUTCOMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_OUTCOME_COLOURS = dict(zip(OUTCOMES, (ANSWERED, PARTIAL, REFUSED, ERROR), strict=True))
_LANGUAGE_COLOURS = {"en": EN, "zh": ZH}
# Narrow enough that a phone shows it at about its own size. Inches of 72 units.
_WIDTH_IN = 4.7
_ROW_IN = 0.28
_FONT_PT = 9.5
# What stands left of the axis: names of metrics and kinds, whose width no font here can know.
_NAMES_IN = 1.6
_KINDS_SHOWN = 24
_METRICS = (
    *("contains", "exact", "f1", "judge", "recall@1", "recall@3", "recall@6", "mrr", "ndcg@6"),
    *("citation_recall", "citation_precision", "quotes_valid", "language_ok"),
    *("near_miss_recall", "far_recall", "refusal_precision", "refusal_f1", "false_refusals"),
)
_KIND_METRICS = {
    "contains": "Right answer",
    "citation_recall": "Evidence cited",
    "refusal_recall": "Rightly refused",
}
_ANSWERABILITIES = {"answerable": "Answerable", "near_miss": "Near miss", "far": "Far"}

Groups = Sequence[Mapping[str, Any]]


def plot_metrics(groups: Groups, languages: Sequence[str]) -> str:
    """Every metric that is a share, a dot and its 95 % interval per language; ↓: less is better."""
    mine = {language: _metrics_of(groups, language, "all") for language in languages}
    names = [name for name in _METRICS if any(name in metrics for metrics in mine.values())]
    with _figure(max(len(names), 1)) as figure:
        shown = [label_of(name).name + ("" if label_of(name).rises else " ↓") for name in names]
        axes = _share_axes(figure, shown)[0]
        for language, metrics in mine.items():
            _dots(axes, [metrics.get(name) for name in names], language, languages)
        return for_page(figure, "Metrics by language")


def plot_kinds(groups: Groups, languages: Sequence[str]) -> str:
    """Three metrics, kind by kind, the most frequent kinds first; "" when no kind is named."""
    sizes: dict[str, int] = {}
    for group in groups:
        if group["kind"] not in ("all", "") and group["language"] in languages:
            sizes[group["kind"]] = sizes.get(group["kind"], 0) + int(group["questions"])
    kinds = sorted(sizes, key=lambda kind: (-sizes[kind], kind))[:_KINDS_SHOWN]
    if not kinds:
        return ""
    names = [f"{_short(kind)} ({sizes[kind]})" for kind in kinds]
    with _figure(len(kinds), top_in=0.35) as figure:
        panels = _share_axes(figure, names, panels=len(_KIND_METRICS), names_in=1.35, top_in=0.35)
        for axes, (metric, title) in zip(panels, _KIND_METRICS.items(), strict=True):
            axes.set_title(title, fontsize=_FONT_PT, color=INK)
            for language in languages:
                found = [_metrics_of(groups, language, kind).get(metric) for kind in kinds]
                _dots(axes, found, language, languages)
        return for_page(figure, "Metrics by kind of question")


def plot_outcomes(groups: Groups, languages: Sequence[str]) -> str:
    """What became of answerable, near-miss and far questions, as bars of 100 %."""
    bars = []
    for answerability, name in _ANSWERABILITIES.items():
        for language in languages:
            counts = _group(groups, language, "all").get("outcomes", {}).get(answerability, {})
            numbers = [int(counts.get(outcome, 0)) for outcome in OUTCOMES]
            if sum(numbers):
                bars.append((f"{name}, {LANGUAGE_NAMES.get(language, language)}", numbers))
    with _figure(max(len(bars), 1), row_in=0.34) as figure:
        axes = _share_axes(figure, [name for name, _ in bars], row_in=0.34, names_in=1.7)[0]
        for row, (_, numbers) in enumerate(bars):
            left = 0.0
            for number, colour in zip(numbers, _OUTCOME_COLOURS.values(), strict=True):
                width = 100 * number / sum(numbers)
                axes.barh(row, width, left=left, height=0.68, color=colour)
                if width > 4 + 2 * len(str(number)):
                    x = left + width / 2
                    axes.text(x, row, str(number), ha="center", va="center", color=ON_BAR)
                left += width
        axes.set_xlim(0, 100)
        return for_page(figure, "Outcomes by what was asked")


def plot_latency(results: Sequence[Result], languages: Sequence[str]) -> str:
    """How long answers took: a histogram over a logarithmic axis of milliseconds."""
    import numpy as np
    from matplotlib.ticker import MaxNLocator, NullLocator

    times = {
        language: [
            max(ms, 0.1)
            for result in results
            if result.language == language and (ms := result.scores["latency_ms"]) is not None
        ]
        for language in languages
    }
    everything = [time for mine in times.values() for time in mine]
    if not everything:
        return ""
    low, high = min(everything) / 1.1, max(everything) * 1.1
    edges = np.geomspace(low, high, 25)
    ticks = [t * 10**e for e in range(-1, 7) for t in (1, 2, 5) if low <= t * 10**e <= high]
    with _figure(1, row_in=1.9, top_in=0.15) as figure:
        axes = _plain_axes(figure, left_in=0.45, top_in=0.15, bottom_in=0.3)
        axes.set_xscale("log")
        axes.hist(
            [times[language] for language in languages],
            bins=list(edges),
            stacked=True,
            color=[_LANGUAGE_COLOURS.get(language, QUIET) for language in languages],
            rwidth=0.9,
        )
        axes.set_xlim(low, high)
        axes.set_xticks(_spread(ticks, 8), [_time(tick) for tick in _spread(ticks, 8)])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.grid(axis="y", color=LINE, linewidth=0.7)
        return for_page(figure, "Time from question to answer")


def _short(kind: str) -> str:
    """The name of a kind without what no markup may hold, cut to what the plot has room for."""
    name = "".join(character for character in kind if character.isprintable())
    return name if len(name) < 15 else f"{name[:13]}…"


def _spread(ticks: list[float], most: int) -> list[float]:
    return ticks[:: -(-len(ticks) // most) or 1]


def _time(ms: float) -> str:
    return f"{ms / 1000:g} s" if ms >= 1000 else f"{ms:g} ms"


def _group(groups: Groups, language: str, kind: str) -> Mapping[str, Any]:
    for group in groups:
        if group["language"] == language and group["kind"] == kind:
            return group
    return {}


def _metrics_of(groups: Groups, language: str, kind: str) -> Mapping[str, Mapping[str, Any]]:
    metrics: Mapping[str, Mapping[str, Any]] = _group(groups, language, kind).get("metrics", {})
    return metrics


@contextmanager
def _figure(rows: int, *, row_in: float = _ROW_IN, top_in: float = 0.06) -> Iterator[Figure]:
    """An empty figure with room for so many rows, drawn in matplotlib's own defaults."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(), warnings.catch_warnings():
        # The reader's font draws the text, so what matplotlib's font lacks (Chinese names of
        # kinds) is not missed.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams["svg.fonttype"] = "none"
        matplotlib.rcParams["text.parse_math"] = False
        matplotlib.rcParams["font.size"] = _FONT_PT
        figure = Figure(figsize=(_WIDTH_IN, rows * row_in + 0.32 + top_in))
        figure.patch.set_visible(False)
        FigureCanvasSVG(figure)
        yield figure


def _plain_axes(
    figure: Figure,
    *,
    left_in: float,
    top_in: float,
    bottom_in: float,
    part: int = 0,
    parts: int = 1,
) -> Axes:
    """Axes without a frame; `part` of so many side by side. The margins are fixed lengths."""
    width, height = figure.get_size_inches()
    gap_in = 0.3
    each_in = (width - left_in - 0.26 - gap_in * (parts - 1)) / parts
    x_in = left_in + part * (each_in + gap_in)
    box = (x_in / width, bottom_in / height, each_in / width, 1 - (bottom_in + top_in) / height)
    axes = figure.add_axes(box, frameon=False)
    axes.tick_params(length=0, labelcolor=INK, labelsize=_FONT_PT)
    axes.set_axisbelow(True)
    return axes


def _share_axes(
    figure: Figure,
    names: Sequence[str],
    *,
    panels: int = 1,
    row_in: float = _ROW_IN,
    names_in: float = _NAMES_IN,
    top_in: float = 0.06,
) -> list[Axes]:
    """Panels side by side, each from 0 to 100 %, with one row per name, the first on top."""
    found = []
    for panel in range(panels):
        axes = _plain_axes(
            figure, left_in=names_in, top_in=top_in, bottom_in=0.26, part=panel, parts=panels
        )
        ticks = (0, 25, 50, 75, 100) if panels == 1 else (0, 50, 100)
        axes.set_xlim(-2, 102)
        axes.set_xticks(ticks, [f"{tick}" if panels > 1 else f"{tick} %" for tick in ticks])
        axes.tick_params(axis="x", labelcolor=QUIET)
        axes.set_yticks(range(len(names)), names if panel == 0 else [""] * len(names))
        axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
        axes.grid(axis="x", color=LINE, linewidth=0.7)
        found.append(axes)
    return found


def _dots(
    axes: Axes,
    estimates: Sequence[Mapping[str, Any] | None],
    language: str,
    languages: Sequence[str],
) -> None:
    """One dot per row, with its interval; languages stand a little apart."""
    colour = _LANGUAGE_COLOURS.get(language, QUIET)
    lower = 0.26 * (list(languages).index(language) - (len(languages) - 1) / 2)
    for row, estimate in enumerate(estimates):
        if estimate is None:
            continue
        y, value = row + lower, 100 * float(estimate["value"])
        if estimate.get("low") is not None and estimate.get("high") is not None:
            ends = (100 * float(estimate["low"]), 100 * float(estimate["high"]))
            axes.plot(ends, (y, y), color=colour, linewidth=2, alpha=0.45, clip_on=False)
        axes.plot([value], [y], "o", color=colour, markersize=5, clip_on=False)
