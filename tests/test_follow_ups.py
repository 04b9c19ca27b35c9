"""Follow-ups made to stand alone by rule: each way of leaning, and what must be left alone."""

from __future__ import annotations

import pytest

from assistant.evaluation.dialogues import Dialogue, is_form_right
from assistant.follow_ups import stand_alone
from assistant.glossary import Glossary
from assistant.leaning import exchange_in, is_follow_up

from .conftest import ROOT

FIRST = "What is the first of the four principles in Guobanfa No. 9?"


@pytest.fixture(scope="module")
def glossary() -> Glossary:
    return Glossary.read(ROOT / "corpus" / "glossary.tsv")


@pytest.mark.parametrize(
    ("earlier", "asked", "expected"),
    [
        ("Who signed with Vanke?", "And when?", "Who signed with Vanke? And when?"),
        ("万科和谁签约？", "那是哪一年？", "万科和谁签约？ 那是哪一年？"),
        ("Where is Innospace?", "Who are its partners?", "Who are Innospace's partners?"),
        ("Which partners has Innospace?", "And where is it based?", "Where is Innospace based?"),
        ("Where is Innospace?", "它是谁投资的？", "InnoSpace是谁投资的？"),
        ("What does Innospace do?", "What about Vanke?", "What does Vanke do?"),
        ("What does Innospace do?", "No, I mean Vanke.", "What does Vanke do?"),
        ("What does Innospace do?", "Not Innospace, Vanke", "What does Vanke do?"),
        ("How many registered in 2014?", "And in 2015?", "How many registered in 2015?"),
        (FIRST, "And the second?", FIRST.replace("first", "second")),
        (FIRST, "The last one?", f"{FIRST} The last one?"),
        # "It" is whoever signed, or Vanke: both questions are kept.
        ("万科和谁签约？", "它在米兰做了什么？", "万科和谁签约？ 它在米兰做了什么？"),
    ],
)
def test_a_follow_up_is_made_to_stand_alone(
    earlier: str, asked: str, expected: str, glossary: Glossary
) -> None:
    assert stand_alone(asked, [earlier], glossary) == expected


@pytest.mark.parametrize(
    "asked",
    [
        "Where is Vanke based?",
        "What is a makerspace?",
        "Is it true that China plans 300 incubators?",
        "New question: how many incubators are planned?",
        "什么是众创空间？",
        "换个话题，万科在米兰做了什么？",
    ],
)
def test_a_question_of_its_own_is_left_alone(asked: str, glossary: Glossary) -> None:
    assert not is_follow_up(asked, "Where is Innospace?", glossary)
    assert stand_alone(asked, ["Where is Innospace?"], glossary) == asked


def test_a_chain_of_follow_ups_does_not_grow(glossary: Glossary) -> None:
    text = "Who did Vanke sign with?"
    for _ in range(20):
        text = stand_alone("And when?", [text], glossary)
    assert text == "Who did Vanke sign with? And when?"


def test_a_chain_of_things_asked_about_keeps_the_last(glossary: Glossary) -> None:
    text = "What does Innospace do?"
    for name in ("Vanke", "TechTemple", "Provenience"):
        text = stand_alone(f"And {name}?", [text], glossary)
    assert text == "What does Provenience do?"


def test_without_a_conversation_every_question_stands_alone(glossary: Glossary) -> None:
    assert stand_alone("And when?", [], glossary) == "And when?"


@pytest.mark.parametrize("asked", ["?", "。", "   ", "And", "no,", "不是", "它", "a" * 2000, "[1]"])
def test_scraps_neither_fail_nor_lose_the_question_before(asked: str, glossary: Glossary) -> None:
    whole = stand_alone(asked, ["Where is Innospace?"], glossary)
    assert whole == asked or whole.startswith("Where is Innospace?")


@pytest.mark.parametrize(
    ("text", "phrase", "wrong"),
    [
        ("No, I meant the survey", "the survey", ""),
        ("Not Vanke, Innospace", "Innospace", "Vanke"),
        ("Innospace, not Vanke", "Innospace", "Vanke"),
        ("不是万科，是创新空间", "创新空间", "万科"),
        ("What about money?", "money", ""),
        ("资金呢？", "资金", ""),
    ],
)
def test_what_takes_the_place_of_what_is_read(text: str, phrase: str, wrong: str) -> None:
    exchange = exchange_in(text)
    assert exchange is not None
    assert exchange.phrase.removeprefix("是") == phrase
    assert exchange.wrong == wrong


def test_the_set_that_the_rule_was_written_on_is_kept(glossary: Glossary) -> None:
    right: dict[bool, list[bool]] = {True: [], False: []}
    lines = (ROOT / "tests" / "data" / "dialogues_fit.jsonl").read_text(encoding="utf-8")
    for line in lines.splitlines():
        earlier: list[str] = []
        for turn in Dialogue.model_validate_json(line).turns:
            whole = stand_alone(turn.question, earlier, glossary)
            earlier.append(whole)
            good = is_form_right(turn, whole) if turn.form else whole == turn.question
            right[bool(turn.form)].append(good)
    assert (len(right[True]), len(right[False])) == (88, 92)
    assert sum(right[True]) / 88 > 0.93
    assert sum(right[False]) / 92 > 0.97
