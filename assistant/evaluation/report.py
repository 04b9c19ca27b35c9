"""One self-contained HTML page over a finished run: metrics and every question.

The page needs no network and no other file. Its content policy names its one script and its one
style sheet by their hashes, so that nothing a run holds can ever become a program.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import AssistantError
from ..files import replace_text
from ..retrieval.language import passage_language
from .kept import read_run
from .score import FAILURES, Result
from .summary import LANGUAGE_NAMES, METRICS, OUTCOMES, EvaluationReport

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


def write_report(directory: Path) -> Path:
    """Write report.html into the directory of a finished run; returns its path.

    The same run always gives the same bytes. Raises AssistantError when the directory holds no
    finished run or cannot be written.
    """
    path = directory / REPORT_FILE
    page = _page(read_run(directory))
    try:
        replace_text(path, page)
    except OSError as error:
        raise AssistantError(f"The report {path} cannot be written ({error}).") from error
    return path


def _page(run: EvaluationReport) -> str:
    from jinja2 import Environment

    style = _resource("report.css")
    script = _resource("report_question.js") + _resource("report_list.js")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["said"] = _said
    languages = sorted({result.language for result in run.results})
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
        kinds=sorted({group.kind for group in run.groups} - {"all"}),
        present=[name for name in METRICS if any(name in g.metrics for g in run.groups)],
        metrics=METRICS,
        names=LANGUAGE_NAMES,
        outcomes=[end for end in OUTCOMES if any(r.status == end for r in run.results)],
        cards=_CARDS,
        of_kinds=_OF_KINDS,
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


# ---- what the page's script shows of each question ----


def _packed(run: EvaluationReport) -> str:
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
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


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
