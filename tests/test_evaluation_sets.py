"""Question sets: three formats, other people's columns, and lines that cannot be used."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant import AssistantError
from assistant.evaluation import GoldEvidence, SetQuestion, read_set, read_sets

WHO = {"question": "Who did Vanke sign with?", "answers": ["Provenience"]}


def written(path: Path, *rows: Any) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def squad(path: Path, *questions: Any) -> Path:
    data = {"data": [{"paragraphs": [{"context": "A b c.", "qas": list(questions)}]}]}
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return path


def test_a_line_with_everything_is_read_as_it_stands(tmp_path: Path) -> None:
    row = {
        "id": "q-1",
        "question": "那是哪一年？",
        "language": "zh-CN",
        "kind": "when",
        "answerable": True,
        "near_miss": False,
        "answers": ["2015年"],
        "answers_all": ["2015", "5月"],
        "evidence": [{"source": "report", "text": " 2015年5月 ", "start": 7}],
        "evidence_any": True,
        "pair": "p-1",
        "history": ["谁签了协议？"],
        "why": "ignored",
    }
    (question,) = read_set(written(tmp_path / "mine.jsonl", row))
    assert question == SetQuestion(
        id="q-1",
        question="那是哪一年？",
        language="zh",
        kind="when",
        answers=("2015年",),
        answers_all=("2015", "5月"),
        evidence=(GoldEvidence("report", " 2015年5月 ", 7),),
        evidence_any=True,
        pair="p-1",
        history=("谁签了协议？",),
        set="mine",
    )


def test_conditions_on_a_reply_are_read_from_both_kinds_of_files(tmp_path: Path) -> None:
    row = {
        "question": "谁签了？请用英文回答",
        "all_of": [["Vanke", "万科"], ["2015"], "Acme"],
        "any_k": 2,
        "cite_any": ["a", "b"],
        "cite_all": "c",
        "forbid": ["do not say", ""],
        "max_sentences": 3,
        "language_of_reply": "en-GB",
        "plan_kind": "compare",
    }
    (question,) = read_set(written(tmp_path / "s.jsonl", row))
    assert question.all_of == (("Vanke", "万科"), ("2015",), ("Acme",))
    assert (question.any_k, question.max_sentences, question.language_of_reply) == (2, 3, "en")
    assert (question.cite_any, question.cite_all, question.forbid) == (
        ("a", "b"),
        ("c",),
        ("do not say",),
    )
    assert question.answerable
    assert question.has_conditions
    assert question.plan_kind == "compare"
    table = tmp_path / "s.csv"
    head = (
        "question,all_of,any_k,cite_any,cite_all,forbid,max_sentences,language_of_reply,plan_kind"
    )
    cells = "谁签了？请用英文回答,Vanke / 万科|2015|Acme,2,a|b,c,do not say,3,en,compare"
    table.write_text(f"{head}\n{cells}\n", encoding="utf-8")
    assert read_set(table) == [replace(question, id="2")]


def test_id_language_and_answerable_need_not_be_given(tmp_path: Path) -> None:
    first, second, third = read_set(
        written(
            tmp_path / "s.jsonl",
            {"question": "Who signed?", "answers": "Vanke"},
            "",
            {"question": "谁签了协议？", "near_miss": True},
            {"question": "How many?", "answers": 40},
        )
    )
    assert (first.id, first.language, first.answerable, first.answers) == (
        "1",
        "en",
        True,
        ("Vanke",),
    )
    assert (second.id, second.language, second.answerable) == ("3", "zh", False)
    assert third.answers == ("40",)


def test_excels_csv_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_bytes(
        "question;answers;near_miss;kind;evidence;source;;\r\n"
        '"Who; and\nwhen?";Vanke | Rui\'an;;who;Vanke signed.|It did.;report;;\r\n'
        ";;;;;;;\r\n"
        "谁签了协议？;;是;;;;;\r\n".encode("utf-8-sig")
    )
    first, second = read_set(path)
    assert first.question == "Who; and\nwhen?"
    assert first.answers == ("Vanke", "Rui'an")
    assert [(e.source, e.text) for e in first.evidence] == [
        ("report", "Vanke signed."),
        ("report", "It did."),
    ]
    assert (second.near_miss, second.answerable, second.language) == (True, False, "zh")
    assert [first.id, second.id] == ["2", "5"]


def test_other_peoples_columns_are_renamed(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("Frage,Antwort,question\nWho?,Vanke,no\n", encoding="utf-8")
    read = read_sets([path], fields={"Frage": "question", "Antwort": "answers"})
    assert (read.questions[0].question, read.questions[0].answers) == ("Who?", ("Vanke",))
    assert read.problems == ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Frage": "qestion"}, "no field 'qestion'. The fields are: id, question"),
        ({"Farge": "question"}, "no column 'Farge'. The columns are: Frage, Antwort"),
        ({}, "Its fields are: Frage, Antwort. Name yours with --map"),
    ],
)
def test_a_map_that_cannot_work_is_one_sentence(
    tmp_path: Path, fields: dict[str, str], message: str
) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("Frage,Antwort\nWho?,Vanke\n", encoding="utf-8")
    with pytest.raises(AssistantError, match=message):
        read_sets([path], fields=fields)


def test_squads_format_is_read_with_all_its_answers(tmp_path: Path) -> None:
    gold = [{"text": "Vanke", "answer_start": 0}, {"text": "Vanke", "answer_start": 9}]
    first, second = read_set(
        squad(
            tmp_path / "squad.json",
            {"id": "a", "question": "Who signed?", "answers": gold},
            {"id": "b", "question": "谁没有签？", "answers": [], "is_impossible": True},
        )
    )
    assert first == SetQuestion(
        id="a",
        question="Who signed?",
        language="en",
        answers=("Vanke",),
        evidence=(GoldEvidence("", "Vanke"),),
        evidence_any=True,
        set="squad",
    )
    assert (second.answerable, second.near_miss, second.language) == (False, True, "zh")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("not json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        (
            {"question": "Who?", "all_of": [["a"]], "any_k": 2},
            "any_k is 2, but all_of has 1 groups",
        ),
        ({"question": "Who?", "cite_all": ["a"], "answerable": False}, "answerable is false"),
        ({"question": "Who?", "all_of": [["a"]], "max_sentences": "few"}, "max_sentences is 'few'"),
        ({"question": "Who?", "forbid": ["a"], "language_of_reply": "fr"}, "language_of_reply"),
        ([1], "a JSON object is expected"),
        ({"id": 2}, "there is no question"),
        ({"question": "  "}, "there is no question"),
        ({"question": ["?"]}, "question is ['?']: Input should be a valid string"),
        ({"question": "?", "language": "fr"}, "language is 'fr': Input should be 'en' or 'zh'"),
        (
            {"question": "?", "answerable": "perhaps"},
            "answerable is 'perhaps': Input should be a valid boolean",
        ),
        ({"question": "?", "answers": "x", "answerable": False}, "answerable is false, but"),
        ({"question": "?", "answers": "x", "near_miss": True}, "near miss"),
        ({"question": "?", "answers": [{"text": "x"}]}, "answers.0 is {'text': 'x'}"),
        (
            {"question": "?", "evidence": [{"source": "s"}]},
            "evidence.0.text is {'source': 's'}: Field required",
        ),
        ({"question": "?", "evidence": [{"text": "x", "start": -1}]}, "start is -1"),
        ('{"question": "half \\ud800"}', "unable to parse raw data as a unicode string"),
        ({"question": "again?", "id": "1"}, "the id '1' was given before"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_the_others_are_read(
    tmp_path: Path, row: Any, problem: str
) -> None:
    path = written(tmp_path / "s.jsonl", WHO, row, {**WHO, "id": "last"})
    read = read_sets([path])
    assert [question.id for question in read.questions] == ["1", "last"]
    (found,) = read.problems
    assert found.startswith(f"{path}, line 2: ")
    assert problem in found
    with pytest.raises(AssistantError, match="line 2"):
        read_set(path)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("s.csv", "question,answers\nWho?,a,b\n", "line 2: 3 cells, but the header names 2"),
        ("s.csv", 'question,answers\n"Who?,a\n', "line 2: not CSV"),
        ("s.csv", "question,answers,question\nWho?,a,b\n", "names a column twice"),
        ("s.json", "[5, 6]", "question 1: a JSON object is expected here, not 5"),
    ],
)
def test_a_broken_table_or_list_is_named(
    tmp_path: Path, name: str, text: str, problem: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(AssistantError, match=problem):
        read_sets([tmp_path / name])


def test_questions_without_any_gold_are_counted_once_with_the_columns_to_map(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "s.jsonl", *[{"question": f"{i}?", "gold": "x"} for i in range(9)])
    (problem,) = read_sets([path]).problems
    assert "answerable: 9;" in problem
    assert "Its fields are: question, gold. Name yours with --map" in problem


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "holds no question"),
        (b"\n \n", "holds no question"),
        (b'{"x": 1}', "Its fields are: x"),
        (b"caf\xe9", "not in UTF-8"),
        ("质量".encode("utf-16"), "not in UTF-8"),
        (b'{"data": [{"title": 1}]}', "not a file in SQuAD's format"),
        (b"null", "a JSON object is expected"),
    ],
)
def test_a_file_without_a_usable_question_is_one_sentence(
    tmp_path: Path, data: bytes, message: str
) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(data)
    with pytest.raises(AssistantError, match=message) as caught:
        read_sets([path])
    assert str(path) in str(caught.value)


def test_absent_files_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.jsonl", tmp_path):
        with pytest.raises(AssistantError, match="cannot be read"):
            read_sets([path])
