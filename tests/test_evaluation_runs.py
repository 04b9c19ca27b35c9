"""Runs, in Python and as typed: killed and gone on with, kept apart from other runs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from assistant import Answer, Assistant, AssistantError, Settings
from assistant.errors import IndexDamagedError
from assistant.evaluation import Result, SetQuestion, evaluate, read_sets
from assistant.evaluation.__main__ import main
from assistant.evaluation.judging import Grade
from assistant.evaluation.kept import identity_of, open_run, public_settings

from .conftest import ROOT

DEV = ROOT / "corpus" / "questions" / "report-dev.jsonl"
VANKE = SetQuestion("v", "Who did Vanke sign with?", "en", "who", answers=("Provenience",))
EVEREST = SetQuestion("e", "How tall is Mount Everest?", "en", "number", answerable=False)
SIGNED = SetQuestion("z", "万科和谁签了协议？", "zh", "who", answers=("源创投资", "Provenience"))
FEW = (VANKE, EVEREST, SIGNED)
LINES = (
    '{"id": "who", "question": "Who did Vanke sign with?", "answers": ["Provenience"]}\n'
    '{"id": "far", "question": "How tall is Mount Everest?", "answerable": false}\n'
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every question that reaches the assistant from now on."""
    questions: list[str] = []
    ask = Assistant.ask

    def counted(self: Assistant, question: str, **options: Any) -> Answer:
        questions.append(question)
        return ask(self, question, **options)

    monkeypatch.setattr(Assistant, "ask", counted)
    return questions


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, built_settings: Settings, tmp_path: Path) -> Path:
    """A set of two questions, asked of the shipped corpus from an empty folder."""
    monkeypatch.setenv("ASSISTANT_HOME", str(built_settings.home))
    monkeypatch.setenv("ASSISTANT_CORPUS", str(built_settings.corpus))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.jsonl"
    path.write_text(LINES, encoding="utf-8")
    return path


def timeless(results: Sequence[Result]) -> list[Result]:
    return [replace(r, scores={**r.scores, "latency_ms": 0.0}) for r in results]


def files(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


# ---- in Python ----


def test_the_shipped_set_reaches_its_floors_whatever_the_workers(assistant: Assistant) -> None:
    questions = read_sets([DEV]).questions
    report = evaluate(assistant, questions, workers=5)
    assert [result.key for result in report.results] == [question.key for question in questions]
    for metric, floor in (("contains", 0.74), ("recall@6", 0.98), ("near_miss_recall", 0.6)):
        assert report.metric(metric).value >= floor, metric
    assert report.metric("quotes_valid").value == report.metric("language_ok").value == 1.0
    assert (report.directory, report.reused) == (None, 0)
    serial = evaluate(assistant, questions[:6], workers=1)
    assert timeless(serial.results) == timeless(report.results[:6])


def test_a_run_leaves_its_files_and_is_read_again_without_asking(
    assistant: Assistant, tmp_path: Path, asked: list[str]
) -> None:
    first = evaluate(assistant, FEW, out=tmp_path / "run")
    again = evaluate(assistant, FEW, out=tmp_path / "run")
    assert len(asked) == again.reused == 3
    assert (again.results, again.groups, again.about) == (first.results, first.groups, first.about)
    assert files(tmp_path / "run") >= {"results.jsonl", "metrics.json", "report.html", "run.json"}
    lines = (tmp_path / "run" / "results.jsonl").read_bytes().splitlines()
    assert [Result.from_dict(json.loads(line)) for line in lines] == list(first.results)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))
    assert metrics == json.loads(json.dumps(first.to_dict()))
    assert metrics["build"]["id"] == assistant.index.info.id
    assert metrics["groups"][0]["metrics"]["contains"]["n"] == 2
    # A kill in the very last moment: the end is written again.
    (tmp_path / "run" / "metrics.json").write_text('{"groups": [', encoding="utf-8")
    assert evaluate(assistant, FEW, out=tmp_path / "run").reused == len(asked) == 3
    assert json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))["reused"] == 3


def run_in_a_process(
    settings: Settings, path: Path, out: Path, *arguments: str
) -> subprocess.Popen[str]:
    places = {"ASSISTANT_HOME": settings.home, "ASSISTANT_CORPUS": settings.corpus}
    command = ["-m", "assistant.evaluation", "run", str(path), "--out", str(out), *arguments]
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {name: str(path) for name, path in places.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_lines(path: Path, count: int, process: subprocess.Popen[str]) -> None:
    while not path.is_file() or path.read_bytes().count(b"\n") < count:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.005)


