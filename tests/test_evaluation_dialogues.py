"""Dialogues about the shipped texts, and the time that writing takes, both as they are measured."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from assistant import Assistant, AssistantError, Settings
from assistant.chat_model import ChatModel
from assistant.evaluation import dialogues_table, speed
from assistant.evaluation.__main__ import main
from assistant.evaluation.dialogues import (
    KINDS,
    AskedTurn,
    ask_dialogue,
    dialogue_of,
    evidence_problems,
    is_form_right,
)
from assistant.evaluation.dialogues_table import turn_lines
from assistant.evaluation.questions import SetQuestion, read_set
from assistant.evaluation.row_sets import read_items
from assistant.evaluation.speed import written_times

from .conftest import ROOT

QUESTION = "Which American firm did Vanke team up with?"
VANKE = (
    "Major Chinese property developer Vanke signed an agreement with Provenience, a US "
    "investment company, in December 2015."
)
FIRST = {
    "question": QUESTION,
    "language": "en",
    "kind": "first",
    "stand_alone": QUESTION,
    "answers": ["Provenience"],
    "evidence": [{"source": "bop-report", "text": VANKE}],
}
WHEN = {
    "question": "And when was that?",
    "language": "en",
    "kind": "follow_up",
    "form": "ellipsis",
    "stand_alone": "When did Vanke team up with Provenience?",
    "needs": [["Vanke", "Provenience"]],
    "forbids": ["California"],
    "answers": ["December 2015"],
}
TOPIC = {
    "question": "中国的高铁有多长了？",
    "language": "zh",
    "kind": "new_topic",
    "stand_alone": "中国的高铁有多长了？",
    "forbids": ["Vanke", "万科"],
    "answers": ["1.6万公里"],
}
UNKNOWN = {"question": "Who is Zebulon Quux?", "language": "en", "kind": "not_answered"}
DIALOGUE: dict[str, Any] = {"id": "d", "language": "en", "turns": [FIRST, WHEN, TOPIC, UNKNOWN]}

Writer = Callable[..., Assistant]


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, built_settings: Settings, tmp_path: Path) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(built_settings.home))
    monkeypatch.setenv("ASSISTANT_CORPUS", str(built_settings.corpus))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def writer(assistant: Assistant) -> Iterator[Writer]:
    """Makes assistants over the shared index whose model always says one thing."""
    models: list[ChatModel] = []

    def make(reply: str) -> Assistant:
        said = iter(lambda: AIMessage(reply), None)
        settings = replace(assistant.settings, chat_model="fake:scripted", chat_retries=0)
        model = ChatModel("fake:scripted", GenericFakeChatModel(messages=said), settings)
        models.append(model)
        searcher = assistant._searcher
        return Assistant(settings, assistant.index, searcher._embeddings, searcher._reader, model)

    yield make
    for model in models:
        model.close()


def asked(assistant: Assistant, *turns: dict[str, Any]) -> list[AskedTurn]:
    return ask_dialogue(assistant, dialogue_of({**DIALOGUE, "turns": list(turns)}))


def marks(turn: AskedTurn) -> tuple[float | None, ...]:
    return (turn.form, turn.left_alone, turn.answered, turn.held, turn.cited)


def written(path: Path, *lines: dict[str, Any] | str) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def _cells(line: str) -> list[str]:
    """The name of a table's row and its cells."""
    return re.split(r" {3,}", line)


def test_each_kind_of_turn_has_marks_of_its_own(assistant: Assistant) -> None:
    first, when, topic, unknown = asked(assistant, FIRST, WHEN, TOPIC, UNKNOWN)
    assert marks(first) == (None, 1, 1, None, 1)
    assert marks(when)[:2] == (1, None)
    assert marks(when)[3:] == (None, None)
    assert marks(topic) == (None, 1, 1, None, None)
    assert marks(unknown) == (1, None, None, 1, None)
    assert all(turn.is_right for turn in (first, topic, unknown))


def test_each_mark_falls_where_another_thing_was_expected(assistant: Assistant) -> None:
    elsewhere = {"source": "bop-report", "text": "Vanke’s interests are not limited to the USA."}
    wrong_first = {**FIRST, "answers": ["Google"], "evidence": [elsewhere, *FIRST["evidence"]]}
    lost = {**WHEN, "needs": [["Vanke"], ["Zanzibar"]]}
    leaning = {**WHEN, "kind": "new_topic"}
    told = {"question": QUESTION, "language": "en", "kind": "not_answered"}
    first, form, topic, held = asked(assistant, wrong_first, lost, leaning, told)
    assert (first.answered, first.cited) == (0, 0.5)
    assert form.form == 0
    assert topic.left_alone == 0
    assert held.held == 0
    assert not any(turn.is_right for turn in (first, form, topic, held))


