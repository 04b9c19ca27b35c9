"""Two runs compared: the tests against hand-computed values, and what is printed of them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import AssistantError
from assistant.evaluation.compare import Comparison, MetricComparison, compare, print_comparison
from assistant.evaluation.comparison_text import comparison_lines
from assistant.evaluation.paired import interval, mcnemar, permutation

from .fabricated_run import Row, row, rows, write_run

Parts = npt.NDArray[np.float64]
VALUES = st.lists(
    st.tuples(*2 * [st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 1.0])]), min_size=1, max_size=25
)


def means(values: Sequence[float]) -> Parts:
    """The parts of a metric that is a mean."""
    return np.array([[value, 1.0] for value in values])


def metric(comparison: Comparison, name: str, language: str = "en") -> MetricComparison:
    [found] = [m for m in comparison.metrics if (m.metric, m.language) == (name, language)]
    return found


def run_of(directory: Path, marks: Sequence[float], **changes: object) -> Path:
    """A run of English questions, right or wrong as the marks say."""
    made = [row(i, right=mark) for i, mark in enumerate(marks, start=1)]
    return write_run(directory, made, **changes)


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


# ---- the tests ----


@pytest.mark.parametrize(
    ("up", "down", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (5, 5, 1.0),
        (6, 0, 2 / 2**6),
        (0, 6, 2 / 2**6),
        # Two-sided: twice the chance of at most 1 head in 10 throws.
        (9, 1, 2 * (1 + 10) / 2**10),
        (12, 3, 2 * (1 + 15 + 105 + 455) / 2**15),
    ],
)
def test_mcnemar_is_the_binomial_test_of_the_changed(up: int, down: int, p: float) -> None:
    assert mcnemar(up, down) == pytest.approx(p)


def test_the_permutation_test_counts_all_swaps_of_a_few_questions() -> None:
    # The differences are 1/4, 1/2, 1/2: of 8 sign patterns only +++ and --- reach 5/4.
    a, b = means([0.0, 0.0, 0.5, 0.3]), means([0.25, 0.5, 1.0, 0.3])
    assert permutation(a, b) == pytest.approx(2 / 8)
    # 1/4, 1/2, -1/2: six of the eight patterns are at least as far from 0 as 1/4.
    a, b = means([0.0, 0.0, 1.0]), means([0.25, 0.5, 0.5])
    assert permutation(a, b) == pytest.approx(1.0)


@given(st.integers(2, 12), st.integers(0, 12))
@settings(deadline=None, max_examples=25)
def test_on_marks_of_0_and_1_both_tests_agree(up: int, down: int) -> None:
    a, b = means([0.0] * up + [1.0] * down), means([1.0] * up + [0.0] * down)
    exact = up + down <= 13
    assert permutation(a, b) == pytest.approx(mcnemar(up, down), abs=1e-9 if exact else 0.03)


@given(VALUES)
@settings(deadline=None, max_examples=40)
def test_p_is_a_probability_and_the_same_both_ways(values: list[tuple[float, float]]) -> None:
    a, b = (means([pair[i] for pair in values]) for i in (0, 1))
    p = permutation(a, b)
    assert 0 < p <= 1
    assert permutation(b, a) == pytest.approx(p)
    assert permutation(a, a) == 1.0


@given(VALUES)
@settings(deadline=None, max_examples=40)
def test_the_interval_turns_round_with_the_runs(values: list[tuple[float, float]]) -> None:
    a, b = (means([pair[i] for pair in values]) for i in (0, 1))
    low, high = interval(a, b)
    assert low <= high
    assert interval(b, a) == pytest.approx((-high, -low))
    assert min(b[:, 0] - a[:, 0]) - 1e-9 <= low
    assert high <= max(b[:, 0] - a[:, 0]) + 1e-9


def test_a_large_real_difference_is_significant_and_noise_is_not() -> None:
    chance = np.random.default_rng(1)
    a = chance.random(300)
    assert permutation(means(list(a)), means(list(a + 0.1 * chance.random(300)))) < 0.001
    noise = 0.1 * (chance.random(300) - 0.5)
    assert permutation(means(list(a)), means(list(a + noise))) > 0.05


# ---- the comparison ----


def test_a_metric_has_both_values_the_difference_and_its_questions(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", [0, 0, 0, 0, 0, 0, 1, 1])
    b = run_of(tmp_path / "b", [1, 1, 1, 1, 1, 1, 1, 0])
    found = metric(compare(a, b), "contains")
    assert (found.n, found.a, found.b, found.difference) == (8, 0.25, 0.875, 0.625)
    assert 0 < found.low < 0.625 < found.high <= 1
    assert found.test == "McNemar"
    # 6 up, 1 down: twice the chance of at most 1 head in 7 throws.
    assert found.p == pytest.approx(2 * (1 + 7) / 2**7)
    assert not found.significant
    assert [id_ for _, id_ in found.better] == [f"q-{i:03}" for i in range(1, 7)]
    assert found.worse == (("made-up", "q-008"),)


def test_a_graded_metric_is_tested_by_permutation(tmp_path: Path) -> None:
    a, b = run_of(tmp_path / "a", [0.5, 0.25, 0.5]), run_of(tmp_path / "b", [0.75, 0.5, 1.0])
    found = metric(compare(a, b), "f1")
    assert found.test == "permutation"
    assert found.p == pytest.approx(2 / 8)


def test_identical_runs_differ_in_nothing(tmp_path: Path) -> None:
    made = rows(40)
    found = compare(write_run(tmp_path / "a", made), write_run(tmp_path / "b", made))
    assert {m.p for m in found.metrics} == {1.0}
    assert {(m.low, m.difference, m.high) for m in found.metrics} == {(0.0, 0.0, 0.0)}
    assert (found.better, found.worse, found.differences) == ((), (), ())
    assert {m.language for m in found.metrics} == {"en", "zh", "all"}


def test_turning_the_runs_round_turns_every_difference_round(tmp_path: Path) -> None:
    a, b = write_run(tmp_path / "a", rows(40)), write_run(tmp_path / "b", _answered_otherwise())
    there, back = compare(a, b), compare(b, a)
    for mine, theirs in zip(there.metrics, back.metrics, strict=True):
        assert mine.p == pytest.approx(theirs.p)
        assert mine.difference == -theirs.difference
        assert (mine.better, mine.worse) == (theirs.worse, theirs.better)
    assert there.better
    assert [c.key for c in there.better] == [c.key for c in back.worse]


def _answered_otherwise() -> list[Row]:
    """The questions of `rows(40)`, each answered as the next one of its sort."""
    sorts: dict[tuple[str, bool], list[Row]] = {}
    for one in rows(40):
        sorts.setdefault((one["language"], one["answerable"]), []).append(one)
    made = [
        one | {name: following[name] for name in ("answer", "scores")}
        for alike in sorts.values()
        for one, following in zip(alike, alike[1:] + alike[:1], strict=True)
    ]
    return sorted(made, key=lambda one: str(one["id"]))


def test_fewer_wrong_refusals_are_better_although_the_number_falls(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", [row(1, status="refused", right=0.0), row(2)])
    b = write_run(tmp_path / "b", [row(1), row(2)])
    found = metric(compare(a, b), "false_refusals")
    assert found.difference == -0.5
    assert (found.better, found.worse) == ((("made-up", "q-001"),), ())


def test_refusal_f1_is_that_of_all_questions_together(tmp_path: Path) -> None:
    far = [row(i, status="refused", answerable=False) for i in (1, 2)]
    answered, bad = row(2, answerable=False), row(3, status="refused", right=0.0)
    a = write_run(tmp_path / "a", [far[0], answered, bad])
    b = write_run(tmp_path / "b", [*far, row(3)])
    found = metric(compare(a, b), "refusal_f1")
    assert (found.a, found.b) == (0.5, 1.0)
    assert [id_ for _, id_ in found.better] == ["q-002", "q-003"]


def test_the_verdict_of_a_question_outweighs_its_metrics(tmp_path: Path) -> None:
    before, after = row(1), row(1)
    before["scores"] |= {"contains": 0.0}
    after["scores"] |= {"recall@1": 0.5, "recall@3": 0.5, "mrr": 0.5, "f1": 0.5}
    found = compare(write_run(tmp_path / "a", [before]), write_run(tmp_path / "b", [after]))
    [change] = found.better
    assert (change.before, change.after) == ("answered, wrong", "answered, right")
    assert change.metrics == ("right", "contains")
    assert found.worse == ()


def test_only_questions_of_both_runs_are_compared(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", [row(1), row(2), row(3, question="Old words?")])
    b = write_run(tmp_path / "b", [row(2), row(3), row(4), row(5)])
    found = compare(a, b)
    assert (found.shared, found.only_a, found.only_b) == (1, 2, 3)
    assert metric(found, "contains").n == 1


def test_runs_without_a_common_question_are_not_compared(tmp_path: Path) -> None:
    a, b = write_run(tmp_path / "a", [row(1)]), write_run(tmp_path / "b", [row(2)])
    with pytest.raises(AssistantError, match="no question in common"):
        compare(a, b)


def test_a_directory_without_a_finished_run_is_refused(tmp_path: Path) -> None:
    whole, half = write_run(tmp_path / "a", [row(1)]), write_run(tmp_path / "b", [row(1)])
    (half / "metrics.json").unlink()
    with pytest.raises(AssistantError, match=r"b has not finished: no metrics\.json"):
        print_comparison(whole, half)
    with pytest.raises(AssistantError, match="There is no directory"):
        print_comparison(whole, tmp_path / "c")


def test_metrics_that_one_run_leaves_undefined_are_left_out(tmp_path: Path) -> None:
    judged = row(1)
    judged["scores"]["judge"] = 1.0
    a, b = write_run(tmp_path / "a", [judged]), write_run(tmp_path / "b", [row(1)])
    names = {m.metric for m in compare(a, b).metrics}
    assert "contains" in names
    assert not names & {"judge", "near_miss_recall", "far_recall"}


# ---- what is printed ----


def test_the_tables_fit_a_terminal_of_100_columns(tmp_path: Path) -> None:
    made = [one | {"question": "很长的问题？" * 40} for one in _answered_otherwise()]
    before = [one | {"question": "很长的问题？" * 40} for one in rows(40)]
    settings = {"corpus": "很长 " * 60}
    a, b = write_run(tmp_path / "a", before, settings=settings), write_run(tmp_path / "b", made)
    lines = list(comparison_lines(compare(a, b)))
    assert max(columns(line) for line in lines) <= 100
    for name in ("English", "Chinese", "Both languages"):
        assert any(line.startswith(name) for line in lines)


def test_it_is_said_what_is_significant_and_what_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = run_of(tmp_path / "a", [0.0] * 12), run_of(tmp_path / "b", [1.0] * 12)
    print_comparison(a, b)
    said = capsys.readouterr().out
    assert "Significant (p < 0.05): Right is better in B; Right answer is better in B" in said
    assert "would come out significant by chance" in " ".join(said.split())
    assert "12 questions got better in B:" in said
    assert "made-up/q-001 (en)  How many valid questionnaires came back?" in said
    assert "answered, wrong → answered, right: Right answer" in said
    assert "No question got worse." in said
    print_comparison(run_of(tmp_path / "c", [0.0, 1.0]), run_of(tmp_path / "d", [1.0, 1.0]))
    assert "Nothing is significant (p < 0.05)" in capsys.readouterr().out
    print_comparison(a, a)
    assert "No metric differs at all." in capsys.readouterr().out


def test_more_than_twenty_changed_questions_end_in_a_count(tmp_path: Path) -> None:
    found = compare(run_of(tmp_path / "a", [0.0] * 23), run_of(tmp_path / "b", [1.0] * 23))
    lines = list(comparison_lines(found))
    assert sum(line.startswith("  made-up/") for line in lines) == 20
    assert "  … and 3 more." in lines


def test_differences_of_sets_builds_settings_and_judge_are_warned_of(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", [1.0])
    b = run_of(
        tmp_path / "b",
        [1.0],
        sets=[{"path": "made-up.jsonl", "sha256": "cd" * 32, "questions": 1}],
        build={"id": "other"},
        settings={"embedding_model": "bundled", "passages": 8, "language": "auto"},
        judge="a-judge",
        code="ffff",
    )
    found = compare(a, b)
    assert found.differences == (
        "The sets differ: their files are not the same.",
        "The builds differ: 20260101-abcdef and other.",
        "The setting passages differs: 6 and 8.",
        "The judge differs: None and a-judge.",
        "The code differs: 0123456789ab and ffff.",
    )
    lines = list(comparison_lines(found))
    assert "Warning: the runs differ in more than their results." in lines
    assert "  - The setting passages differs: 6 and 8." in lines
    assert not any("Warning" in line for line in comparison_lines(replace(found, differences=())))


def test_questions_of_one_run_only_are_counted(tmp_path: Path) -> None:
    a, b = run_of(tmp_path / "a", [1.0] * 3), run_of(tmp_path / "b", [1.0] * 2)
    assert "2 questions in both; 1 only in A, left out." in comparison_lines(compare(a, b))


def test_a_comparison_is_the_same_every_time(tmp_path: Path) -> None:
    a, b = write_run(tmp_path / "a", rows(40)), write_run(tmp_path / "b", _answered_otherwise())
    assert compare(a, b) == compare(a, b)
    assert all(math.isfinite(m.low) and math.isfinite(m.high) for m in compare(a, b).metrics)
