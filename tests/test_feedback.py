"""What readers think of answers, as the evaluation reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Assistant, AssistantError
from assistant.evaluation import SetQuestion, evaluate, read_set, read_sets
from web import feedback
from web.feedback import COMMENT_CHARACTERS, Verdict, save_feedback
from web.records import Exchange

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


def test_the_evaluation_runs_on_feedback(assistant: Assistant, path: Path) -> None:
    for question in ("Who did Vanke sign an agreement with?", "长三角调研收回多少份有效问卷？"):
        save_feedback(path, Exchange.of(assistant.ask(question)), "helpful", "Good!")
    save_feedback(path, Exchange.of(assistant.ask("What is the Torch Centre?")), "wrong_source")
    read = read_sets([path])
    report = evaluate(assistant, read.questions)
    assert read.problems == ()
    assert len(report.results) == 3
    assert report.metric("recall@1").value == 1.0
    assert [result.language for result in report.results] == ["en", "zh", "en"]


def test_the_command_reads_the_file(assistant: Assistant, path: Path) -> None:
    save_feedback(path, Exchange.of(assistant.ask("Where is Innospace based?")), "helpful")
    home = {"ASSISTANT_HOME": str(assistant.settings.home), "PATH": ""}
    out = str(path.parent / "run")
    command = [sys.executable, "-m", "assistant.evaluation", "run", str(path), "--out", out]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=home)
    assert done.returncode == 0, done.stderr
    assert Path(out, "metrics.json").is_file()


def test_a_follow_up_is_kept_in_its_stand_alone_form(assistant: Assistant, path: Path) -> None:
    first = assistant.ask("Where is Innospace based?")
    second = assistant.ask("And who supports it?", history=[first])
    save_feedback(path, Exchange.of(second), "helpful")
    assert only(path).question == second.stand_alone
    assert json.loads(path.read_text("utf-8"))["said"]["asked"] == "And who supports it?"


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


def test_a_wrong_answer_keeps_what_was_said_and_asks_for_review(path: Path) -> None:
    save_feedback(path, exchange(), "wrong", "  It was Provenience. ")
    read = read_sets([path])
    row = json.loads(path.read_text("utf-8"))
    assert (row["comment"], row["said"]["text"]) == ("It was Provenience.", "Vanke signed. [1]")
    assert row["said"]["citations"] == [{"source": "doc", "text": "Vanke signed. It grew."}]
    (question,) = read.questions
    assert question.evidence == ()
    assert "1; they count" in read.problems[0]


@pytest.mark.parametrize("comment", ["x" * (COMMENT_CHARACTERS + 1), "评" * 5_000])
def test_a_long_comment_is_rejected_with_a_sentence(path: Path, comment: str) -> None:
    with pytest.raises(ValueError, match=r"the most is 2,000\. Shorten it"):
        save_feedback(path, exchange(), "wrong", comment)
    assert not path.exists()


def test_another_verdict_is_rejected(path: Path) -> None:
    with pytest.raises(ValueError, match="helpful, wrong, wrong_source"):
        save_feedback(path, exchange(), "great")  # type: ignore[arg-type]


def test_a_question_without_an_answer_takes_no_feedback(path: Path) -> None:
    with pytest.raises(ValueError, match="got no answer"):
        save_feedback(path, Exchange.failed("Q?", "Busy."), "wrong")


@pytest.mark.parametrize("comment", ["two\nlines", "half \ud83d", '"quoted"\t{}', "\u2028"])
def test_any_comment_is_one_line_of_the_file(path: Path, comment: str) -> None:
    save_feedback(path, exchange(), "helpful", comment)
    save_feedback(path, exchange(), "helpful")
    assert len(read_set(path)) == 2


def test_many_at_once_keep_all_lines(path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom tests.web_records import exchange\n"
        "from web.feedback import save_feedback\n"
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


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are POSIX")
def test_a_full_disk_is_told_and_leaves_no_half_line(path: Path) -> None:
    save_feedback(path, exchange(), "helpful")
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom tests.web_records import exchange\n"
        "from assistant import AssistantError\nfrom web.feedback import save_feedback\n"
        "path = Path(sys.argv[1])\nlimit = path.stat().st_size + 100\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))\n"
        "try: save_feedback(path, exchange(), 'helpful')\n"
        "except AssistantError as error: print(error)"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "Your feedback could not be kept" in done.stdout
    assert "Tell whoever runs this server. 您的反馈未能保存" in done.stdout
    assert len(read_set(path)) == 1
    assert path.read_bytes().endswith(b"\n")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file", "utf-8")
    with pytest.raises(AssistantError, match="could not be kept"):
        save_feedback(tmp_path / "home" / "feedback.jsonl", exchange(), "helpful")


def test_feedback_does_not_fill_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "MOST_BYTES", 1_500)
    save_feedback(path, exchange(), "helpful")
    before = path.read_bytes()
    with pytest.raises(AssistantError, match="1,500 bytes"):
        save_feedback(path, exchange("Long? " * 400), "helpful")
    assert path.read_bytes() == before
