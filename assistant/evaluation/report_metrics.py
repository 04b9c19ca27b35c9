"""The metrics of a report as markup: cards, plots and the table of everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ..language import passage_language
from . import plots
from .labels import LABELS, LANGUAGE_NAMES, interval, label_of, shown
from .saved_run import SavedRun
from .summary import OUTCOMES

_CARDS = (
    *("contains", "judge", "citation_recall", "quotes_valid", "recall@6"),
    *("near_miss_recall", "far_recall", "false_refusals", "latency_ms_p50"),
)


def said(value: object, tag: str = "span") -> str:
    """Text as markup, with its language when that is not the page's own."""
    text = str(value)
    lang = ' lang="zh"' if passage_language(text) == "zh" else ""
    return f"<{tag}{lang}>{escape(text)}</{tag}>"


def _groups(run: SavedRun, kind: str = "all") -> dict[str, Mapping[str, Any]]:
    """The groups of one kind by language: those asked in, then both together."""
    found = {g["language"]: g for g in run.metrics["groups"] if g["kind"] == kind}
    wanted = [*run.languages, *(["all"] if len(run.languages) != 1 else [])]
    return {language: found[language] for language in wanted if language in found}


def cards(run: SavedRun) -> str:
    """The main metrics, a card each, language by language."""
    groups = {key: group for key, group in _groups(run).items() if key in run.languages}
    markup = []
    for metric in _CARDS:
        found = [
            (language, group["metrics"][metric])
            for language, group in groups.items()
            if metric in group["metrics"]
        ]
        if found:
            label = label_of(metric)
            scale = 1.0
            if label.unit == "ms":
                scale = max(e.get("high") or e["value"] for _, e in found) * 1.15 or 1.0
            rows = "".join(_estimate(language, e, metric, scale) for language, e in found)
            markup.append(
                f'<div class="card sheet"><h3>{escape(label.name)}</h3>'
                f'<p>{escape(label.explains)}</p><dl class="estimate">{rows}</dl></div>'
            )
    return f'<div class="cards">{"".join(markup)}</div>'


def _estimate(language: str, estimate: Mapping[str, Any], metric: str, scale: float) -> str:
    """One language's line on a card, with a bar from 0 to `scale` for its interval."""
    value, n = float(estimate["value"]), estimate.get("n")
    low, high = (
        value if (end := estimate.get(name)) is None else float(end) for name in ("low", "high")
    )
    x, left, right = (round(2 + 96 * min(v / scale, 1), 2) for v in (value, low, high))
    of = "" if n is None else f"{n:,} question{'s' if n != 1 else ''}"
    return (
        f'<dt><b class="{escape(language)}">{escape(LANGUAGE_NAMES.get(language, language))}</b>'
        f"<small>{of}</small></dt>"
        f"<dd>{shown(value, metric)}<small>{interval(estimate, metric)}</small></dd>"
        f'<svg class="{escape(language)}" viewBox="0 0 100 8" preserveAspectRatio="none" '
        'aria-hidden="true"><rect x="0" y="3" width="100" height="2" fill="var(--line)"/>'
        f'<rect x="{left}" y="2.5" width="{max(right - left, 0):.2f}" height="3" '
        'fill="currentColor" opacity="0.45"/>'
        f'<rect x="{x - 0.6:.2f}" y="0" width="1.2" height="8" fill="currentColor"/></svg>'
    )


def drawings(run: SavedRun) -> str:
    """The plots, in two columns."""
    groups, languages = run.metrics["groups"], run.languages
    names = {language: LANGUAGE_NAMES[language] for language in languages}
    met = {result.status for result in run.results} | {"answered", "partial", "refused"}
    outcomes = {outcome: outcome.title() for outcome in OUTCOMES if outcome in met}
    columns = (
        [
            _figure("Metrics", plots.plot_metrics(groups, languages), names, "↓ less is better"),
            _figure(
                "Time from question to answer", plots.plot_latency(run.results, languages), names
            ),
        ],
        [
            _figure(
                "What was asked, and what became of it",
                plots.plot_outcomes(groups, languages),
                outcomes,
            ),
            _figure("By kind of question", plots.plot_kinds(groups, languages), names, "in %"),
        ],
    )
    return "".join(f"<div>{''.join(column)}</div>" for column in columns)


def _figure(title: str, drawing: str, keys: Mapping[str, str], remark: str = "") -> str:
    if not drawing:
        return ""
    items = [f'<li class="key {key}"><span>{name}</span></li>' for key, name in keys.items()]
    items += [f"<li>{remark}</li>"] if remark else []
    return (
        f'<figure class="sheet"><figcaption>{title}<ul>{"".join(items)}</ul></figcaption>'
        f"{drawing}</figure>"
    )


def table(run: SavedRun) -> str:
    """All metrics of all groups, for those who want the numbers."""
    kinds = list(dict.fromkeys(group["kind"] for group in run.metrics["groups"]))
    columns = [
        (LANGUAGE_NAMES.get(language, language), kind, group)
        for kind in kinds
        for language, group in _groups(run, kind).items()
    ]
    named = {metric for _, _, group in columns for metric in group["metrics"]}
    head = "".join(
        f'<th scope="col">{escape(name)}<small>{said(kind)}, '
        f"{group.get('questions', 0):,}</small></th>"
        for name, kind, group in columns
    )
    rows = [
        f'<tr><th scope="row">{escape(label_of(metric).name)}</th>{_cells(metric, columns)}</tr>'
        for metric in _in_order(named)
    ]
    return (
        '<details class="sheet"><summary>All metrics as a table</summary>'
        '<div tabindex="0" role="region" aria-label="All metrics">'
        f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        "</div></details>"
    )


def _in_order(metrics: Iterable[str]) -> list[str]:
    order = {name: place for place, name in enumerate(LABELS)}
    return sorted(metrics, key=lambda name: (order.get(name, len(order)), name))


def _cells(metric: str, columns: Sequence[tuple[str, str, Mapping[str, Any]]]) -> str:
    cells = []
    for _, _, group in columns:
        estimate = group["metrics"].get(metric)
        if estimate is None:
            cells.append("<td>–</td>")
        else:
            small = f"<small>{interval(estimate, metric)}</small>"
            cells.append(f"<td>{shown(estimate['value'], metric)}{small}</td>")
    return "".join(cells)
