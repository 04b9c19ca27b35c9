"""Metrics of runs, their intervals, and two runs compared: against hand-computed values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import AssistantError
from assistant.evaluation import Estimate, EvaluationReport, Result, summarise
from assistant.evaluation.__main__ import main
from assistant.evaluation.compare import Comparison, MetricComparison, compare
from assistant.evaluation.printing import run_lines, width
from assistant.evaluation.summary import METRICS, p_value, share

from .fabricated_run import Row, row, rows, write_run


def result(number: int = 1, status: str = "answered", **changes: Any) -> Result:
    if status == "error":
        changes |= {"answer": None, "error": "It is too long."}
        status = "answered"
    return Result.from_dict(row(number, status=status, **changes))


def report(*results: Result) -> EvaluationReport:
    about: dict[str, Any] = {"name": "made-up", "build": {"id": "b"}, "settings": {"id": "s"}}
    about |= {"seconds": 1.0, "workers": 2, "reused": 0}
    return EvaluationReport(results, summarise(results), None, about)


# ---- one run ----


def test_the_refusal_metrics_by_hand() -> None:
    made = report(
        *[result(i) for i in range(6)],
        result(6, "partial"),
        result(7, "refused"),
        result(8, "refused", answerable=False, near_miss=True),
        result(9, "partial", answerable=False, near_miss=True),
        result(10, "answered", answerable=False, near_miss=True),
        result(11, "error", answerable=False),
    )
    expected = {
        "right": 9 / 12 - 1 / 12,
        "refusal_precision": 3 / 5,
        "refusal_recall": 3 / 4,
        "refusal_f1": 2 * 3 / (5 + 4),
        "near_miss_precision": 2 / 4,
        "near_miss_recall": 2 / 3,
        "far_recall": 1.0,
        "false_refusals": 2 / 8,
        "refused_outright": 1 / 8,
    }
    assert {name: made.metric(name).value for name in expected} == pytest.approx(expected)
    assert made.groups[0].outcomes["far"]["error"] == 1
    alone = report(result(0, "partial"), result(1)).groups[0].metrics
    assert not {"refusal_precision", "refusal_f1", "near_miss_precision"} & alone.keys()


def test_means_are_over_the_questions_that_define_them_in_groups() -> None:
    scores = dict(row()["scores"]) | {"contains": 1.0, "quotes": 3, "quotes_valid": 2}
    other = scores | {"contains": None, "quotes": 1, "quotes_valid": 1, "latency_ms": 60.0}
    made = report(
        result(0, scores=scores | {"latency_ms": 10.0}, kind="who"),
        result(1, scores=scores | {"contains": 0.0, "latency_ms": 20.0}, kind=""),
        result(2, scores=other, language="zh", kind="when"),
    )
    assert (made.metric("contains").value, made.metric("contains").n) == (0.5, 2)
    assert (made.metric("quotes_valid").value, made.metric("quotes_valid").n) == (5 / 7, 3)
    assert made.metric("latency_ms_p50").value == 20.0
    assert made.metric("latency_ms_p95").value == pytest.approx(56.0)
    assert made.metric("contains", "en", "who").value == 1.0
    assert [(g.language, g.kind, g.questions) for g in made.groups] == [
        *[("all", "all", 3), ("all", "when", 1), ("all", "who", 1)],
        *[("en", "all", 2), ("en", "who", 1), ("zh", "all", 1), ("zh", "when", 1)],
    ]
    for wrong in (("f2", "en"), ("contains", "zh"), ("f1", "en", "when"), ("judge", "en")):
        with pytest.raises(AssistantError):
            made.metric(*wrong)


def test_every_value_lies_in_its_interval_and_every_question_in_one_outcome() -> None:
    results = tuple(map(Result.from_dict, rows(60)))
    assert summarise(results) == summarise(results)
    for group in summarise(results):
        assert sum(sum(row.values()) for row in group.outcomes.values()) == group.questions
        for name, estimate in group.metrics.items():
            assert estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9, name
            assert 1 <= estimate.n <= group.questions


def test_one_question_has_no_spread_and_none_has_no_share() -> None:
    assert share([0.5]) == Estimate(0.5, 0.5, 0.5, 1)
    assert share([]) is None


def test_the_tables_fit_a_hundred_columns() -> None:
    scores = row()["scores"] | {"latency_ms": 98_765.0}
    results = [
        result(i, language="zh" if i % 2 else "en", scores=scores, answerable=i > 2)
        for i in range(9)
    ]
    lines = list(run_lines(report(*results, result(99, "error"))))
    assert max(map(width, lines)) <= 100
    table = "\n".join(lines)
    for words in ("Right answer", "English (6)", "Chinese (4)", "near_miss", "far"):
        assert words in table
    assert "made-up, q-099: It is too long." in table


def test_right_replies_are_told_by_kind_with_the_conditions_that_are_not_met() -> None:
    lines = list(
        run_lines(
            report(
                result(1, kind="talk", unmet=("said", "length")),
                result(2, kind="talk", unmet=()),
                result(3, kind="compare", language="zh", unmet=("said",)),
            )
        )
    )
    assert max(map(width, lines)) <= 100
    told = [" ".join(line.split()) for line in lines]
    assert "talk 50.0 % 0.0–100.0 (2) 50.0 % 0.0–100.0 (2)" in told
    assert "Conditions not met answered said unsaid cited length language questions" in told
    assert told[told.index("all 0 2 0 0 1 0 3") - 1] == "compare 0 1 0 0 0 0 1"


# ---- two runs ----


def parts(values: Sequence[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The parts of a metric that is a mean."""
    return np.array([[value, 1.0] for value in values])