def test_a_later_turn_is_asked_with_the_answers_before_it(assistant: Assistant) -> None:
    (alone,) = asked(assistant, WHEN)
    assert alone.answer.stand_alone == WHEN["question"]
    assert alone.form == 0
    _, after = asked(assistant, FIRST, WHEN)
    assert "Vanke" in after.answer.stand_alone
    assert after.form == 1


@pytest.mark.parametrize(
    ("form", "right"),
    [
        ("When did VANKE sign?", True),
        ("When did provenience sign?", True),
        ("When was that?", False),
        ("When did Vanke open in California?", False),
    ],
)
def test_a_form_needs_one_of_each_group_and_none_of_the_forbidden(form: str, right: bool) -> None:
    (turn,) = dialogue_of({**DIALOGUE, "turns": [WHEN]}).turns
    assert is_form_right(turn, form) is right
    free = replace(turn, needs=(), forbids=())
    assert is_form_right(free, form)


def test_the_model_s_form_is_taken_and_its_cost_counted(writer: Writer) -> None:
    turns = asked(writer(WHEN["stand_alone"]), FIRST, WHEN)
    assert turns[1].answer.stand_alone == WHEN["stand_alone"]
    assert turns[1].form == 1
    assert turns[1].answer.usage.calls > turns[0].answer.usage.calls


def test_the_command_prints_who_spoke_and_a_row_for_each_language_and_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "set.jsonl", DIALOGUE)
    assert main(["dialogues", str(path), "--list"]) == 0
    said = capsys.readouterr().out
    assert "set.jsonl: 1 dialogues, 4 turns; answers by quotes, follow-ups by rule" in said
    rows = {cells[0].strip(): cells[1:] for cells in map(_cells, said.splitlines())}
    whole = "100 [100, 100]"
    assert rows["en first"] == ["–", whole, whole, "–", whole, "1"]
    assert rows["zh new topic"] == ["–", whole, whole, "–", "–", "1"]
    assert rows["leaning by ellipsis"][0] == whole
    assert rows["all"][-1] == "4"
    assert "d.1 first: right" in said
    assert f"  form      {QUESTION}" in said
    assert "tokens in" not in said


