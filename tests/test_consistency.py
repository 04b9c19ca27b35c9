"""Pairs: the same question in English and Chinese, and whether its answers agree."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant import AssistantError, Settings
from assistant.evaluation import Result, SetQuestion
from assistant.evaluation.consistency import compare_pair, paired, print_consistency
from assistant.types import Language, Status

ROWS = [
    {"id": "a-en", "pair": "a", "question": "Who did Vanke sign with?", "kind": "who"},
    {"id": "a-zh", "pair": "a", "question": "万科和谁签约？", "kind": "who"},
    {"id": "b-en", "pair": "b", "question": "How high is Mount Everest?", "kind": "number"},
    {"id": "b-zh", "pair": "b", "question": "珠穆朗玛峰有多高？", "kind": "number"},
    {"id": "c-en", "pair": "c", "question": "What is a makerspace?", "kind": "what"},
    {"id": "d-zh", "question": "什么是众创空间？", "kind": "what"},
]
QUESTION = SetQuestion("a-en", "Who?", "en", pair="a", set="tiny")


def citation(source: str, passage: int, *starts: int) -> dict[str, Any]:
    """A citation of a passage with a quote of ten characters at each start."""
    return {
        "number": 1,
        "source": source,
        "title": "",
        "support": "supported",
        "passage": {"id": f"{source}.{passage}", "start": 0, "end": 100},
        "quotes": [{"start": start, "end": start + 10, "text": "…"} for start in starts],
        "translations": [],
    }


def result(
    language: Language, text: str, *citations: dict[str, Any], status: Status = "answered"
) -> Result:
    """A result of which only the answer's text, status and citations are of interest."""
    answer: dict[str, Any] = {
        "status": status,
        "text": text,
        "reason": "",
        "confidence": 0.5,
        "language": language,
        "lead": None,
        "citations": list(citations),
        "hits": [],
        "composer": "quotes",
        "stand_alone": "",
    }
    return Result(
        set="tiny",
        id=f"a-{language}",
        pair="a",
        question="Who?",
        history=(),
        language=language,
        kind="number",
        answerable=True,
        near_miss=False,
        expected={"answers": [], "answers_all": [], "evidence": [], "evidence_any": False},
        answer=answer,
        error="",
        scores={},
    )


def test_answers_that_say_and_cite_the_same_agree_in_everything() -> None:
    english = result("en", "In December 2015 it had 63.6 trillion yuan. [1]", citation("s", 1, 5))
    chinese = result("zh", "2015年12月为63.6万亿元。[1]", citation("s", 1, 5))
    pair = compare_pair(english, chinese)
    assert set(pair.scores.values()) == {1.0}
    assert pair.differences == []


def test_each_way_to_differ_is_measured_by_itself() -> None:
    english = result("en", "5 firms [1][2]", citation("s", 1, 5, 20), citation("s", 2, 0))
    chinese = result("zh", "6家企业 [1]", citation("s", 2, 0), status="partial")
    pair = compare_pair(english, chinese)
    assert pair.scores == {
        "same_status": 0.0,
        "passages": 0.5,
        "first_passage": 0.0,
        "sentences": pytest.approx(1 / 3),
        "same_sentences": 0.0,
        "same_figures": 0.0,
    }


def test_two_refusals_agree_and_what_neither_has_is_not_counted() -> None:
    english = result("en", "Searched: Report 2015.", status="refused")
    chinese = result("zh", "已检索：报告。", status="refused")
    pair = compare_pair(english, chinese)
    assert pair.scores["same_status"] == 1.0
    assert {name for name, score in pair.scores.items() if score is None} == {
        "passages",
        "first_passage",
        "sentences",
        "same_sentences",
        "same_figures",
    }


def test_a_question_that_could_not_be_asked_agrees_with_no_answer() -> None:
    english = replace(result("en", ""), answer=None, error="Too long.")
    chinese = result("zh", "5家企业 [1]", citation("s", 1, 5))
    pair = compare_pair(english, chinese)
    assert set(pair.scores.values()) == {0.0}


def test_questions_without_a_partner_are_named() -> None:
    chinese = replace(QUESTION, id="a-zh", language="zh")
    lone = replace(QUESTION, id="b-en", pair="b")
    twice = [replace(QUESTION, id=f"c-{i}", pair="c") for i in range(2)]
    single = replace(QUESTION, id="d", pair="")
    pairs, problems = paired([chinese, lone, *twice, single, QUESTION])
    assert pairs == [(QUESTION, chinese)]
    assert problems == [
        "The pair 'b' is not one English and one Chinese: tiny/b-en.",
        "The pair 'c' is not one English and one Chinese: tiny/c-0, tiny/c-1.",
        "These name no pair: tiny/d.",
    ]


def write_set(folder: Path) -> Path:
    path = folder / "tiny.jsonl"
    lines = [json.dumps({"answerable": False, **row}, ensure_ascii=False) for row in ROWS]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_pairs_of_the_report_are_asked_and_kept(
    built_settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "kept"
    print_consistency(built_settings, [write_set(tmp_path)], out=out)
    printed = capsys.readouterr()
    assert "These name no pair: tiny/d-zh." in printed.err
    assert "The pair 'c' is not one English and one Chinese" in printed.err
    vanke, everest = json.loads((out / "consistency.json").read_text("utf-8"))["pairs"]
    assert (vanke["pair"], everest["pair"]) == ("a", "b")
    assert vanke["en"]["answer"]["status"] == vanke["zh"]["answer"]["status"] == "answered"
    assert vanke["scores"]["first_passage"] == 1.0
    assert everest["scores"]["same_status"] == 1.0
    page = (out / "consistency.md").read_text(encoding="utf-8")
    assert page.startswith(printed.out.split("\n\nBoth answers")[0])
    assert " of 2 pairs differ" in page
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(AssistantError, match="cannot be written"):
        print_consistency(built_settings, [write_set(tmp_path)], out=tmp_path / "file" / "out")
