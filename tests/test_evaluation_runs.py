"""Runs: asked in parallel, killed and gone on with, kept apart from other runs."""

from __future__ import annotations

import json
import os
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
from assistant.evaluation import (
    EvaluationReport,
    GoldEvidence,
    ReadSets,
    Result,
    SetQuestion,
    evaluate,
    read_sets,
)
from assistant.evaluation.gold import evidence_problems, locate
from assistant.evaluation.judging import Grade
from assistant.evaluation.provenance import identity_of, public_settings
from assistant.evaluation.run_directory import default_directory, open_run
from assistant.evaluation.run_table import run_lines
from assistant.evaluation.scoring import language_compliance, score
from assistant.types import Lead

from .conftest import ROOT

DEV = ROOT / "corpus" / "questions" / "report-dev.jsonl"
VANKE = SetQuestion("v", "Who did Vanke sign with?", "en", "who", answers=("Provenience",))
EVEREST = SetQuestion("e", "How tall is Mount Everest?", "en", "number", answerable=False)
SIGNED = SetQuestion("z", "万科和谁签了协议？", "zh", "who", answers=("源创投资", "Provenience"))
FEW = (VANKE, EVEREST, SIGNED)


class HalfJudge:
    """Gives half a mark to every answer and remembers what it was asked."""

    name = "half"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Sequence[str], Sequence[str]]] = []

    def grade(
        self, question: str, answer: str, expected: Sequence[str], quotes: Sequence[str]
    ) -> Grade:
        self.asked.append((question, answer, expected, quotes))
        return Grade(0.5, "half right")


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


def timeless(results: Sequence[Result]) -> list[Result]:
    return [replace(r, scores={**r.scores, "latency_ms": 0.0}) for r in results]


def files(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_answers_near_misses_and_refusals_get_their_scores(assistant: Assistant) -> None:
    report = evaluate(assistant, FEW)
    vanke, everest, signed = report.results
    assert (vanke.status, vanke.scores["contains"], signed.scores["contains"]) == ("answered", 1, 1)
    assert (everest.status, everest.scores["contains"]) == ("refused", None)
    assert report.metric("far_recall").value == report.metric("language_ok").value == 1.0
    assert report.metric("quotes_valid").value == 1.0
    assert (report.directory, report.reused) == (None, 0)
    assert report.metric("contains", "zh", "who").n == 1


def test_more_workers_give_the_same_results_in_the_same_order(assistant: Assistant) -> None:
    questions = read_sets([DEV]).questions[:12]
    serial, parallel = (evaluate(assistant, questions, workers=n) for n in (1, 5))
    assert timeless(serial.results) == timeless(parallel.results)
    assert [result.key for result in serial.results] == [question.key for question in questions]


def test_a_run_leaves_its_files_and_is_read_again_without_asking(
    assistant: Assistant, tmp_path: Path, asked: list[str]
) -> None:
    first = evaluate(assistant, FEW, out=tmp_path / "run")
    assert len(asked) == 3
    again = evaluate(assistant, FEW, out=tmp_path / "run")
    assert len(asked) == again.reused == 3
    assert (again.results, again.groups, again.about) == (first.results, first.groups, first.about)
    assert files(tmp_path / "run") >= {"results.jsonl", "metrics.json", "report.html", "run.json"}
    rows = [
        json.loads(line) for line in (tmp_path / "run" / "results.jsonl").read_bytes().splitlines()
    ]
    assert [Result.from_dict(row) for row in rows] == list(first.results)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))
    assert metrics == json.loads(json.dumps(first.to_dict()))
    assert metrics["build"]["id"] == assistant.index.info.id
    assert metrics["groups"][0]["metrics"]["contains"]["n"] == 2


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
    (out / "results.jsonl").write_bytes(
        kept + '{"set": "report-dev", "question": "谁'.encode()[:-1]
    )
    # Whoever edits the sources while this runs would make another run of it.
    code = json.loads((out / "run.json").read_text("utf-8"))["made_with"]["code"]
    monkeypatch.setattr("assistant.evaluation.provenance.code_hash", lambda: code)
    report = evaluate(assistant, read.questions, out=out, sets=read.sets)
    assert 3 <= report.reused == len(done) < len(read.questions)
    assert run_lines(report)[0] == f"some: 16 questions, {len(done)} of them asked before"
    left = [q for q in read.questions if q.key not in done]
    assert len(asked) == sum(1 + len(question.history) for question in left)
    assert timeless(report.results) == timeless(evaluate(assistant, read.questions).results)
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
    gold = (GoldEvidence("", "Provenience"),)
    long = replace(VANKE, id="long", question="Who? " * 999, evidence=gold)
    report = evaluate(assistant, [long, EVEREST])
    row = report.results[0]
    assert (row.answer, row.status) == (None, "error")
    assert "the most is" in row.error
    assert (row.scores["contains"], row.scores["citation_recall"]) == (0.0, 0.0)
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
    assert result.history == question.history
    assert result.answer is not None
    assert result.answer["stand_alone"] != "And when?"
    assert "Vanke" in result.answer["stand_alone"]


