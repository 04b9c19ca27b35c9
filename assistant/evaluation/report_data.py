"""What the report's page needs to know of each question, packed small.

Passages are often the same for many questions, so their texts stand once in a list and hits
point at them; the whole is compressed, for a page of 5,000 questions to stay a page.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .labels import LABELS
from .metrics import Place
from .results import AnswerRow, CitationRow, HitRow, QuoteRow, Result, SpanRow
from .saved_run import SavedRun, key_of
from .summary import answerability
from .verdicts import FAILURES, failures_of, is_right

_SCORES = {
    "Answer": ("contains", "exact", "f1", "judge", "language_ok"),
    "Retrieval": ("recall@1", "recall@3", "recall@6", "mrr", "ndcg@6"),
    "Citations": ("citation_precision", "citation_recall"),
}


def page_data(run: SavedRun) -> dict[str, Any]:
    """Everything that the page shows below its plots.

    `texts` are passages; a hit's and a citation's `text` is a place in it, or None where the
    run did not keep the words.
    """
    texts = _Texts()
    return {
        "questions": [_question(result, texts) for result in run.results],
        "texts": texts.all,
        "failures": FAILURES,
        "scores": _SCORES,
        "labels": {name: label.name for name, label in LABELS.items()},
    }


def packed(data: Mapping[str, Any]) -> str:
    """The data as deflated JSON in Base64, which no markup can be hidden in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 9)).decode("ascii")


class _Texts:
    """The list of passages, each once."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int | None:
        """Where the text stands in the list; it is added when it is new."""
        if not text:
            return None
        if text not in self._places:
            self._places[text] = len(self.all)
            self.all.append(text)
        return self._places[text]

    def holds(self, hit: Mapping[str, Any], quote: QuoteRow) -> bool:
        """Whether the words of a quote stand in a hit, and just where the quote says."""
        if hit["text"] is None or quote["start"] < hit["start"]:
            return False
        text: str = self.all[hit["text"]]
        start, end = quote["start"] - int(hit["start"]), quote["end"] - int(hit["start"])
        return text[start:end] == quote["text"]


def _question(result: Result, texts: _Texts) -> dict[str, Any]:
    evidence = result.expected["evidence"]
    found = result.answer["hits"] if result.answer else []
    hits = [_hit(hit, evidence, texts) for hit in found]
    return {
        "key": key_of(result),
        "set": result.set,
        "id": result.id,
        "pair": result.pair,
        "question": result.question,
        "history": result.history,
        "language": result.language,
        "kind": result.kind,
        "answerability": answerability(result).replace("_", " "),
        "expected": result.expected,
        "status": result.status,
        "right": is_right(result),
        "failures": failures_of(result),
        "error": result.error,
        "answer": _answer(result.answer, hits, texts),
        "hits": hits,
        "scores": result.scores,
        "judge_reason": result.judge_reason,
    }


def _answer(
    answer: AnswerRow | None, hits: Sequence[Mapping[str, Any]], texts: _Texts
) -> dict[str, Any] | None:
    if answer is None:
        return None
    shown = {name: answer[name] for name in ("text", "reason", "language", "lead", "stand_alone")}
    return {**shown, "citations": [_citation(c, hits, texts) for c in answer["citations"]]}


def _hit(hit: HitRow, evidence: Iterable[SpanRow], texts: _Texts) -> dict[str, Any]:
    place = Place(hit["source"], hit["start"], hit["end"])
    golds = [Place(gold["source"], gold["start"], gold["end"]) for gold in evidence]
    return {
        **hit,
        "text": texts.place(hit["text"]),
        "gold": any(place.overlaps(gold) for gold in golds),
    }


def _citation(
    citation: CitationRow, hits: Iterable[Mapping[str, Any]], texts: _Texts
) -> dict[str, Any]:
    """The citation with the words of a hit that holds all its quotes, where there is one."""
    quotes, passage = citation["quotes"], citation["passage"]
    around = None
    for hit in hits:
        if hit["source"] == citation["source"] and all(texts.holds(hit, q) for q in quotes):
            around = {name: hit[name] for name in ("start", "end", "text")}
            if hit["start"] == passage["start"]:
                break
    return {**citation, "around": around}