@pytest.mark.parametrize(
    ("before", "after", "test", "p"),
    [
        ([1, 0], [1, 0], "McNemar", 1.0),
        ([0] * 6, [1] * 6, "McNemar", 2 / 2**6),
        # Two-sided: twice the chance of at most 1 head in 10 throws.
        ([0] * 9 + [1], [1] * 9 + [0], "McNemar", 2 * (1 + 10) / 2**10),
        # The differences are 1/4, 1/2, 1/2: of 8 sign patterns only +++ and --- reach 5/4.
        ([0.0, 0.0, 0.5, 0.3], [0.25, 0.5, 1.0, 0.3], "permutation", 2 / 8),
        # 1/4, 1/2, -1/2: six of the eight patterns are at least as far from 0 as 1/4.
        ([0.0, 0.0, 1.0], [0.25, 0.5, 0.5], "permutation", 1.0),
    ],
)
def test_p_is_that_of_the_exact_test(
    before: list[float], after: list[float], test: str, p: float
) -> None:
    for a, b in ((before, after), (after, before)):
        found, name = p_value(parts(a), parts(b))
        assert found == pytest.approx(p)
        assert name == test


def metric(comparison: Comparison, name: str, language: str = "en") -> MetricComparison:
    [found] = [m for m in comparison.metrics if (m.metric, m.language) == (name, language)]
    return found


def run_of(directory: Path, marks: Sequence[float], **changes: object) -> Path:
    """A run of English questions, right or wrong as the marks say."""
    return write_run(directory, [row(i, right=m) for i, m in enumerate(marks, 1)], **changes)