def test_a_judge_grades_answers_and_nothing_else(assistant: Assistant) -> None:
    judge = HalfJudge()
    unanswered = replace(EVEREST, id="u", answerable=True, answers=("8,849 m",))
    results = evaluate(assistant, [VANKE, EVEREST, unanswered], judge=judge).results
    assert [result.scores["judge"] for result in results] == [0.5, None, 0.0]
    assert [result.judge_reason for result in results] == ["half right", "", "not answered"]
    ((question, answer, expected, quotes),) = judge.asked
    assert (question, expected) == (VANKE.question, ("Provenience",))
    assert "[1]" not in answer
    assert quotes


def other_identities(assistant: Assistant, read: ReadSets) -> list[str]:
    shorter, renamed = read.questions[:9], (replace(read.questions[0], id="new"),)
    identities = [
        identity_of(assistant, read.questions, read.sets),
        identity_of(assistant, read.questions, ()),
        identity_of(assistant, shorter, read.sets),
        identity_of(assistant, renamed + read.questions[1:], read.sets),
        identity_of(assistant, read.questions, read.sets, HalfJudge()),
    ]
    return [identity.id for identity in identities]


def test_whatever_results_hang_on_makes_another_run(assistant: Assistant) -> None:
    read = read_sets([DEV])
    ids = other_identities(assistant, read)
    assert len(set(ids)) == len(ids)
    assert ids == other_identities(assistant, read_sets([DEV]))
    identity = identity_of(assistant, read.questions, read.sets)
    place = default_directory(Path("home"), read.questions, identity)
    assert place == Path("home/evaluation/runs") / f"report-dev-{ids[0][:8]}"


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
    assert files(aside) == files(out) - {".lock"}
    assert json.loads((out / "results.jsonl").read_bytes())["id"] == "e"


def test_a_folder_of_something_else_is_never_written_to(
    assistant: Assistant, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("Dear", encoding="utf-8")
    for again in (False, True):
        with pytest.raises(AssistantError, match=r"holds other files \(letter.txt"):
            evaluate(assistant, [VANKE], out=tmp_path, again=again)
    with pytest.raises(AssistantError, match="is a file"):
        evaluate(assistant, [VANKE], out=tmp_path / "letter.txt")
    assert files(tmp_path) == {"letter.txt"}


def test_two_runs_at_once_cannot_share_a_directory(assistant: Assistant, tmp_path: Path) -> None:
    with (
        open_run(tmp_path / "run", identity_of(assistant, [VANKE])),
        pytest.raises(AssistantError, match="Another evaluation is writing to"),
    ):
        evaluate(assistant, [VANKE], out=tmp_path / "run")
    assert evaluate(assistant, [VANKE], out=tmp_path / "run").reused == 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"made_with": {"build": 1}, "started": ""}'])
def test_a_damaged_run_json_is_one_sentence(
    assistant: Assistant, tmp_path: Path, text: str
) -> None:
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(AssistantError, match=r"run.json is damaged.*--again moves it aside"):
        evaluate(assistant, [VANKE], out=tmp_path)


def test_a_damaged_end_of_a_run_is_written_again(
    assistant: Assistant, tmp_path: Path, asked: list[str]
) -> None:
    evaluate(assistant, FEW, out=tmp_path / "run")
    (tmp_path / "run" / "metrics.json").write_text('{"groups": [', encoding="utf-8")
    report = evaluate(assistant, FEW, out=tmp_path / "run")
    assert len(asked) == report.reused == 3
    assert json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))["name"] == ""


@pytest.mark.parametrize(
    ("questions", "workers", "message"),
    [
        ((), 2, "no questions"),
        ((VANKE, VANKE), 2, "the id 'v'"),
        ((VANKE,), 0, "workers is 0"),
    ],
)
def test_what_cannot_be_run_is_refused_at_once(
    assistant: Assistant, questions: tuple[SetQuestion, ...], workers: int, message: str
) -> None:
    with pytest.raises(AssistantError, match=message):
        evaluate(assistant, questions, workers=workers)


