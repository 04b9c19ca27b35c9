"""XQuAD's benchmarks on a few of its real paragraphs."""

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

from assistant import Answer, Assistant, AssistantError, Settings
from assistant.evaluation import xquad
from assistant.evaluation.xquad import FITTED_ARTICLES, near_misses, read_xquad, sample
from assistant.types import LANGUAGES
from research import second_encoder
from research.recipes import print_recipes

from .conftest import SHARED


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


def values(printed: str, row: str) -> list[list[str]]:
    """The cells of a row in each of the tables printed, without their intervals."""
    lines = [line for line in printed.splitlines() if line.startswith(f"{row}  ")]
    cells = [re.split(r" {2,}", line.removeprefix(row).strip()) for line in lines]
    return [[cell.split(" [")[0] for cell in line] for line in cells]


def test_every_gold_span_is_a_slice_of_its_paragraph(shared: Path) -> None:
    for file in read_xquad(shared / "xquad"):
        assert len(file.questions) == 1190
        for q in file.questions:
            assert file.paragraphs[q.paragraph][q.start :].startswith(q.answer)


def test_only_articles_that_nothing_was_fitted_on_are_reported(shared: Path) -> None:
    fits = [shared / "reading" / f"squad2{part}-fit.json" for part in ("", "-dev19")]
    data = [json.loads(fit.read_text(encoding="utf-8"))["data"] for fit in fits]
    assert {article["title"].lower() for part in data for article in part} == FITTED_ARTICLES
    file = read_xquad(shared / "xquad")[0]
    assert len(set(file.articles) - FITTED_ARTICLES) == 19
    near = near_misses(file)
    assert near
    assert not {file.articles[row.paragraph] for row in near} & FITTED_ARTICLES
    assert {row.language for row in near} == set(LANGUAGES)


@given(st.integers(1, 48), st.integers(1, 25), st.integers(1, 600))
def test_a_sample_is_spread_evenly_over_the_articles(articles: int, each: int, limit: int) -> None:
    items = [(article, number) for article in range(articles) for number in range(each)]
    taken = sample(items, limit)
    assert taken == sorted(set(taken))
    assert len(taken) == min(limit, len(items))
    counts = Counter(article for article, _ in taken)
    assert max(counts.values()) - min(counts[a] for a in range(articles)) <= 1


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


def test_most_paragraphs_are_found_in_every_direction(
    few: Path, few_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    xquad.print_retrieval(few_settings, few)
    printed = capsys.readouterr().out
    assert "articles that nothing was fitted on: 1 (" in printed
    assert "all articles: 2 (" in printed
    for unseen, every in (values(printed, "recall@1"), values(printed, "recall@5")):
        assert len(unseen) == 6
        assert every[4:] == ["–", "–"]
        assert min(map(float, every[:4])) > 50
    assert len(values(printed, "recall@1, the other language's")) == 2
    print_recipes(few_settings, few)
    recipes = values(capsys.readouterr().out, "product")[0]
    firsts = sorted(cell.split(" / ")[0] for cell in recipes)
    assert firsts == sorted(values(printed, "recall@1")[1][:4])


def test_the_second_encoder_s_gain_is_told_for_each_weight(
    few: Path,
    few_settings: Settings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(second_encoder, "BESIDE", {"en": ((), 0), "zh": ((), 0)})
    second_encoder.print_gain(few_settings, few, few)
    printed = capsys.readouterr().out
    with_it, without = values(printed, "weight 0.3"), values(printed, "weight 0.0")
    # The same paragraphs, own and all: even and odd questions twice.
    assert len(with_it) == len(without) == 4
    assert with_it[:2] == with_it[2:]
    for cells, others in zip(with_it, without, strict=True):
        assert (cells[0], cells[3]) == (others[0], others[3])
        assert min(float(cell.split(" / ")[0]) for cell in cells) > 50


def test_answers_hold_the_gold_in_four_directions(
    few: Path, few_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    xquad.print_answers(few_settings, few, limit=4)
    printed = capsys.readouterr().out
    first = [float(cell) for cell in values(printed, "first sentence, end to end")[1]]
    assert sum(first) > 0
    statuses = [values(printed, status)[1] for status in ("answered", "partial", "refused")]
    totals = [sum(map(float, column)) for column in zip(*statuses, strict=True)]
    assert totals == pytest.approx([100] * 4, abs=0.2)


def test_a_removed_paragraph_is_not_searched(
    few: Path,
    few_settings: Settings,
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
    xquad.print_refusal(few_settings, few, limit=2)
    printed = capsys.readouterr().out
    first = read_xquad(few)[0].questions[0]
    assert [sources for question, sources in asked if question == first.question] == [
        None,
        {"en-0001", "en-0002", "en-0003"},
        {"en-0002", "en-0003"},
        None,
        {"zh-0001", "zh-0002", "zh-0003"},
        {"zh-0002", "zh-0003"},
    ]
    assert len(values(printed, "article removed: precision")) == 2
