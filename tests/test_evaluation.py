"""The shipped question sets, and benchmarks on real data."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from assistant import Assistant
from assistant.evaluation import read_set, read_sets
from assistant.evaluation.score import evidence_problems

from .conftest import ROOT

SETS = sorted((ROOT / "corpus" / "questions").glob("*.jsonl"))
KINDS = (
    "lookup sloppy overview compare across catalogue talk follow-up operation unanswerable"
).split()
EVERYDAY = [path for path in SETS if path.stem in ("everyday-dev", "everyday-test")]
OTHERS = [path for path in SETS if not path.stem.startswith("everyday")]


@pytest.mark.parametrize("path", OTHERS, ids=lambda p: p.stem)
def test_a_shipped_set_is_half_chinese_and_partly_unanswerable(path: Path) -> None:
    questions = read_set(path)
    assert sum(q.language == "zh" for q in questions) == len(questions) / 2
    bad = [q for q in questions if not q.answerable]
    assert 0.2 <= len(bad) / len(questions) <= 0.55
    assert sum(q.near_miss for q in bad) >= 8
    asked = {(*q.history, q.question) for q in questions}
    assert len({q.id for q in questions}) == len(asked) == len(questions)


@pytest.mark.parametrize("path", EVERYDAY, ids=lambda p: p.stem)
def test_everyday_questions_are_of_all_kinds_and_say_when_a_reply_is_right(
    assistant: Assistant, path: Path
) -> None:
    questions = read_set(path)
    assert sum(q.language == "zh" for q in questions) == len(questions) / 2
    assert {q.kind for q in questions} == set(KINDS)
    assert all(q.has_conditions or q.kind == "talk" for q in questions if q.answerable)
    assert all(q.history for q in questions if q.kind in ("follow-up", "operation"))
    assert evidence_problems(questions, assistant.index.sources) == []


@pytest.mark.parametrize("path", OTHERS, ids=lambda p: p.stem)
def test_gold_evidence_stands_in_its_source(assistant: Assistant, path: Path) -> None:
    questions = read_set(path)
    assert evidence_problems(questions, assistant.index.sources) == []
    assert all(bool(question.evidence) == question.answerable for question in questions)


def test_no_two_sets_share_a_question() -> None:
    for first, second in combinations(SETS, 2):
        # Everybody says hello.
        own = ([q for q in read_set(path) if q.kind != "talk"] for path in (first, second))
        asked = ({(*q.history, q.question) for q in questions} for questions in own)
        # Only the number: nobody is to read a set that reports while mending another.
        shared = len(set.intersection(*asked))
        assert shared == 0, (first.name, second.name)


def test_a_pair_is_one_question_in_both_languages() -> None:
    pairs: dict[str, list[str]] = {}
    for question in read_sets(SETS).questions:
        if question.pair:
            pairs.setdefault(f"{question.set} {question.pair}", []).append(question.language)
    assert all(sorted(languages) == ["en", "zh"] for languages in pairs.values())