def test_gold_evidence_is_found_in_its_source_or_reported(assistant: Assistant) -> None:
    id_, source = next(iter(assistant.index.sources.items()))
    words = source.text.split("\n")[0]
    good = [GoldEvidence(id_, words, 0), GoldEvidence(id_, words), GoldEvidence("", words)]
    assert all(source.text[r["start"] : r["end"]] == words for r in locate(good, {id_: source}))
    bad = (GoldEvidence(id_, "never said"), GoldEvidence("no", words), GoldEvidence(id_, words, 41))
    question = replace(VANKE, evidence=(*good, *bad, GoldEvidence("", "never said")))
    problems = evidence_problems([question], assistant.index.sources)
    assert [("does not stand" in p, "no source" in p, "at 41" in p) for p in problems] == [
        (True, False, False),
        (False, True, False),
        (True, False, True),
    ]
    report = evaluate(assistant, [question])
    assert report.about["problems"] == problems
    assert len(report.results[0].expected["evidence"]) >= len(good)


def test_words_without_a_source_count_wherever_they_stand_alone(assistant: Assistant) -> None:
    source = replace(assistant.sources[0], text="In 2019, 9 firms; 19 parts, art. 众创空间众创")
    places = {
        words: [r["start"] for r in locate([GoldEvidence("", words)], {"s": source})]
        for words in ("9", "art", "众创", "2019,")
    }
    assert places == {"9": [9], "art": [28], "众创": [33, 37], "2019,": [3]}


def test_evidence_and_citations_are_scored_by_their_places(assistant: Assistant) -> None:
    quote = assistant.ask(VANKE.question).citations[0].quotes[0]
    gold = replace(VANKE, evidence=(GoldEvidence(quote.source_id, quote.text, quote.start),))
    scores = evaluate(assistant, [gold]).results[0].scores
    assert scores["recall@6"] == scores["citation_recall"] == 1.0
    assert scores["citation_precision"] is not None
    assert scores["citation_precision"] > 0
    other = next(id_ for id_ in assistant.index.sources if id_ != quote.source_id)
    words = assistant.index.sources[other].text[:30]
    wrong = replace(VANKE, evidence=(GoldEvidence(other, words, 0),))
    scores = evaluate(assistant, [wrong]).results[0].scores
    assert scores["citation_recall"] == scores["citation_precision"] == 0.0


def test_a_short_answer_is_what_exact_match_and_f1_look_at(assistant: Assistant) -> None:
    answer = assistant.ask(VANKE.question)
    lead = Lead("Provenience", answer.citations[0].source.id, 3, 14, 1, True)
    led = score(assistant, VANKE, replace(answer, lead=lead))
    assert led.scores["exact"] == led.scores["f1"] == 1.0
    assert led.answer is not None
    assert led.answer["lead"] == {
        "source": lead.source_id,
        "start": 3,
        "end": 14,
        "text": "Provenience",
        "citation": 1,
        "translated": True,
    }
    whole = score(assistant, VANKE, replace(answer, lead=None))
    assert whole.scores["exact"] == 0.0
    assert 0 < (whole.scores["f1"] or 0) < 1


def test_answers_of_several_parts_have_no_exact_match(assistant: Assistant) -> None:
    question = replace(VANKE, answers=(), answers_all=("Vanke", "Provenience"))
    scores = evaluate(assistant, [question]).results[0].scores
    assert (scores["contains"], scores["exact"]) == (1.0, None)
    assert 0 < (scores["f1"] or 0) < 1


def test_an_untranslated_quote_is_not_in_the_language_of_the_question(assistant: Assistant) -> None:
    english, chinese = (assistant.ask(q.question) for q in (VANKE, SIGNED))
    assert language_compliance(english, ["en"]) == 1.0
    assert language_compliance(english, ["zh"]) == 0.0
    assert language_compliance(chinese, ["zh"]) == 1.0
    assert language_compliance(replace(english, statements=chinese.statements), ["en"]) == 0.0
    noted = replace(english, text=f"Vanke did（{chinese.text}）", statements=())
    assert language_compliance(noted, ["en"]) == 1.0


def test_language_is_judged_line_by_line(assistant: Assistant) -> None:
    answer = replace(assistant.ask(VANKE.question), statements=(), lead=None)
    mixed = replace(answer, text="One line [1].\n万科签了约。[1]\nAnother line.")
    assert language_compliance(mixed, ["en"]) == pytest.approx(2 / 3)
    assert language_compliance(mixed, ["en", "zh"]) == 1.0
    assert language_compliance(replace(mixed, text="Only English."), ["en", "zh"]) == 0.0


def test_a_fixed_language_of_answers_is_what_is_asked_of_them(built_settings: Settings) -> None:
    from assistant import open_assistant

    with open_assistant(replace(built_settings, language="zh")) as assistant:
        report: EvaluationReport = evaluate(assistant, [VANKE, SIGNED])
    assert report.metric("language_ok").value == 1.0
    assert {r.answer["language"] for r in report.results if r.answer} == {"zh"}


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
