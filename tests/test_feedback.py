"""What readers think of answers, as the evaluation reads it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Assistant
from assistant.evaluation import SetQuestion, read_set, read_sets
from assistant.web.feedback import Verdict, save_feedback
from assistant.web.records import Exchange

from .conftest import ROOT
from .web_records import exchange


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "feedback.jsonl"


def only(path: Path) -> SetQuestion:
    (question,) = read_set(path)
    return question


def test_a_helpful_answer_becomes_a_question_with_gold_evidence(
    assistant: Assistant, path: Path
) -> None:
    answer = assistant.ask("Who did Vanke sign an agreement with?")
    save_feedback(path, Exchange.of(answer), "helpful")
    question = only(path)
    assert (question.question, question.answerable) == (answer.question, True)
    assert [(e.source, e.text) for e in question.evidence] == [
        (quote.source_id, quote.text) for cited in answer.citations for quote in cited.quotes
    ]


@pytest.mark.parametrize(
    ("status", "verdict", "answerable", "near_miss"),
    [
        ("answered", "helpful", True, False),
        ("refused", "helpful", False, False),
        ("partial", "helpful", False, True),
        ("answered", "wrong_source", True, False),
        ("refused", "wrong", True, False),
        ("partial", "wrong", True, False),
    ],
)
def test_a_verdict_says_what_is_known_of_the_right_answer(
    path: Path, status: str, verdict: Verdict, answerable: bool, near_miss: bool
) -> None:
    save_feedback(path, replace(exchange(), status=status), verdict)  # type: ignore[arg-type]
    question = only(path)
    assert (question.answerable, question.near_miss) == (answerable, near_miss)
    assert bool(question.evidence) == (status == "answered" and verdict == "helpful")


def test_many_at_once_keep_all_lines(path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom tests.web_records import exchange\n"
        "from assistant.web.feedback import save_feedback\n"
        "for i in range(20): save_feedback(Path(sys.argv[1]), exchange(f'Q{i}?' * 200), 'helpful')"
    )
    command = [sys.executable, "-c", program, str(path)]
    other = subprocess.Popen(command, cwd=ROOT)
    with ThreadPoolExecutor(4) as pool:
        made = (exchange("这是什么？" * 200) for _ in range(40))
        list(pool.map(lambda one: save_feedback(path, one, "helpful"), made))
    assert other.wait() == 0
    assert len(read_set(path)) == 60


def test_a_line_that_a_kill_cut_off_spoils_no_other(path: Path) -> None:
    save_feedback(path, exchange("One?"), "helpful")
    with path.open("ab") as file:
        file.write(b'{"question": "cut')
    save_feedback(path, exchange("Two?"), "helpful")
    read = read_sets([path])
    assert [question.question for question in read.questions] == ["One?", "Two?"]
    assert len(read.problems) == 1
