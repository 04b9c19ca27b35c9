"""XQuAD's benchmarks on a few of its real paragraphs, and the arithmetic that they share."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from assistant import Answer, Assistant, AssistantError, Settings
from assistant.evaluation import xquad_refusal
from assistant.evaluation.intervals import auroc, percent, ratio, share
from assistant.evaluation.xquad import print_table
from assistant.evaluation.xquad_answers import print_answers
from assistant.evaluation.xquad_near_misses import near_miss_file, read_near_misses
from assistant.evaluation.xquad_refusal import print_refusal
from assistant.evaluation.xquad_set import (
    FITTED_ARTICLES,
    XquadQuestion,
    read_xquad,
    row_groups,
    sample,
)
from assistant.types import LANGUAGES

from .conftest import SHARED

QUESTION = XquadQuestion("q", "Who?", 0, "Rhine", "It", 0, 2)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """XQuAD with two of its articles, Super_Bowl_50 and Warsaw, two paragraphs each."""
    if not SHARED.is_dir():
        pytest.skip("../shared is absent: real data that is not part of the project")
    folder = tmp_path_factory.mktemp("xquad")
    for language in LANGUAGES:
        name = f"xquad.{language}.json"
        data = json.loads((SHARED / "xquad" / name).read_text(encoding="utf-8"))
        articles = [{**a, "paragraphs": a["paragraphs"][:2]} for a in data["data"][:2]]
        (folder / name).write_text(json.dumps({"data": articles}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def few_settings(built_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings in whose home the indexes of `few` are built once."""
    return replace(built_settings, home=tmp_path_factory.mktemp("home"))


def cells(printed: str, row: str) -> list[list[str]]:
    """The cells of a row by its name, in each of the tables printed."""
    lines = [line for line in printed.splitlines() if line.startswith(f"{row}   ")]
    return [re.split(r" {3,}", line.removeprefix(row).strip()) for line in lines]


def values(printed: str, row: str) -> list[list[float]]:
    """The estimates of a row, without their intervals."""
    return [[float(cell.split(" [")[0]) for cell in line] for line in cells(printed, row)]


def test_every_gold_span_is_a_slice_of_its_paragraph(shared: Path) -> None:
    for file in read_xquad(shared / "xquad").values():
        assert len(file.questions) == 1190
        for question in file.questions:
            text = file.paragraphs[question.paragraph]
            assert text[question.start : question.end] == question.answer


def test_ten_articles_of_forty_eight_are_never_reported(shared: Path) -> None:
    fit = json.loads((shared / "reading" / "squad2-fit.json").read_text(encoding="utf-8"))
    assert {article["title"].lower() for article in fit["data"]} == FITTED_ARTICLES
    for file in read_xquad(shared / "xquad").values():
        mine = [q for q in file.questions if q.reportable]
        assert len({q.article for q in mine}) == 38
        assert len({q.paragraph for q in mine}) == 190
        (heading, places), (_, all_places) = row_groups(file.questions)
        assert [file.questions[i] for i in places] == mine
        assert "38 articles" in heading
        assert len(all_places) == 1190


@pytest.mark.parametrize("article", ["", "Warsaw", "1973 oil crisis", "immune_system"])
def test_an_article_that_was_fitted_on_or_has_no_title_is_not_reported(article: str) -> None:
    question = replace(QUESTION, article=article)
    assert not question.reportable
    ((heading, places),) = row_groups([question])
    assert places == [0]
    assert "all articles (1 questions; 1 on articles" in heading


@given(
    st.integers(1, 48).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, 25))),
    st.integers(1, 600),
)
def test_a_sample_is_spread_evenly_over_the_articles(sizes: tuple[int, int], limit: int) -> None:
    articles, each = sizes
    items = [(article, number) for article in range(articles) for number in range(each)]
    taken = sample(items, limit)
    assert taken == sorted(set(taken))
    assert len(taken) == min(limit, len(items))
    counts = Counter(article for article, _ in taken)
    assert max(counts.values()) - min(counts[a] for a in range(articles)) <= 1


def test_without_a_limit_everything_is_taken_and_nothing_is_no_sample() -> None:
    assert sample("abc", None) == ["a", "b", "c"]
    with pytest.raises(AssistantError, match="--limit is 0"):
        sample("abc", 0)


def test_files_that_are_not_parallel_are_one_sentence(few: Path, tmp_path: Path) -> None:
    english = json.loads((few / "xquad.en.json").read_text(encoding="utf-8"))
    (tmp_path / "xquad.zh.json").write_text((few / "xquad.zh.json").read_text("utf-8"), "utf-8")
    english["data"].pop()
    (tmp_path / "xquad.en.json").write_text(json.dumps(english), encoding="utf-8")
    with pytest.raises(AssistantError, match="same questions in the same order"):
        read_xquad(tmp_path)


@pytest.mark.parametrize("text", [None, "{", "[]", '{"data": [{}]}', '{"data": 1}'])
def test_a_file_that_is_not_xquad_is_one_sentence(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "xquad.en.json").write_text(text, encoding="utf-8")
    with pytest.raises(AssistantError, match=r"xquad\.en\.json is not a file of XQuAD"):
        read_xquad(tmp_path)