def test_a_killed_run_goes_on_where_it_was_without_asking_twice(
    assistant: Assistant,
    built_settings: Settings,
    tmp_path: Path,
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = DEV.read_text("utf-8").splitlines(keepends=True)
    path, out = tmp_path / "some.jsonl", tmp_path / "run"
    path.write_text("".join(lines[:10] + lines[-6:]), encoding="utf-8")
    read = read_sets([path])
    process = run_in_a_process(built_settings, path, out)
    wait_for_lines(out / "results.jsonl", 3, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert "metrics.json" not in files(out)
    kept = (out / "results.jsonl").read_bytes()
    done = {(row["set"], row["id"]) for row in map(json.loads, kept.split(b"\n")[:-1])}
    # A kill in the middle of a write tears a line, or a character, in two.
    (out / "results.jsonl").write_bytes(kept + '{"set": "some", "question": "谁'.encode()[:-1])
    # Whoever edits the sources while this runs would make another run of it.
    code = json.loads((out / "run.json").read_text("utf-8"))["made_with"]["code"]
    monkeypatch.setattr("assistant.evaluation.kept.code_hash", lambda: code)
    report = evaluate(assistant, read.questions, out=out, sets=read.sets)
    assert 3 <= report.reused == len(done) < len(read.questions)
    left = [q for q in read.questions if q.key not in done]
    assert len(asked) == sum(1 + len(question.history) for question in left)
    rows = (out / "results.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(row)["id"] for row in rows] == [q.id for q in read.questions]


def test_an_interrupted_run_says_how_to_go_on(built_settings: Settings, tmp_path: Path) -> None:
    process = run_in_a_process(built_settings, DEV, tmp_path / "run", "--workers", "1")
    wait_for_lines(tmp_path / "run" / "results.jsonl", 1, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "the same command goes on" in err
    assert "Traceback" not in err


def test_trouble_with_the_index_stops_a_run_and_keeps_what_was_answered(
    assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Assistant.ask

    def failing(self: Assistant, question: str, **options: Any) -> Answer:
        if question == SIGNED.question:
            raise IndexDamagedError("The index is damaged. Run `python -m ingest`.")
        return ask(self, question, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Assistant, "ask", failing)
        with pytest.raises(IndexDamagedError):
            evaluate(assistant, FEW, out=tmp_path / "run", workers=1)
    report = evaluate(assistant, FEW, out=tmp_path / "run")
    assert (report.reused, len(report.results)) == (2, 3)


def test_a_question_that_is_not_taken_becomes_a_row_with_its_reason(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = evaluate(assistant, [replace(VANKE, id="long", question="Who? " * 999), EVEREST])
    row = report.results[0]
    assert (row.answer, row.status, row.scores["contains"]) == (None, "error", 0.0)
    assert "the most is" in row.error
    assert row.scores["recall@6"] is row.scores["latency_ms"] is row.scores["language_ok"] is None
    assert report.metric("false_refusals").value == 1.0

    def broken(self: Assistant, question: str, **options: Any) -> Answer:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(Assistant, "ask", broken)
    assert evaluate(assistant, [VANKE]).results[0].error == "ZeroDivisionError: by zero"


def test_a_follow_up_is_asked_after_its_history_and_alone_scored(
    assistant: Assistant, asked: list[str]
) -> None:
    question = replace(VANKE, question="And when?", history=(VANKE.question, "What was it about?"))
    (result,) = evaluate(assistant, [question]).results
    assert asked == [*question.history, "And when?"]
    assert result.answer is not None
    assert "Vanke" in result.answer["stand_alone"]


def test_a_judge_grades_answers_and_nothing_else(assistant: Assistant) -> None:
    class HalfJudge:
        name = "half"

        def grade(self, question: str, answer: str, *expectations: Sequence[str]) -> Grade:
            assert (question, expectations[0]) == (VANKE.question, ("Provenience",))
            assert "[1]" not in answer
            return Grade(0.5, "half right")

    unanswered = replace(EVEREST, id="u", answerable=True, answers=("8,849 m",))
    report = evaluate(assistant, [VANKE, EVEREST, unanswered], judge=HalfJudge())
    assert [result.scores["judge"] for result in report.results] == [0.5, None, 0.0]
    assert [result.judge_reason for result in report.results] == ["half right", "", "not answered"]


def test_a_directory_with_another_run_is_refused_and_moved_only_when_told(
    assistant: Assistant, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    evaluate(assistant, [VANKE], out=out)
    before = (out / "results.jsonl").read_bytes()
    with pytest.raises(AssistantError, match=r"other questions; nothing was overwritten.*--again"):
        evaluate(assistant, [EVEREST], out=out)
    assert (out / "results.jsonl").read_bytes() == before
    evaluate(assistant, [EVEREST], out=out, again=True)
    (aside,) = tmp_path.glob("run.before-*")
    assert (aside / "results.jsonl").read_bytes() == before
    assert json.loads((out / "results.jsonl").read_bytes())["id"] == "e"
    (out / "run.json").write_text('{"made_with": {"build": 1}, "started": ""}', encoding="utf-8")
    with pytest.raises(AssistantError, match=r"run.json is damaged.*--again moves it aside"):
        evaluate(assistant, [VANKE], out=out)


def test_no_run_shares_a_folder_with_something_else_or_another_run(
    assistant: Assistant, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("Dear", encoding="utf-8")
    for again in (False, True):
        with pytest.raises(AssistantError, match=r"holds other files \(letter.txt"):
            evaluate(assistant, [VANKE], out=tmp_path, again=again)
    with pytest.raises(AssistantError, match="is a file"):
        evaluate(assistant, [VANKE], out=tmp_path / "letter.txt")
    with (
        open_run(tmp_path / "run", identity_of(assistant, [VANKE])),
        pytest.raises(AssistantError, match="Another evaluation is writing to"),
    ):
        evaluate(assistant, [VANKE], out=tmp_path / "run")


def test_what_cannot_be_run_is_refused_at_once(assistant: Assistant) -> None:
    for questions, message in (((), "no questions"), ((VANKE, VANKE), "the id 'v'")):
        with pytest.raises(AssistantError, match=message):
            evaluate(assistant, questions)


@dataclass(frozen=True, slots=True)
class WithSecrets(Settings):
    """Settings as they may be one day."""

    api_key: str = "s3cret"
    access_token: str = "s3cret"
    password: str = "s3cret"


def test_what_a_run_says_of_its_settings_holds_no_secret() -> None:
    shown = public_settings(WithSecrets(chroma_url="https://me:s3cret@host:8000/x?key=s3cret"))
    assert "s3cret" not in json.dumps(shown)
    assert shown["chroma_url"] == "https://host:8000/x"
    assert (shown["passages"], shown["passage_tokens"]) == (6, 256)


# ---- as typed ----


def test_a_run_prints_its_table_and_where_it_is_kept(
    small: Path, built_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(small)]) == 0
    (directory,) = (built_settings.home / "evaluation" / "runs").glob("small-*")
    first = capsys.readouterr().out
    assert str(directory) in first
    assert "small: 2 questions" in first
    assert main(["run", str(small)]) == 0
    again = capsys.readouterr().out
    assert again.startswith(first)
    assert "Nothing was asked: this run was finished before. --again asks anew." in again
    assert main(["run", str(small), "--again"]) == 0
    assert "Nothing was asked" not in capsys.readouterr().out


def test_broken_lines_are_told_and_the_others_asked(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write_text(LINES.replace("Mount Everest?", "") + "not json\n" + "5\n" * 30)
    assert main(["run", str(small), "--out", "run", "--limit", "1"]) == 0
    said = capsys.readouterr()
    assert f"evaluation: {small}, line 3: not JSON" in said.err
    assert "evaluation: … and 11 more problems" in said.err
    assert "small: 1 questions" in said.out
    assert len(json.loads(Path("run/metrics.json").read_text("utf-8"))["problems"]) == 31


def test_a_table_of_other_peoples_columns_is_asked(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "Frage,Antwort\nWho did Vanke sign with?,Provenience\nWho?,nobody\n"
    Path("theirs.csv").write_text(rows, encoding="utf-8-sig")
    names = ["--map", "Frage=question", "--map", "Antwort=answers"]
    assert main(["run", "theirs.csv", *names, "--limit", "1", "--out", "run"]) == 0
    assert re.search(r"Right answer +100 %", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("floor", "code", "said"),
    [
        ("en:contains=0.9", 0, ""),
        ("quotes_valid=100%", 0, ""),
        ("latency_ms_p95=0.001", 4, "latency_ms_p95 is"),
        ("near_miss_recall=0.9", 1, "near_miss_recall has no value"),
    ],
)
def test_a_floor_sets_the_exit_code(
    small: Path, floor: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", str(small), "--out", "run", "--fail-under", floor]
    assert main([*arguments, "--fail-under", "all:f1=0"]) == code
    assert said in capsys.readouterr().err


def test_an_impossible_floor_is_refused_before_anything_is_asked(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Assistant, "ask", None)
    for floor, said in (
        ("contans=1", "no metric 'contans'. They are: right, contains"),
        ("zh:contains=1", "no question is in the language 'zh'"),
        ("contains=high", "'high' is no such number"),
        ("contains=90", "between 0 and 1"),
        ("who:contains=1", "no question is in the language 'who'"),
        ("en/when:contains=1", "no kind 'when'. They are: all"),
        ("judge=1", "--judge MODEL"),
    ):
        assert main(["run", str(small), "--fail-under", floor]) == 1
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nowhere.jsonl"], "The question set nowhere.jsonl cannot be read"),
        (["run", "small.jsonl", "--map", "a=question"], "no column 'a'"),
        (["run", "small.jsonl", "--out", "small.jsonl"], "small.jsonl is a file"),
        (["compare", "nowhere", "elsewhere"], "nowhere"),
        (["consistency", "small.jsonl"], "The set has no pairs"),
        (["xquad", "nowhere"], "nowhere"),
        (["speed", "nowhere.jsonl"], "nowhere.jsonl"),
    ],
)
def test_trouble_is_one_sentence_on_stderr(
    small: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.err.startswith("evaluation: ")
    assert message in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    "arguments",
    ["", "run", "run a.jsonl --workers 0", "run a.jsonl --map question", "nonsense"],
)
def test_wrong_usage_ends_with_2(arguments: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    assert ended.value.code == 2
