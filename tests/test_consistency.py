"""Pairs: the same question in English and Chinese, and whether its answers agree."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant import Settings
from assistant.evaluation import Result, SetQuestion
from assistant.evaluation.consistency import compare_pair, paired, print_consistency

from .fabricated_run import row

QUESTION = SetQuestion("a-en", "Who?", "en", pair="a", set="tiny")


def citation(passage: str, *starts: int) -> dict[str, Any]:
    """A citation of a passage with a quote of ten characters at each start."""
    quotes = [{"start": start, "end": start + 10, "text": "…"} for start in starts]
    return {"number": 1, "source": "s", "passage": {"id": passage}, "quotes": quotes}


def result(text: str, *citations: dict[str, Any], status: str = "answered") -> Result:
    made = row(status=status)
    made["answer"] |= {"text": text, "citations": list(citations)}
    return Result.from_dict(made)


def test_answers_that_say_and_cite_the_same_agree_in_everything() -> None:
    english = result("In December 2015 it had 63.6 trillion yuan. [1]", citation("s.1", 5))
    chinese = result("2015年12月为63.6万亿元。[1]", citation("s.1", 5))
    pair = compare_pair(english, chinese)
    assert set(pair.marks.values()) == {1.0}
    assert pair.is_right


def test_each_way_to_differ_is_measured_by_itself() -> None:
    english = result("5 firms [1][2]", citation("s.1", 5, 20), citation("s.2", 0))
    chinese = result("6家企业 [1]", citation("s.2", 0), status="partial")
    pair = compare_pair(english, chinese)
    assert list(pair.marks.values()) == [0.0, 0.5, 0.0, pytest.approx(1 / 3), 0.0]
    assert not pair.is_right
    assert "status 0 %; passages 50 %; first passage 0 %; sentences 33 %" in pair.lines[0]


def test_two_refusals_agree_and_what_neither_has_is_not_counted() -> None:
    pair = compare_pair(
        result("Searched: Report 2015.", status="refused"), result("已检索。", status="refused")
    )
    assert list(pair.marks.values()) == [1.0, None, None, None, None]
    assert pair.is_right


def test_a_question_that_could_not_be_asked_agrees_with_no_answer() -> None:
    english = replace(result(""), answer=None, error="Too long.")
    pair = compare_pair(english, result("5家企业 [1]", citation("s.1", 5)))
    assert set(pair.marks.values()) == {0.0}


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


def test_pairs_of_the_report_are_asked_and_told(
    built_settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("Who did Vanke sign with?", "万科和谁签约？", "What is a makerspace?")
    rows = [{"question": question, "pair": "a"} for question in asked[:2]] + [
        {"question": asked[2]}
    ]
    path = tmp_path / "tiny.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    print_consistency(built_settings, [path])
    printed = capsys.readouterr()
    assert "These name no pair: tiny/3." in printed.err
    assert "of 1 pairs differ" in printed.out
    all_ = next(line for line in printed.out.splitlines() if line.startswith("all "))
    assert all_.split()[1] == "100.0"
