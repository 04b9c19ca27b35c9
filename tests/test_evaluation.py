"""Question sets and benchmarks: reading, scoring, and the XQuAD table on real data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Assistant, AssistantError, Settings, open_assistant
from assistant.evaluation import SetQuestion, read_set, run_set, summarise
from assistant.evaluation.__main__ import main
from assistant.evaluation.run import is_right
from assistant.evaluation.untranslated import without_translations
from assistant.evaluation.xquad import print_table

from .conftest import ROOT

SETS = sorted((ROOT / "corpus" / "questions").glob("*.jsonl"))
QUESTION = SetQuestion("q", "?", "en", "who", True, False, ("Vanke",), (), (), False)


@pytest.mark.parametrize("path", SETS, ids=lambda p: p.stem)
def test_a_shipped_set_is_half_chinese_and_a_quarter_unanswerable(path: Path) -> None:
    questions = read_set(path)
    assert len(questions) == 60
    assert sum(q.language == "zh" for q in questions) == 30
    bad = [q for q in questions if not q.answerable]
    assert len(bad) == 15
    assert sum(q.near_miss for q in bad) >= 8
    assert len({q.id for q in questions}) == len({q.question for q in questions}) == 60


@pytest.mark.parametrize("path", SETS, ids=lambda p: p.stem)
def test_gold_evidence_stands_in_its_source(assistant: Assistant, path: Path) -> None:
    for question in read_set(path):
        assert bool(question.evidence) == question.answerable
        for gold in question.evidence:
            assert gold.text in assistant.index.sources[gold.source].text


def test_the_two_sets_share_no_question() -> None:
    first, second = ({q.question for q in read_set(path)} for path in SETS)
    assert not first & second


@pytest.mark.parametrize(
    ("text", "question", "right"),
    [
        ("It was VANKE. [1]", QUESTION, True),
        ("It was Rui'an. [1]", QUESTION, False),
        ("Rui’an Property", replace(QUESTION, answers=("Rui'an",)), True),
        ("万科公司", replace(QUESTION, answers=("萬科",)), True),
        ("only one", replace(QUESTION, answers=(), answers_all=("one", "two")), False),
        ("one and two", replace(QUESTION, answers=(), answers_all=("one", "two")), True),
    ],
)
def test_an_answer_is_right_when_the_gold_stands_in_it(
    text: str, question: SetQuestion, right: bool
) -> None:
    assert is_right(text, question) is right


def test_a_run_counts_quotes_and_outcomes(assistant: Assistant) -> None:
    questions = [
        replace(QUESTION, question="Who did Vanke sign with?", answers=("Provenience",)),
        replace(QUESTION, question="How tall is Mount Everest?", answers=(), answerable=False),
    ]
    (summary,) = summarise(run_set(assistant, questions))
    assert (summary.right, summary.refused_rightly, summary.refused_wrongly) == (1, 1, 0)
    assert summary.quotes == summary.quotes_valid > 0


@pytest.mark.parametrize(
    "line", ['{"id": 1}', "not json", '{"id":1,"question":"?","language":"fr"}']
)
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(AssistantError, match="line 2"):
        read_set(path)


def test_a_missing_set_is_one_sentence_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", "nowhere.jsonl"]) == 1
    assert "nowhere.jsonl" in capsys.readouterr().err


def test_the_xquad_table_finds_most_paragraphs_in_every_direction(
    shared: Path, built_settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for language in ("en", "zh"):
        data = json.loads((shared / "xquad" / f"xquad.{language}.json").read_text("utf-8"))
        small = {"data": [{"paragraphs": data["data"][0]["paragraphs"]}]}
        file = tmp_path / f"xquad.{language}.json"
        file.write_text(json.dumps(small), encoding="utf-8")
    print_table(replace(built_settings, home=tmp_path), tmp_path)
    rows = {line[:22].strip(): line for line in capsys.readouterr().out.splitlines()}
    recalls = [float(cell) for cell in rows["product"].replace("/", " ").split()[1:]]
    assert len(recalls) == 8
    assert min(recalls) > 50
    assert min(recalls[1::2]) == 100.0


def test_without_translations_only_the_originals_are_indexed(
    built_settings: Settings, tmp_path: Path
) -> None:
    bare = without_translations(replace(built_settings, home=tmp_path))
    with open_assistant(bare) as assistant:
        assert all(source.translation is None for source in assistant.sources)
        answer = assistant.ask("How many valid questionnaires did the Tongji survey collect?")
    assert answer.citations[0].source.language == "zh"
    assert "no translation is at hand" in answer.text or answer.status != "answered"