def test_the_interval_of_a_share_is_as_wide_as_theory_has_it() -> None:
    estimate = share([1.0] * 300 + [0.0] * 100)
    assert estimate is not None
    assert (estimate.value, estimate.n) == (0.75, 400)
    half = 1.96 * (0.75 * 0.25 / 400) ** 0.5
    assert estimate.low == pytest.approx(0.75 - half, abs=0.01)
    assert estimate.high == pytest.approx(0.75 + half, abs=0.01)


def test_a_ratio_counts_the_questions_of_its_denominator() -> None:
    estimate = ratio([1, 0, 0, 0], [1, 1, 0, 0])
    assert estimate is not None
    assert (estimate.value, estimate.n) == (0.5, 2)
    assert ratio([0, 0], [0, 0]) is None
    assert ratio([], []) is None
    assert percent(None) == "–"


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=30),
    st.lists(st.integers(0, 5), min_size=1, max_size=30),
)
def test_auroc_is_the_mann_whitney_statistic(positive: list[int], negative: list[int]) -> None:
    estimate = auroc(positive, negative, paired=False)
    assert estimate is not None
    statistic = mannwhitneyu(positive, negative).statistic
    assert estimate.value == pytest.approx(statistic / (len(positive) * len(negative)))
    assert 0 <= estimate.low <= estimate.high <= 1
    assert auroc(positive, [], paired=False) is None


def test_pairs_that_all_keep_their_order_leave_auroc_no_doubt() -> None:
    estimate = auroc([0.9, 0.8, 0.7], [0.3, 0.2, 0.1], paired=True)
    assert estimate is not None
    assert (estimate.value, estimate.low, estimate.high) == (1.0, 1.0, 1.0)


def test_the_retrieval_table_prints_the_unfitted_articles_and_all(
    few: Path, few_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table(few_settings, few)
    printed = capsys.readouterr().out
    assert "R@1 / R@5 in %: 1 articles that nothing was fitted on" in printed
    assert "R@1 / R@5 in %: all articles" in printed
    assert [len(line) for line in cells(printed, "product")] == [4, 4]
    assert printed.count("asked in zh, gold in en") == 2


def test_answers_hold_the_gold_in_four_directions(
    few: Path, few_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    print_answers(few_settings, few, limit=4)
    printed = capsys.readouterr().out
    assert "1 articles that nothing was fitted on (3 questions)" in printed
    _, first = values(printed, "first sentence, end to end")
    _, worded = values(printed, "… or the gold words elsewhere")
    assert len(first) == 4
    assert sum(first) > 0
    assert all(a <= b for a, b in zip(first, worded, strict=True))
    statuses = [values(printed, status)[1] for status in ("answered", "partial", "refused")]
    assert [sum(column) for column in zip(*statuses, strict=True)] == pytest.approx([100] * 4)


def test_a_removed_paragraph_is_not_searched(
    few: Path,
    few_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[tuple[str, frozenset[str] | None]] = []
    ask = Assistant.ask

    def recorded(
        self: Assistant, question: str, *, sources: Collection[str] | None = None, **others: Any
    ) -> Answer:
        asked.append((question, None if sources is None else frozenset(sources)))
        return ask(self, question, sources=sources, **others)

    monkeypatch.setattr(Assistant, "ask", recorded)
    near = {"language": "zh", "paragraph": 1, "question": "谁在上海？", "kind": "who", "why": ""}
    file = tmp_path / "near.jsonl"
    file.write_text(json.dumps(near) + "\n", encoding="utf-8")
    monkeypatch.setattr(xquad_refusal, "near_miss_file", lambda: file)
    print_refusal(few_settings, few, limit=2)
    printed = capsys.readouterr().out

    first = read_xquad(few)["en"].questions[0]
    assert first.paragraph == 0
    searched = [sources for question, sources in asked if question == first.question]
    assert searched == [
        None,
        {"en-0001", "en-0002", "en-0003"},
        {"en-0002", "en-0003"},
        None,
        {"zh-0001", "zh-0002", "zh-0003"},
        {"zh-0002", "zh-0003"},
    ]
    assert cells(printed, "near misses")[1] == ["–", "1", "–", "1"]
    assert cells(printed, "near misses: recall")[1][::2] == ["–", "–"]
    assert len(values(printed, "article removed: AUROC")) == 2


def test_the_near_misses_that_ship_are_of_articles_that_nothing_was_fitted_on(
    shared: Path,
) -> None:
    rows = read_near_misses(near_miss_file(), paragraphs=240)
    assert rows
    assert [row.paragraph for row in rows] == sorted(row.paragraph for row in rows)
    reportable = {q.paragraph for q in read_xquad(shared / "xquad")["en"].questions if q.reportable}
    assert {row.paragraph for row in rows} <= reportable
    assert {row.language for row in rows} == set(LANGUAGES)


@pytest.mark.parametrize(
    "row",
    [
        {"question": "?", "language": "fr", "paragraph": 1},
        {"question": "?", "language": "en", "paragraph": 240},
        {"question": "?", "language": "en"},
        ["?"],
    ],
)
def test_a_line_that_is_no_near_miss_is_named(tmp_path: Path, row: object) -> None:
    path = tmp_path / "near.jsonl"
    path.write_text(f"\n{json.dumps(row)}\n", encoding="utf-8")
    with pytest.raises(AssistantError, match="line 2"):
        read_near_misses(path, paragraphs=240)


def test_without_near_misses_there_are_none(tmp_path: Path) -> None:
    assert read_near_misses(tmp_path / "absent.jsonl", paragraphs=240) == []