def test_with_a_model_the_command_prints_its_share_tokens_and_notices(
    writer: Writer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = written(tmp_path / "set.jsonl", {**DIALOGUE, "turns": [FIRST]})
    good = writer(f"{VANKE} [1]")
    monkeypatch.setattr(dialogues_table, "open_assistant", lambda settings: _Kept(good))
    assert main(["dialogues", str(path)]) == 0
    said = capsys.readouterr().out
    assert "answers by fake:scripted" in said
    assert "1 of 1 turns written by fake:scripted, the others quoted" in said
    assert re.search(r"\n1 call, about [\d,]+ tokens in, \d+ out\n", said)
    assert " × " not in said
    bad = writer("The moon is made of cheese [1].")
    monkeypatch.setattr(dialogues_table, "open_assistant", lambda settings: _Kept(bad))
    assert main(["dialogues", str(path)]) == 0
    said = capsys.readouterr().out
    assert "0 of 1 turns written by fake:scripted" in said
    assert "1 × Nothing that the chat model wrote stood the check" in said


class _Kept:
    """An assistant that a block does not close: others use its index."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    def __enter__(self) -> Assistant:
        return self._assistant

    def __exit__(self, *_: object) -> None:
        pass


def test_a_turn_that_went_wrong_is_listed_with_what_was_expected(assistant: Assistant) -> None:
    lost = {**WHEN, "needs": [["Zanzibar"]], "answers": ["1066"]}
    _, turn = asked(assistant, FIRST, lost)
    lines = turn_lines(turn)
    assert lines[0] == "d.2 follow-up: WRONG"
    assert f"  expected  {WHEN['stand_alone']}" in lines
    assert "  expected  1066" in lines


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not JSON"),
        ({"id": "x"}, "there are no turns"),
        ({"id": "x", "turns": [5]}, "a turn is 5, but must be an object with a question"),
        ({"id": "x", "turns": [{**FIRST, "question": ""}]}, "there is no question"),
        ({"id": "x", "turns": [{**FIRST, "kind": "odd"}]}, "kind is 'odd', but must be one of"),
        ({"id": "x", "turns": [{**FIRST, "answers": []}]}, "has the kind 'first', and 0 answers"),
        ({"id": "x", "turns": [{**UNKNOWN, "answers": ["a"]}]}, "and 1 answers"),
        ({"id": "x", "turns": [{**FIRST, "evidence": ["a"]}]}, "evidence is 'a', but must be"),
        (DIALOGUE, "the id 'd' was given before"),
    ],
)
def test_a_malformed_dialogue_is_named_and_the_others_are_kept(
    tmp_path: Path, line: Any, problem: str
) -> None:
    path = written(tmp_path / "set.jsonl", DIALOGUE, line)
    dialogues, problems = read_items(path, lambda values, _: dialogue_of(values))
    assert len(dialogues) == 1
    (said,) = problems
    assert said.startswith(f"{path}, line 2: ")
    assert problem in said


def test_evidence_that_stands_nowhere_is_named(assistant: Assistant) -> None:
    absent = [{"source": "bop-report", "text": "It snowed."}, {"source": "atlas", "text": VANKE}]
    dialogue = dialogue_of({**DIALOGUE, "turns": [FIRST, {**FIRST, "evidence": absent}]})
    assert list(evidence_problems([dialogue], assistant.index.sources)) == [
        "d.2: the evidence 'It snowed.' does not stand in 'bop-report'; marks leave it out",
        f"d.2: the evidence {VANKE[:40]!r} does not stand in 'atlas'; marks leave it out",
    ]


def test_the_shipped_dialogues_are_read_whole(assistant: Assistant) -> None:
    path = ROOT / "assistant" / "evaluation" / "data" / "dialogues.jsonl"
    dialogues, problems = read_items(path, lambda values, _: dialogue_of(values))
    assert not problems
    assert not list(evidence_problems(dialogues, assistant.index.sources))
    assert len(dialogues) >= 30
    kinds = {(turn.language, turn.kind) for dialogue in dialogues for turn in dialogue.turns}
    assert kinds == {(language, kind) for language in ("en", "zh") for kind in KINDS}


@pytest.fixture
def questions(tmp_path: Path) -> list[SetQuestion]:
    lines = [{"id": str(i), "question": QUESTION, "answers": ["Provenience"]} for i in range(3)]
    far = {"id": "far", "question": "How tall is Mount Everest?", "answerable": False}
    return read_set(written(tmp_path / "questions.jsonl", far, *lines))


def test_written_answers_are_timed_beside_the_bare_model(
    writer: Writer, questions: list[SetQuestion]
) -> None:
    times = written_times(writer(f"{VANKE} [1]"), questions, limit=2)
    assert len(times) == 2
    for time in times:
        assert 0 < time.search_s < time.first_s < time.end_s
        assert 0 < time.bare_s < time.first_s
        assert not time.is_quoted
    assert [time.new_bare_s is None for time in times] == [True, False]
    assert [time.new_first_s is None for time in times] == [False, True]
    assert all(time.is_quoted for time in written_times(writer("The moon sings [1]."), questions))


def test_a_model_that_shows_no_word_is_timed_nowhere(
    writer: Writer, questions: list[SetQuestion]
) -> None:
    assert written_times(writer("NO ANSWER"), questions) == []


def test_the_command_prints_medians_and_their_ratio(
    writer: Writer,
    questions: list[SetQuestion],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(speed, "open_assistant", lambda settings: _Kept(writer(f"{VANKE} [1]")))
    assert main(["speed", "questions.jsonl", "--chat", "--limit", "2"]) == 0
    said = capsys.readouterr().out
    assert "fake:scripted: 2 written answers, 0 of them quotes in the end" in said
    (ratio,) = re.findall(r"read before +(\d+) ms +(\d+) ms +(\d+\.\d\d)\n", said)
    assert float(ratio[2]) > 1
    assert int(ratio[0]) >= int(ratio[1])
    monkeypatch.setattr(speed, "open_assistant", lambda settings: _Kept(writer("NO ANSWER")))
    assert main(["speed", "questions.jsonl", "--chat"]) == 1
    assert "fake:scripted wrote an answer to none of the questions." in capsys.readouterr().err


def test_without_a_chat_model_there_is_nothing_to_time(
    assistant: Assistant, questions: list[SetQuestion]
) -> None:
    with pytest.raises(AssistantError, match=r"speed --chat needs a chat model\. Name one as"):
        written_times(assistant, questions)
