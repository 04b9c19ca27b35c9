"""Follow-ups made to stand alone by rule: each way of leaning, and what must be left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.evaluation.dialogues import Dialogue, is_form_right
from assistant.planning.follow_ups import stand_alone
from assistant.retrieval.glossary import Glossary

from .conftest import ROOT

PLACE = "Where is Innospace?"


@pytest.mark.parametrize(
    ("earlier", "asked", "expected"),
    [
        ("Who signed with Vanke?", "And when?", "Who signed with Vanke? And when?"),
        ("万科和谁签约？", "那是哪一年？", "万科和谁签约？ 那是哪一年？"),
        ("What does Innospace do?", "What about Vanke?", "What does Vanke do?"),
        ("What does Innospace do?", "No, Vanke.", "What does Vanke do?"),
        ("How many registered in 2014?", "And in 2015?", "How many registered in 2015?"),
        ("What is the first principle?", "And the second?", "What is the second principle?"),
        ("What does Innospace do?", "Sorry, I mean Vanke.", "What does Vanke do?"),
        # "It" is whoever signed, or Vanke: both questions are kept.
        ("万科和谁签约？", "它在米兰做了什么？", "万科和谁签约？ 它在米兰做了什么？"),
        (PLACE, "Who is Vanke?", "Who is Vanke?"),
        (PLACE, "Is it true that China plans 300 incubators?", ""),
        (PLACE, "什么是众创空间？", ""),
    ],
)
def test_a_follow_up_is_made_to_stand_alone_and_a_new_topic_left_alone(
    earlier: str, asked: str, expected: str, glossary: Glossary
) -> None:
    assert stand_alone(asked, [earlier], glossary) == (expected or asked)


def test_a_chain_of_follow_ups_does_not_grow_and_keeps_what_was_last_asked_about(
    glossary: Glossary,
) -> None:
    text = "Who did Vanke sign with?"
    for _ in range(20):
        text = stand_alone("And when?", [text], glossary)
    assert text == "Who did Vanke sign with? And when?"
    text = "What does Innospace do?"
    for name in ("Vanke", "TechTemple", "Provenience"):
        text = stand_alone(f"And {name}?", [text], glossary)
    assert text == "What does Provenience do?"


@pytest.mark.parametrize("asked", ["?", "。", "   ", "And", "no,", "不是", "它", "a" * 2000, "[1]"])
def test_scraps_neither_fail_nor_lose_the_question_before(asked: str, glossary: Glossary) -> None:
    whole = stand_alone(asked, [PLACE], glossary)
    assert whole == asked or whole.startswith(PLACE)
    assert stand_alone(asked, [], glossary) == asked


@pytest.mark.parametrize(
    ("file", "follow_ups", "others"),
    [
        # The set that the rules were written on, and one that they never saw.
        ("tests/data/dialogues_fit.jsonl", 0.90, 0.97),
        ("assistant/evaluation/data/dialogues.jsonl", 0.88, 0.97),
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
