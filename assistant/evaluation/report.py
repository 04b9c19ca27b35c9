"""One self-contained HTML page over a finished run: metrics, plots and every question.

The page needs no network and no other file. Its content policy names its one script and its one
style sheet by their hashes, so that nothing a run holds can ever become a program.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from ..builds import replace_text
from ..errors import AssistantError
from .labels import LANGUAGE_NAMES
from .report_data import packed, page_data
from .report_metrics import cards, drawings, said, table
from .saved_run import SavedRun, read_run

REPORT_FILE = "report.html"


def write_report(directory: Path) -> Path:
    """Write report.html into the directory of a finished run; returns its path.

    The same run always gives the same bytes. Raises AssistantError when the directory holds no
    finished run or cannot be written.
    """
    path = directory / REPORT_FILE
    # A lone half of a surrogate pair is legal in JSON, but in no file.
    page = _page(read_run(directory)).encode("utf-8", "replace").decode("utf-8")
    try:
        replace_text(path, page)
    except OSError as error:
        raise AssistantError(f"The report {path} cannot be written ({error}).") from error
    return path


def _page(run: SavedRun) -> str:
    style, script = _resource("report.css"), _script()
    policy = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    return Template(_resource("report.html")).substitute(
        policy=policy,
        title=escape(f"Evaluation of {_name(run)}"),
        style=style,
        script=script,
        header=_header(run),
        cards=cards(run),
        plots=drawings(run),
        tables=table(run),
        data=packed(page_data(run)),
    )


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _script() -> str:
    return _resource("report_question.js") + _resource("report_list.js")


def _digest(text: str) -> str:
    hashed = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{hashed}'"


def _name(run: SavedRun) -> str:
    return str(run.metrics.get("name") or run.directory.name)


# ---- what was run ----


def _header(run: SavedRun) -> str:
    metrics = run.metrics
    problems = metrics.get("problems") or []
    sets = metrics.get("sets") or []
    facts = {
        "Set": "<br>".join(
            f"{said(Path(str(s.get('path', ''))).name)} "
            f'<span class="quiet">{s.get("questions", "?")} questions, '
            f"<code>{escape(str(s.get('sha256', ''))[:12])}</code></span>"
            for s in sets
        ),
        "Build": f"<code>{escape(run.build)}</code>",
        "Model": _model(metrics),
        "Code": f"<code>{escape(str(metrics.get('code', 'unknown')))}</code>",
        "Started": escape(_moment(metrics.get("started"))),
        "Took": escape(_duration(metrics)),
        "Judge": escape(str(metrics.get("judge") or "none")),
    }
    listed = "".join(f"<div><dt>{name}</dt><dd>{fact}</dd></div>" for name, fact in facts.items())
    parts = [
        f"<h1>Evaluation of {said(_name(run))}</h1>",
        f'<p class="lede">{_lede(run)}</p>',
        f'<dl class="facts">{listed}</dl>',
    ]
    if problems:
        items = "".join(said(problem, "li") for problem in problems)
        count = f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")
        parts.append(f'<div class="notice"><strong>{count}</strong><ul>{items}</ul></div>')
    parts.append(_settings(metrics))
    return "\n".join(parts)


def _model(metrics: Mapping[str, Any]) -> str:
    asked = str(metrics.get("settings", {}).get("embedding_model", "unknown"))
    used = str(metrics.get("build", {}).get("model", ""))
    return escape(asked) + (f' <code class="quiet">{escape(used)}</code>' if used else "")


def _lede(run: SavedRun) -> str:
    counts = [
        f"{sum(result.language == language for result in run.results):,} in "
        f"{LANGUAGE_NAMES[language]}"
        for language in run.languages
    ]
    answerable = sum(result.answerable for result in run.results)
    near = sum(result.near_miss for result in run.results)
    return (
        f"{len(run.results):,} questions: {', '.join(counts)}. {answerable:,} can be answered, "
        f"{near:,} are near misses, {len(run.results) - answerable - near:,} are far off."
    )


def _moment(started: object) -> str:
    try:
        moment = datetime.fromisoformat(str(started))
    except ValueError:
        return "unknown"
    return f"{moment.day} {moment:%B %Y, %H:%M %Z}".strip()


def _duration(metrics: Mapping[str, Any]) -> str:
    seconds = float(metrics.get("seconds") or 0)
    minutes, rest = divmod(round(seconds), 60)
    took = f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
    workers = metrics.get("workers")
    return f"{took}, {workers} worker{'s' if workers != 1 else ''}" if workers else took


def _settings(metrics: Mapping[str, Any]) -> str:
    tables = []
    for name in ("settings", "versions", "build"):
        rows = [
            f"<tr><td>{escape(key)}</td><td>{said(_short(value))}</td></tr>"
            for key, value in (metrics.get(name) or {}).items()
        ]
        if rows:
            table = f'<table class="pairs">{"".join(rows)}</table>'
            tables.append(f"<div><h3>{name.title()}</h3>{table}</div>")
    if not tables:
        return ""
    summary = "<summary>Settings, versions and build</summary>"
    return f'<details class="sheet">{summary}<div class="columns">{"".join(tables)}</div></details>'


def _short(value: object) -> str:
    """A value for a table cell: of a long list only its length."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_short(inner)}" for key, inner in value.items())
    if isinstance(value, list) and len(value) > 6:
        return f"{len(value):,} entries"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
