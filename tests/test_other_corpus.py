"""Everyday questions on texts of quite another kind, added to the library as a user adds them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from unittest.mock import patch

import pytest

from assistant import Settings, open_assistant
from assistant.evaluation import EvaluationReport, evaluate, read_set
from assistant.evaluation.printing import run_lines
from ingest.__main__ import main

# Embedding the texts takes half a minute, on a busy machine two.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
FOLDER = Path(__file__).parent / "data" / "other_corpus"
TEXTS = ("candle.md", "tengye-xiansheng.md", "dushu-zatan.md")
# The least share of right replies of each kind: what was measured when the set was made, of
# 3 to 11 questions each.
FLOORS = {
    "lookup": 0.6,
    "sloppy": 0.6,
    "overview": 0.5,
    "compare": 0.0,
    "across": 0.6,
    "catalogue": 0.6,
    "talk": 0.7,
    "follow-up": 0.3,
    "operation": 0.6,
    "unanswerable": 0.3,
}


@pytest.fixture(scope="module")
def report(built_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> EvaluationReport:
    home = tmp_path_factory.mktemp("other") / "home"
    shutil.copytree(built_settings.home, home)
    places = {"ASSISTANT_HOME": str(home), "ASSISTANT_CORPUS": str(built_settings.corpus)}
    with patch.dict(os.environ, places):
        assert main(["add", *(str(FOLDER / name) for name in TEXTS)]) == 0
        settings = Settings.load()
    with open_assistant(settings) as assistant:
        made = evaluate(assistant, read_set(FOLDER / "everyday-other.jsonl"), workers=1)
    # The table, for `pytest -s`.
    print("\n".join(["", *run_lines(made)]))
    return made


def test_every_question_is_asked_of_sources_that_are_there(report: EvaluationReport) -> None:
    assert report.about["problems"] == []
    assert [result.error for result in report.results if result.error] == []
    assert {result.kind for result in report.results} == set(FLOORS)
    assert sum(result.language == "zh" for result in report.results) == len(report.results) / 2


@pytest.mark.parametrize("kind", FLOORS)
def test_no_fewer_replies_are_right_than_before(report: EvaluationReport, kind: str) -> None:
    assert report.metric("right", kind=kind).value >= FLOORS[kind]
