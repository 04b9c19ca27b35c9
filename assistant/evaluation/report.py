"""One self-contained HTML page over a finished run: metrics and every question.

The page needs no network and no other file. Its content policy names its one script and its one
style sheet by their hashes, so that nothing a run holds can ever become a program.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import AssistantError
from ..retrieval.builds import replace_text
from ..retrieval.language import passage_language
from .kept import SavedRun, read_run
from .score import FAILURES, Result
from .summary import LANGUAGE_NAMES, METRICS, OUTCOMES

if TYPE_CHECKING:
    from markupsafe import Markup

REPORT_FILE = "report.html"
_CARDS = (
    "contains judge citation_recall quotes_valid recall@6 near_miss_recall far_recall "
    "false_refusals latency_ms_p50"
).split()
_OF_KINDS = "contains citation_recall refusal_recall".split()
_SCORES = {
    "Answer": ("contains", "exact", "f1", "judge", "language_ok"),
    "Retrieval": ("recall@1", "recall@3", "recall@6", "mrr", "ndcg@6"),
    "Citations": ("citation_precision", "citation_recall"),
}
_BINS = 25


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
    from jinja2 import Environment

    style = _resource("report.css")
    script = _resource("report_question.js") + _resource("report_list.js")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["said"] = _said
    languages = sorted({result.language for result in run.results})
    kinds = list(dict.fromkeys(group.kind for group in run.groups))
    times = _times(run.results, languages)
    return environment.from_string(_resource("report.html.j2")).render(
        policy=f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
        style=style,
        script=script,
        about=run.about,
        results=run.results,
        groups={(group.language, group.kind): group for group in run.groups},
        languages=languages,
        columns=[*languages, *(["all"] if len(languages) > 1 else [])],
        kinds=[kind for kind in kinds if kind != "all"],
        present={
            kind: [
                name
                for name in METRICS
                if any(name in group.metrics for group in run.groups if group.kind == kind)
            ]
            for kind in kinds
        },
        metrics=METRICS,
        names=LANGUAGE_NAMES,
        outcomes=[end for end in OUTCOMES if any(r.status == end for r in run.results)],
        cards=_CARDS,
        of_kinds=_OF_KINDS,
        times=times,
        most=max((sum(bin_["counts"].values()) for bin_ in times), default=1),
        data=_packed(run),
    )


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    hashed = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{hashed}'"


def _said(value: object, tag: str = "span") -> Markup:
    """A value as markup, with its language when that is not the page's own."""
    from markupsafe import Markup

    text = f"{len(value):,} entries" if isinstance(value, list) and len(value) > 6 else str(value)
    lang = Markup(' lang="zh"') if passage_language(text) == "zh" else ""
    return Markup("<{0}{1}>{2}</{0}>").format(tag, lang, text)


def _times(results: Sequence[Result], languages: Sequence[str]) -> list[dict[str, Any]]:
    """A histogram of the times over a logarithmic axis of 300 units, bin by bin."""
    import numpy as np

    times = {
        language: [
            max(time, 0.1)
            for result in results
            if result.language == language and (time := result.scores["latency_ms"]) is not None
        ]
        for language in languages
    }
    every = [time for mine in times.values() for time in mine]
    if not every:
        return []
    edges = np.geomspace(min(every) / 1.1, max(every) * 1.1, _BINS + 1)
    counts = {language: np.histogram(mine, edges)[0] for language, mine in times.items()}
    width = 300 / _BINS
    return [
        {
            "x": i * width,
            "width": 0.9 * width,
            "start": float(edges[i]),
            "counts": {language: int(counts[language][i]) for language in languages},
        }
        for i in range(_BINS)
    ]


# ---- what the page's script shows of each question ----


def _packed(run: SavedRun) -> str:
    """All questions as deflated JSON in Base64, which no markup can be hidden in.

    Passages are often the same for many questions, so their texts stand once in a list, and hits
    hold places in it: a page of 5,000 questions stays a page.
    """
    texts: dict[str, int] = {}
    data = {
        "questions": [_question(result, texts) for result in run.results],
        "texts": list(texts),
        "failures": FAILURES,
        "scores": _SCORES,
        "labels": {name: metric.name for name, metric in METRICS.items()},
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 9)).decode("ascii")


def _question(result: Result, texts: dict[str, int]) -> dict[str, Any]:
    row = result.to_dict()
    for hit in row["answer"]["hits"] if row["answer"] else []:
        hit["text"] = texts.setdefault(hit["text"], len(texts))
    return row | {
        "key": "/".join(result.key),
        "answerability": result.answerability.replace("_", " "),
        "status": result.status,
        "right": result.is_right,
        "failures": result.failures,
    }
