"""Groups of results: metrics against hand-computed values, and what their intervals hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import AssistantError
from assistant.evaluation import EvaluationReport, Group, Result, summarise
from assistant.evaluation.floors import missed, parse_floors
from assistant.evaluation.questions import SetQuestion
from assistant.evaluation.results import SCORES, AnswerRow, ExpectedRow
from assistant.evaluation.run_table import run_lines
from assistant.evaluation.summary import METRICS

ANSWER = AnswerRow(
    status="answered",
    text="Vanke signed. [1]",
    reason="",
    language="en",
    confidence=0.9,
    lead=None,
    citations=[],
    hits=[],
    composer="quotes",
    stand_alone="Who signed?",
)


def result(
    number: int = 0,
    status: str = "answered",
    *,
    answerable: bool = True,
    near_miss: bool = False,
    scores: Mapping[str, float | None] | None = None,
    **changes: Any,
) -> Result:
    made = Result(
        set="made-up",
        id=str(number),
        pair="",
        question="Who signed?",
        history=(),
        language="en",
        kind="",
        answerable=answerable,
        near_miss=near_miss,
        expected=ExpectedRow(answers=["Vanke"], answers_all=[], evidence=[], evidence_any=False),
        answer=None if status == "error" else {**ANSWER, "status": status},
        error="It is too long." if status == "error" else "",
        scores={**dict.fromkeys(SCORES), **(scores or {})},
    )
    return replace(made, **changes)


def group(*results: Result) -> Group:
    return summarise(results)[0]


def values(*results: Result) -> dict[str, float]:
    return {name: round(e.value, 4) for name, e in group(*results).metrics.items()}


def test_the_refusal_metrics_by_hand() -> None:
    found = values(
        *[result(i) for i in range(6)],
        result(6, "partial"),
        result(7, "refused"),
        result(8, "refused", answerable=False, near_miss=True),
        result(9, "partial", answerable=False, near_miss=True),
        result(10, "answered", answerable=False, near_miss=True),
        result(11, "refused", answerable=False),
    )
    assert found == {
        "refusal_precision": round(3 / 5, 4),
        "refusal_recall": round(3 / 4, 4),
        "refusal_f1": round(2 * 3 / (5 + 4), 4),
        "near_miss_precision": round(2 / 4, 4),
        "near_miss_recall": round(2 / 3, 4),
        "far_recall": 1.0,
        "false_refusals": round(2 / 8, 4),
        "refused_outright": round(1 / 8, 4),
    }


def test_means_are_over_the_questions_that_define_them() -> None:
    metrics = group(
        result(0, scores={"contains": 1.0, "quotes": 3, "quotes_valid": 2, "latency_ms": 10.0}),
        result(1, scores={"contains": 0.0, "quotes": 1, "quotes_valid": 1, "latency_ms": 20.0}),
        result(2, scores={"quotes": 0, "quotes_valid": 0, "latency_ms": 60.0}),
    ).metrics
    assert (metrics["contains"].value, metrics["contains"].n) == (0.5, 2)
    assert (metrics["quotes_valid"].value, metrics["quotes_valid"].n) == (0.75, 2)
    assert metrics["latency_ms_p50"].value == 20.0
    assert metrics["latency_ms_p95"].value == pytest.approx(56.0)
    assert "judge" not in metrics
    assert set(metrics) <= set(METRICS)


def test_without_anything_to_hold_back_precision_of_refusal_is_undefined() -> None:
    found = values(result(0, "partial"), result(1))
    assert not {"refusal_precision", "refusal_f1", "near_miss_precision"} & set(found)
    assert found["false_refusals"] == 0.5


def test_a_question_that_could_not_be_asked_counts_as_not_answered() -> None:
    made = group(result(0, "error"), result(1), result(2, "error", answerable=False))
    assert made.metrics["false_refusals"].value == 0.5
    assert made.metrics["refused_outright"].value == 0.0
    assert made.metrics["far_recall"].value == 1.0
    assert made.outcomes["answerable"] == {"answered": 1, "partial": 0, "refused": 0, "error": 1}


def test_groups_come_by_language_and_then_by_kind() -> None:
    results = [
        result(0, kind="who"),
        result(1, language="zh", kind="when"),
        result(2, language="zh"),
    ]
    groups = [(g.language, g.kind, g.questions) for g in summarise(results)]
    assert groups == [
        *[("all", "all", 3), ("all", "when", 1), ("all", "who", 1)],
        *[("en", "all", 1), ("en", "who", 1)],
        *[("zh", "all", 2), ("zh", "when", 1)],
    ]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["answered", "partial", "refused", "error"]),
            st.sampled_from([(True, False), (False, True), (False, False)]),
            st.one_of(st.none(), st.floats(0, 1)),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_every_value_lies_in_its_interval_and_every_question_in_one_outcome(
    rows: list[tuple[str, tuple[bool, bool], float | None]],
) -> None:
    results = [
        result(i, status, answerable=what[0], near_miss=what[1], scores={"f1": score})
        for i, (status, what, score) in enumerate(rows)
    ]
    first, again = summarise(results), summarise(results)
    assert first == again
    for made in first:
        assert sum(sum(row.values()) for row in made.outcomes.values()) == made.questions
        for estimate in made.metrics.values():
            assert -1e-9 <= estimate.low <= estimate.high <= 1 + 1e-9
            assert 1 <= estimate.n <= made.questions


def test_the_interval_of_a_share_is_as_wide_as_theory_has_it() -> None:
    results = [result(i, scores={"contains": float(i % 10 < 8)}) for i in range(400)]
    estimate = group(*results).metrics["contains"]
    deviation = (0.8 * 0.2 / 400) ** 0.5
    assert estimate.value == 0.8
    assert estimate.low == pytest.approx(0.8 - 1.96 * deviation, abs=0.006)
    assert estimate.high == pytest.approx(0.8 + 1.96 * deviation, abs=0.006)


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    chance = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        right = chance.random(80) < 0.7
        results = [result(i, scores={"contains": float(r)}) for i, r in enumerate(right)]
        estimate = group(*results).metrics["contains"]
        held += estimate.low <= 0.7 <= estimate.high
    assert 180 <= held <= 199


def test_a_metric_of_one_question_among_many_has_no_width() -> None:
    results = [result(0, scores={"judge": 0.5}), *[result(i) for i in range(1, 50)]]
    estimate = group(*results).metrics["judge"]
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (0.5, 0.5, 0.5, 1)


def report(*results: Result) -> EvaluationReport:
    about = {
        "name": "made-up",
        "build": {"id": "b"},
        "settings": {"id": "s"},
        "seconds": 1.0,
        "workers": 2,
        "reused": 0,
    }
    return EvaluationReport(results, summarise(results), None, about)


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def test_the_table_fits_a_hundred_columns_whatever_the_kinds_are_called() -> None:
    full = dict.fromkeys(SCORES, 1.0) | {"latency_ms": 98_765.0}
    kinds = ["a kind with a very long name indeed", "数量与金额和百分比之类的问题", "who"]
    made = report(
        *[
            result(i, kind=kind, language="zh" if i % 2 else "en", scores=full, near_miss=near)
            for i, (kind, near) in enumerate((k, n) for k in kinds for n in (False, True))
        ],
        result(99, "error", answerable=False),
    )
    lines = run_lines(made)
    assert max(map(width, lines)) <= 100
    assert any("made-up, 99: It is too long." in line for line in lines)
    table = "\n".join(lines)
    for words in ("Right answer", "English (4)", "Chinese (3)", "Near misses", "Far off", "…"):
        assert words in table


def test_every_failure_is_printed_when_asked_for() -> None:
    made = report(result(0, scores={"contains": 0.0}), result(1, scores={"contains": 1.0}))
    text = "\n".join(run_lines(made, verbose=True))
    assert "made-up, 0 (en): wrong answer" in text
    assert "expected  Vanke" in text
    assert "made-up, 1" not in text
    assert "made-up, 0 (en)" not in "\n".join(run_lines(made))


def test_a_metric_is_had_by_name_language_and_kind() -> None:
    made = report(result(0, kind="who", scores={"f1": 0.5}), result(1, scores={"f1": 1.0}))
    assert made.metric("f1").value == 0.75
    assert made.metric("f1", "en", "who").value == 0.5
    for wrong in (("f2", "en"), ("f1", "zh"), ("f1", "en", "when"), ("judge", "en")):
        with pytest.raises(AssistantError):
            made.metric(*wrong)


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("contains=0.9", True),
        ("contains=90%", True),
        ("contains=0.91", False),
        ("en:contains=0.9", True),
        ("en/who:contains=0.9", True),
        ("all/who:contains=1", False),
        ("latency_ms_p95=40", True),
        ("latency_ms_p95=10", False),
        ("false_refusals=0.5", True),
    ],
)
def test_a_metric_under_its_floor_is_named(text: str, reached: bool) -> None:
    results = [
        result(i, kind="who", scores={"contains": float(i > 0), "latency_ms": 20.0 + i})
        for i in range(10)
    ]
    questions = [SetQuestion(str(i), "?", "en", "who") for i in range(10)]
    sentences = missed(report(*results), parse_floors([text], questions, judged=False))
    assert (not sentences) is reached
    assert all(sentence.startswith(text.split("=")[0]) for sentence in sentences)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("contans=1", "Did you mean 'contains'.*They are: recall@1"),
        ("contains", "there is no metric"),
        ("contains=high", "'high' is no number"),
        ("contains=90", "between 0 and 1"),
        ("contains=nan", "between 0 and 1"),
        ("who:contains=1", "'who' is no language"),
        ("zh:contains=1", "no question is in the language 'zh'"),
        ("en/when:contains=1", "no kind 'when'.*The kinds are: who"),
        ("judge=1", "--judge MODEL"),
    ],
)
def test_a_floor_that_cannot_be_meant_is_one_sentence(text: str, message: str) -> None:
    with pytest.raises(AssistantError, match=message):
        parse_floors([text], [SetQuestion("1", "?", "en", "who")], judged=False)


def test_a_result_comes_back_as_it_was_written() -> None:
    made = result(1, scores={"f1": 0.5}, history=("Who?",), judge_reason="It says so. 对。")
    assert Result.from_dict(made.to_dict()) == made
    assert made.to_dict()["scores"]["judge_reason"] == "It says so. 对。"
    assert (
        list(made.to_dict())
        == (
            "set id pair question history language kind answerable near_miss expected answer error "
            "scores"
        ).split()
    )
