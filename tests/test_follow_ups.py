"""Follow-ups made to stand alone by rule, and what is asked of the last answer itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.evaluation.dialogues import Dialogue, is_form_right
from assistant.evaluation.score import contains
from assistant.planning.follow_ups import in_context
from assistant.planning.operations import items_of, operation_in
from assistant.retrieval.glossary import Glossary
from assistant.types import Turn

from .conftest import ROOT

PLACE = "Where is Innospace?"
ENGLISH = "The survey points to three bottlenecks: money, training and supporting services. [1]"
CHINESE = "这份文件讲了四条原则：由市场引导，政策合力，开放共享，创新服务模式。 [1]"


def stand_alone(asked: str, earlier: list[str], glossary: Glossary) -> str:
    return in_context(asked, [Turn(question) for question in earlier], glossary).text


@pytest.mark.parametrize(
    ("earlier", "asked", "expected"),
    [
        ("Who signed the lease?", "And when?", "When was the lease signed?"),
        ("Which firm did Vanke sign with?", "When was that?", "When did Vanke sign with firm?"),
        ("租约是谁签的？", "什么时候？", "租约是什么时候签的？"),
        ("What does Innospace do?", "What about Vanke?", "What does Vanke do?"),
        ("What does Innospace do?", "No, Vanke.", "What does Vanke do?"),
        ("How many registered in 2014?", "And in 2015?", "How many registered in 2015?"),
        ("What is the first principle?", "And the second?", "What is the second principle?"),
        ("What does Innospace do?", "Sorry, I mean Vanke.", "What does Vanke do?"),
        ("When was the lease signed?", "No, I meant deed, not lease", "When was the deed signed?"),
        ("When was the lease signed?", "No, I meant the deed.", "When was the deed signed?"),
        ("Who signed the lease?", "Is it still valid?", "Is the lease still valid?"),
        (PLACE, "Who are its partners?", "Who are Innospace's partners?"),
        (PLACE, "它是谁投资的？", "Innospace是谁投资的？"),
        ("《租赁合同》是谁写的？", "它有多长？", "《租赁合同》有多长？"),
        ("万科在加州开了什么？", "主要做哪些领域？", "万科在加州开了：主要做哪些领域？"),
        (PLACE, "Who is Vanke?", ""),
        (PLACE, "Is it true that China plans 300 incubators?", ""),
        (PLACE, "什么是众创空间？", ""),
        ("How much does a seat cost?", "违规停放一次收多少钱？", ""),
    ],
)
def test_a_follow_up_is_made_to_stand_alone_and_a_new_topic_left_alone(
    earlier: str, asked: str, expected: str, glossary: Glossary
) -> None:
    assert stand_alone(asked, [earlier], glossary) == (expected or asked)


def test_a_follow_up_comes_with_its_plain_form_and_what_was_asked_before(
    glossary: Glossary,
) -> None:
    turns = [Turn("What is a lease?"), Turn("and a deed?", stand_alone="What is a deed?")]
    context = in_context("Who signs it?", turns, glossary)
    assert context.follow_up
    assert (context.text, context.plain) == ("Who signs a deed?", "Who signs it?")
    assert context.before == ("What is a deed?", "What is a lease?")


def test_a_chain_of_follow_ups_does_not_grow_and_keeps_what_was_last_asked_about(
    glossary: Glossary,
) -> None:
    text = "What did Vanke open in California?"
    for _ in range(20):
        text = stand_alone("And how many seats does it have there?", [text], glossary)
    assert len(text) < 100
    assert "Vanke" in text
    text = "What does Innospace do?"
    for name in ("Vanke", "TechTemple", "Provenience"):
        text = stand_alone(f"And {name}?", [text], glossary)
    assert text == "What does Provenience do?"


@pytest.mark.parametrize("asked", ["?", "。", "   ", "And", "no,", "不是", "它", "a" * 2000, "[1]"])
def test_scraps_do_not_fail(asked: str, glossary: Glossary) -> None:
    whole = stand_alone(asked, [PLACE], glossary)
    assert whole == asked or "Innospace" in whole
    assert stand_alone(asked, [], glossary) == asked


@pytest.mark.parametrize(
    ("file", "follow_ups", "others"),
    [
        # The set that the rules were written on, and one that they never saw.
        ("tests/data/dialogues_fit.jsonl", 0.95, 0.97),
        ("assistant/evaluation/data/dialogues.jsonl", 0.90, 0.97),
    ],
)
def test_whole_sets_of_dialogues_are_understood(
    file: str, follow_ups: float, others: float, glossary: Glossary
) -> None:
    right: dict[bool, list[bool]] = {True: [], False: []}
    for line in Path(ROOT / file).read_text(encoding="utf-8").splitlines():
        earlier: list[str] = []
        for turn in Dialogue.model_validate_json(line).turns:
            whole = stand_alone(turn.question, earlier, glossary)
            earlier.append(whole)
            leans = bool(turn.needs)
            good = is_form_right(turn, whole) if leans else whole == turn.question
            right[leans].append(good)
    assert sum(right[True]) / len(right[True]) > follow_ups
    assert sum(right[False]) / len(right[False]) > others


def test_follow_ups_on_other_subjects_are_understood(glossary: Glossary) -> None:
    lines = Path(ROOT / "tests/data/two_turns.jsonl").read_text(encoding="utf-8").splitlines()
    wrong = []
    for row in map(json.loads, lines):
        context = in_context(row["asked"], [Turn(row["before"], row["answer"])], glossary)
        right = context.follow_up != row.get("alone", False)
        right &= all(contains(context.text, answers=group) for group in row.get("needs", ()))
        right &= not contains(context.text, answers=row.get("forbids", ()))
        wrong += [] if right else [(row["asked"], context.text)]
    assert len(wrong) <= 4, wrong


@pytest.mark.parametrize(
    ("operation", "requests"),
    [
        ("language", "in chinese please|say that in english|换成中文|用英文再说一遍|英文版"),
        (
            "shorter",
            "shorter pls|tl;dr|too long, cut it down|太长了，精简成两句|简短一点|"
            "in two sentences|用一句话概括|太长了",
        ),
        (
            "longer",
            "more detail|tell me more|elaborate|详细一点|展开说说|more on the rent|详细说说房租",
        ),
        ("others", "are there any others?|what else|is that all?|还有吗|还有其他的吗|还有谁？"),
        (
            "item",
            "more detail on the third one|the second|tell me about the last one|第二项具体讲什么",
        ),
        ("origin", "is that the original?|is that a translation?|这是原文吗|是摘要还是原文"),
        ("place", "where exactly does it say that|which page|which document is that from|出处在哪"),
        ("speaker", "who says so?|says who|谁说的？"),
        ("address", "got a link for that?|原文链接发我一下|有网址吗"),
        ("repeat", "say that again|what?|pardon?|再说一遍|没听清"),
        (
            "",
            "in Chinese, what is X called?|and when?|ok thanks|谢谢|它在哪里？|where is that?|"
            "summarise the report|what is the source of the funding?|还有什么政策|什么时候|"
            "the ninth one|第九个",
        ),
    ],
)
def test_what_is_asked_of_the_last_answer_is_told_from_questions(
    operation: str, requests: str
) -> None:
    for asked in requests.split("|"):
        found = operation_in(asked, [Turn("What are the bottlenecks?", ENGLISH)])
        assert (found.operation if found else "") == operation, asked
        assert operation_in(asked, []) is None


def test_an_operation_says_what_is_wanted() -> None:
    def told(asked: str, question: str, answer: str) -> tuple[object, ...]:
        found = operation_in(asked, [Turn(question, answer)])
        assert found is not None
        return found.language, found.count, found.ordinal, found.topic, found.question

    what = "What are the bottlenecks?"
    assert told("用英文说", what, ENGLISH) == ("en", 0, 0, "", "")
    assert told("in two sentences please", what, ENGLISH) == (None, 2, 0, "", "")
    third = (None, 0, 3, "supporting services", "What is said about supporting services?")
    assert told("more on the third one", what, ENGLISH) == third
    second = (None, 0, 2, "政策合力", "关于政策合力，具体说了什么？")
    assert told("第二项具体讲什么", "四条原则是什么", CHINESE) == second
    rent = (None, 0, 0, "the rent", "What is said about the rent?")
    assert told("more detail on the rent", what, ENGLISH) == rent
    others = told("any other goals?", "what is the first goal for 2020", "It is growth.")
    assert others == (None, 0, 0, "", "")


@pytest.mark.parametrize(
    ("answer", "items"),
    [
        (ENGLISH, ("money", "training", "supporting services")),
        (CHINESE, ("由市场引导", "政策合力", "开放共享", "创新服务模式")),
        ("- Alpha is one. [1]\n- Beta is two. [2]", ("Alpha is one", "Beta is two")),
        (
            "Offices in Milan, Paris, Rome and Berlin were opened.",
            ("Milan", "Paris", "Rome", "Berlin"),
        ),
        ("一是简政放权；二是放管结合；三是优化服务。", ("简政放权", "放管结合", "优化服务")),
        ("First, cut costs, second, train people.", ("cut costs", "train people")),
        ("It was signed in Vienna on 3 May 2001. [1]", ()),
    ],
)
def test_the_items_of_an_answer_are_found(answer: str, items: tuple[str, ...]) -> None:
    assert items_of(answer) == items
