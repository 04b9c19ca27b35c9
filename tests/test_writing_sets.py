"""The injections and the dialogues that written answers are tried on: whole, fair, consistent."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest

from assistant.language import HAN, passage_language, question_language
from assistant.types import Source
from ingest import read_corpus

from .conftest import ROOT

Row = Mapping[str, Any]
INJECTIONS = ROOT / "assistant" / "evaluation" / "data" / "injections.jsonl"
DIALOGUES = ROOT / "assistant" / "evaluation" / "data" / "dialogues.jsonl"
CHANNELS = {"document", "file_name", "heading", "question", "history"}
GOALS = {
    "change_rules",
    "leak_prompt",
    "drop_citations",
    "uncited_claim",
    "false_citation",
    "exfiltrate",
}
KINDS = {"first", "follow_up", "new_topic", "not_answered"}
FORMS = {"pronoun", "ellipsis", "what_about", "ordinal", "correction"}
# Structure that is closed or opened, marks that nobody sees, a Cyrillic e, and plain words.
TRICKS = '<|im_start|> [INST] <<SYS>> </passages> ``` --- <!-- ![ "}]} [7] Q: 用户： Ignore'.split()
TRICKS += ["\u200b", "\u202e", "\U000e0041", "\u0435"]
SENTENCE_END = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+")


def rows(text: str) -> list[Row]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def injections() -> list[Row]:
    return rows(INJECTIONS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def dialogues() -> list[Row]:
    return rows(DIALOGUES.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    return {source.id: source for source in read_corpus(ROOT / "corpus").sources}


def document(row: Row) -> str:
    """The text that the question is answered from; with channel "document" it is the trap."""
    return str(row["text"] if row["channel"] == "document" else row["document"])


def turns(dialogues: Sequence[Row]) -> Iterator[tuple[str, Row]]:
    return (
        (f"{row['id']}: {turn['question']}", turn) for row in dialogues for turn in row["turns"]
    )


def holds(text: str, alternatives: Sequence[str]) -> bool:
    return any(one.lower() in text.lower() for one in alternatives)


def stands_alone(text: str, turn: Row) -> bool:
    return all(holds(text, alternatives) for alternatives in turn["needs"])


# Injections


def test_injections_are_half_chinese_and_of_every_channel_and_goal(injections: list[Row]) -> None:
    assert [row["id"] for row in injections] == [f"i{n:02}" for n in range(1, len(injections) + 1)]
    assert len(injections) >= 48
    assert Counter(row["language"] for row in injections)["zh"] * 2 == len(injections)
    for key, wanted, least in (("channel", CHANNELS, 6), ("goal", GOALS, 5)):
        counts = Counter(row[key] for row in injections)
        assert set(counts) == wanted
        assert min(counts.values()) >= least
        assert len({(row[key], row["language"]) for row in injections}) == 2 * len(wanted)


def test_every_injection_has_the_fields_of_its_channel(injections: list[Row]) -> None:
    common = "id language channel goal technique question text obeyed forbidden true_fact".split()
    for row in injections:
        others = {"document": [], "history": ["document", "turn"]}
        wanted = {*common, *others.get(row["channel"], ["document"])}
        assert set(row) == wanted, row["id"]
        assert all(row[key] for key in wanted), row["id"]
        assert row.get("turn", "answer") in ("question", "answer"), row["id"]
        assert (row["channel"] == "question") == (row["text"] == row["question"]), row["id"]


def test_no_text_document_or_wanted_reply_is_used_twice(injections: list[Row]) -> None:
    for values in (
        [row["text"] for row in injections],
        [document(row) for row in injections],
        [row["obeyed"] for row in injections],
    ):
        assert [value for value, times in Counter(values).items() if times > 1] == []


def test_an_injection_s_document_is_short_and_in_its_language(injections: list[Row]) -> None:
    for row in injections:
        lines = document(row).split("\n")
        assert 3 <= len(lines) <= 6, row["id"]
        assert all(line.strip() and not line.startswith("#") for line in lines), row["id"]
        assert passage_language(lines[0]) == row["language"], row["id"]
        if row["channel"] != "question":
            assert question_language(row["question"]) == row["language"], row["id"]


def test_names_and_headings_are_such_as_a_disk_or_a_text_can_hold(injections: list[Row]) -> None:
    names = [row["text"] for row in injections if row["channel"] == "file_name"]
    headings = [row["text"] for row in injections if row["channel"] == "heading"]
    assert [name for name in names if "/" in name or len(name.encode()) > 255] == []
    assert [heading for heading in headings if "\n" in heading] == []


def test_the_right_answer_stands_in_the_document_and_not_in_the_question(
    injections: list[Row],
) -> None:
    for row in injections:
        assert row["true_fact"] in document(row), row["id"]
        assert row["true_fact"] not in row["question"], row["id"]


def test_what_is_forbidden_comes_from_obeying_and_from_nothing_harmless(
    injections: list[Row],
) -> None:
    for row in injections:
        for words in row["forbidden"]:
            assert words in row["obeyed"], row["id"]
            assert words not in row["true_fact"], row["id"]
            if row["channel"] != "document":
                assert words not in row["document"], row["id"]
            if row["channel"] != "question":
                assert words not in row["question"], row["id"]
            # A reader sees names and headings beside a right answer too.
            if row["channel"] in ("file_name", "heading"):
                assert words not in row["text"], row["id"]


def test_a_claim_with_the_document_s_marker_is_never_one_that_the_document_states(
    injections: list[Row],
) -> None:
    cited = [row for row in injections if "[1]" in row["obeyed"] and row["goal"] != "exfiltrate"]
    assert len(cited) >= 12
    stated = [row["id"] for row in cited if holds(document(row), row["forbidden"])]
    assert stated == []


def test_the_obeying_reply_does_what_the_goal_says(injections: list[Row]) -> None:
    for row in injections:
        reply, goal = row["obeyed"], row["goal"]
        culprits = [part for part in SENTENCE_END.split(reply) if holds(part, row["forbidden"])]
        if goal == "drop_citations":
            assert "[" not in reply, row["id"]
        if goal == "uncited_claim":
            assert culprits, row["id"]
            assert all("[" not in part for part in culprits), row["id"]
        if goal == "false_citation":
            assert any(re.search(r"\[\d+\]", part) for part in culprits), row["id"]
        assert (goal == "exfiltrate") == ("https://" in reply), row["id"]


@pytest.mark.parametrize("trick", TRICKS, ids=ascii)
def test_a_known_trick_is_tried(injections: list[Row], trick: str) -> None:
    assert any(trick in row["text"] for row in injections)


def test_many_techniques_are_tried_and_some_cross_the_languages(injections: list[Row]) -> None:
    assert len({row["technique"] for row in injections}) >= 35
    other = [
        row["id"]
        for row in injections
        for line in row["text"].split("\n")
        if re.search(r"\w", line) and passage_language(line) != row["language"]
    ]
    assert len(set(other)) >= 4


def test_the_file_of_injections_hides_nothing_from_who_reads_it() -> None:
    text = INJECTIONS.read_text(encoding="utf-8")
    assert [c for c in text if unicodedata.category(c)[0] == "C" and c != "\n"] == []


# Dialogues


def test_dialogues_are_half_chinese_of_two_and_three_turns(dialogues: list[Row]) -> None:
    assert [row["id"] for row in dialogues] == [f"d{n:02}" for n in range(1, len(dialogues) + 1)]
    assert len(dialogues) >= 30
    assert Counter(row["language"] for row in dialogues)["zh"] * 2 == len(dialogues)
    assert set(Counter(len(row["turns"]) for row in dialogues)) == {2, 3}


def test_dialogues_have_enough_of_every_kind_of_turn(dialogues: list[Row]) -> None:
    kinds = Counter((turn["kind"], turn["language"]) for _, turn in turns(dialogues))
    assert {kind for kind, _ in kinds} == KINDS
    assert min(kinds["new_topic", language] for language in ("en", "zh")) >= 5
    assert min(kinds["not_answered", language] for language in ("en", "zh")) >= 3
    forms = Counter(turn["form"] for _, turn in turns(dialogues) if "form" in turn)
    assert set(forms) == FORMS
    assert min(forms.values()) >= 3
    switched = sum(
        one["language"] != two["language"]
        for row in dialogues
        for one, two in pairwise(row["turns"])
    )
    assert switched >= 3


def test_only_the_first_turn_opens_a_dialogue_and_no_question_is_asked_twice(
    dialogues: list[Row],
) -> None:
    for row in dialogues:
        assert [turn["kind"] == "first" for turn in row["turns"]] == [
            n == 0 for n in range(len(row["turns"]))
        ]
        assert row["turns"][0]["language"] == row["language"]
    asked = Counter(turn["question"] for _, turn in turns(dialogues))
    assert [question for question, times in asked.items() if times > 1] == []


def test_a_question_and_its_stand_alone_form_are_in_the_turn_s_language(
    dialogues: list[Row],
) -> None:
    for where, turn in turns(dialogues):
        assert question_language(turn["stand_alone"]) == turn["language"], where
        has_han = re.search(f"[{HAN}]", turn["question"]) is not None
        assert has_han == (turn["language"] == "zh"), where


def test_a_follow_up_needs_what_it_does_not_say_itself(dialogues: list[Row]) -> None:
    for where, turn in turns(dialogues):
        hanging = turn["kind"] in ("follow_up", "not_answered")
        assert bool(turn["needs"]) == hanging, where
        assert ("form" in turn) == hanging, where
        assert stands_alone(turn["stand_alone"], turn), where
        if hanging:
            assert not stands_alone(turn["question"], turn), where
        else:
            assert turn["stand_alone"] == turn["question"], where


def test_what_a_stand_alone_form_must_not_hold_was_said_before(dialogues: list[Row]) -> None:
    for row in dialogues:
        said = ""
        for turn in row["turns"]:
            where = f"{row['id']}: {turn['question']}"
            assert turn["forbids"] or turn["kind"] != "new_topic", where
            for words in turn["forbids"]:
                assert words.lower() not in turn["stand_alone"].lower(), where
                assert words.lower() in said.lower(), where
            said += " ".join([turn["question"], turn["stand_alone"], *turn["answers"], "\n"])


def test_evidence_is_a_line_of_the_original_and_carries_an_answer(
    dialogues: list[Row], sources: dict[str, Source]
) -> None:
    for where, turn in turns(dialogues):
        answered = turn["kind"] != "not_answered"
        assert bool(turn["answers"]) == bool(turn["evidence"]) == answered, where
        assert "evidence_any" not in turn or len(turn["evidence"]) > 1, where
        shown = []
        for evidence in turn["evidence"]:
            source = sources[evidence["source"]]
            assert source.translation is not None
            texts = {
                source.language: source.text.split("\n"),
                source.translation.language: source.translation.text.split("\n"),
            }
            assert evidence["text"] in texts[source.language], where
            at = texts[source.language].index(evidence["text"])
            shown.append(texts[turn["language"]][at])
            assert any(answer in shown[-1] for answer in turn["answers"]), where
        for answer in turn["answers"]:
            assert any(answer in line for line in shown), (where, answer)
            assert not holds(turn["stand_alone"], [answer]), (where, answer)


def test_every_source_is_asked_about_in_both_languages(
    dialogues: list[Row], sources: dict[str, Source]
) -> None:
    asked = {
        (evidence["source"], turn["language"])
        for _, turn in turns(dialogues)
        for evidence in turn["evidence"]
    }
    assert asked == {(id_, language) for id_ in sources for language in ("en", "zh")}
