"""What each metric is called on a page or in a table, and how it is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

LANGUAGE_NAMES = {"en": "English", "zh": "Chinese", "all": "Both languages"}


@dataclass(frozen=True, slots=True)
class Label:
    """How a metric is shown.

    unit: "share" is shown as a percentage, "ms" as milliseconds, "count" as a plain number.
    rises: higher is better.
    explains: one sentence for those who meet the metric for the first time.
    """

    name: str
    unit: Literal["share", "ms", "count"] = "share"
    rises: bool = True
    explains: str = ""


LABELS: Mapping[str, Label] = {
    "right": Label("Right", explains="Answered right, or rightly left unanswered."),
    "contains": Label("Right answer", explains="A gold answer stands in the answer."),
    "exact": Label("Exact answer", explains="The short answer equals a gold answer."),
    "f1": Label("Answer F1", explains="Words (Chinese: characters) shared with a gold answer."),
    "judge": Label("Judge", explains="Marks of the model that judged the answers."),
    "recall@1": Label("Recall@1", explains="Gold evidence found in the first hit."),
    "recall@3": Label("Recall@3", explains="Gold evidence found in the first three hits."),
    "recall@6": Label("Recall@6", explains="Gold evidence found in the first six hits."),
    "mrr": Label("MRR", explains="One divided by the rank of the first hit with gold evidence."),
    "ndcg@6": Label("nDCG@6", explains="How high the hits with gold evidence stand."),
    "citation_precision": Label("Citation precision", explains="Quotes that are gold evidence."),
    "citation_recall": Label("Evidence cited", explains="Gold evidence that is quoted."),
    "quotes_valid": Label("Quotes valid", explains="Quotes that are slices of their source."),
    "language_ok": Label("Language kept", explains="Lines in the language that is due."),
    "near_miss_recall": Label(
        "Near misses refused", explains="Unanswerable, though the sources come near."
    ),
    "near_miss_precision": Label(
        "Near-miss precision", explains="Unanswered questions that were near misses."
    ),
    "far_recall": Label("Far ones refused", explains="Unanswerable, and the sources are far off."),
    "refusal_recall": Label("Unanswerable refused", explains="Unanswerable and not answered."),
    "refusal_precision": Label("Refusal precision", explains="Not answered and unanswerable."),
    "refusal_f1": Label("Refusal F1", explains="Precision and recall of not answering."),
    "false_refusals": Label(
        "Wrongly unanswered", rises=False, explains="Answerable, but not answered."
    ),
    "refused_outright": Label(
        "Wrongly refused", rises=False, explains="Answerable, but refused outright."
    ),
    "latency_ms": Label("Time, mean", "ms", rises=False, explains="From question to answer."),
    "latency_ms_p50": Label("Time, median", "ms", rises=False, explains="From question to answer."),
    "latency_ms_p95": Label("Time, 95th percentile", "ms", rises=False),
    "quotes": Label("Quotes", "count", explains="How many quotes an answer has."),
}


def label_of(metric: str) -> Label:
    """The metric's label; one that is not known is shown by its own name, as a share."""
    return LABELS.get(metric) or Label(metric)


def shown(value: float, metric: str) -> str:
    """A value as a reader wants it: "86.7 %" or "41 ms"."""
    unit = label_of(metric).unit
    if unit == "share":
        return "100 %" if value == 1 else f"{100 * value:.1f} %"
    return f"{value:,.0f} ms" if unit == "ms" else f"{value:.2f}"


def interval(estimate: Mapping[str, Any], metric: str) -> str:
    """The 95 % confidence interval without its unit, such as "75.0–95.6"; "" when undefined."""
    low, high = estimate.get("low"), estimate.get("high")
    if low is None or high is None:
        return ""
    unit = label_of(metric).unit
    if unit == "share":
        return f"{100 * low:.1f}–{100 * high:.1f}"
    return f"{low:,.0f}–{high:,.0f}" if unit == "ms" else f"{low:.2f}–{high:.2f}"