def test_a_metric_has_both_values_the_difference_and_its_questions(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", [0, 0, 0, 0, 0, 0, 1, 1])
    b = run_of(tmp_path / "b", [1, 1, 1, 1, 1, 1, 1, 0])
    found = metric(compare(a, b), "contains")
    assert (found.n, found.a, found.b, found.difference) == (8, 0.25, 0.875, 0.625)
    assert 0 < found.low < 0.625 < found.high <= 1
    # 6 up, 1 down: twice the chance of at most 1 head in 7 throws.
    assert found.test == "McNemar"
    assert found.p == pytest.approx(2 * (1 + 7) / 2**7)
    assert [id_ for _, id_ in found.better] == [f"q-{i:03}" for i in range(1, 7)]
    assert found.worse == (("made-up", "q-008"),)


def test_turning_the_runs_round_turns_every_difference_round(tmp_path: Path) -> None:
    made = rows(40)
    a, b = write_run(tmp_path / "a", made), write_run(tmp_path / "b", rows(40, seed=1))
    there, back = compare(a, b), compare(b, a)
    assert there == compare(a, b)
    assert there.better
    for mine, theirs in zip(there.metrics, back.metrics, strict=True):
        assert mine.p == pytest.approx(theirs.p)
        assert mine.difference == pytest.approx(-theirs.difference)
        assert (mine.better, mine.worse) == (theirs.worse, theirs.better)
    same = compare(a, a)
    assert {(m.p, m.low, m.difference, m.high) for m in same.metrics} == {(1.0, 0.0, 0.0, 0.0)}
    assert (same.better, same.worse, same.differences) == ((), (), ())


def test_refusals_count_the_right_way_round(tmp_path: Path) -> None:
    far = [row(i, status="refused", answerable=False) for i in (1, 2)]
    answered, bad = row(2, answerable=False), row(3, status="refused", right=0.0)
    a = write_run(tmp_path / "a", [far[0], answered, bad])
    found = compare(a, write_run(tmp_path / "b", [*far, row(3)]))
    f1, false = metric(found, "refusal_f1"), metric(found, "false_refusals")
    assert (f1.a, f1.b, false.difference) == (0.5, 1.0, -1.0)
    assert [id_ for _, id_ in f1.better] == ["q-002", "q-003"]
    assert (false.better, false.worse) == ((("made-up", "q-003"),), ())


def test_the_verdict_of_a_question_outweighs_its_metrics(tmp_path: Path) -> None:
    before, after = row(1), row(1)
    before["scores"] |= {"contains": 0.0}
    after["scores"] |= {"recall@1": 0.5, "recall@3": 0.5, "mrr": 0.5, "f1": 0.5}
    found = compare(write_run(tmp_path / "a", [before]), write_run(tmp_path / "b", [after]))
    [change] = found.better
    assert (change.before, change.after) == ("answered, wrong", "answered, right")
    assert change.metrics == ("right", "contains")


def test_only_questions_of_both_runs_are_compared(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", [row(1), row(2), row(3, question="Old words?")])
    b = write_run(tmp_path / "b", [row(2), row(3), row(4), row(5)])
    found = compare(a, b)
    assert (found.shared, found.only_a, found.only_b) == (1, 2, 3)
    assert metric(found, "contains").n == 1
    with pytest.raises(AssistantError, match="no question in common"):
        compare(a, write_run(tmp_path / "c", [row(9)]))
    (b / "metrics.json").unlink()
    with pytest.raises(AssistantError, match=r"b does not hold a finished run: .*metrics\.json"):
        compare(a, b)


def test_it_is_said_what_is_significant_and_what_else_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long: list[Row] = [row(i, question="很长的问题？" * 40, right=0.0) for i in range(1, 26)]
    a = write_run(tmp_path / "a", [*long, row(99)], code="ffff", judge="a-judge")
    b = write_run(tmp_path / "b", [one | {"scores": row()["scores"]} for one in long])
    assert main(["compare", str(a), str(b)]) == 0
    said = capsys.readouterr().out
    assert max(map(width, said.splitlines()[2:])) <= 100
    for words in (
        "25 questions in both; 1 only in A, left out.",
        "Warning: the runs differ in more than their results.",
        "  - The judge differs: a-judge and None.",
        "  - The code differs: ffff and 0123456789ab.",
        "* Significant (p < 0.05): Right is better in B; Right answer is better in B",
        "Questions that got better in B: 25",
        "answered, wrong → answered, right: Right, Right answer",
        "  … and 5 more.",
        "Questions that got worse in B: 0",
    ):
        assert words in said
    assert main(["compare", str(b), str(b)]) == 0
    assert "No metric differs at all." in capsys.readouterr().out


def test_a_metric_explains_itself_in_a_table() -> None:
    assert METRICS["contains"].shown(0.9) == "90.0 %"
    assert METRICS["contains"].shown(-0.1, sign="+") == "-10.0 pp"
    assert METRICS["latency_ms"].range_shown(1000, 2000.4) == "1,000–2,000"
