"""The scores as functions: against hand-computed values, official scripts and invariants."""

from __future__ import annotations

import math
import re
import string
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.metrics import (
    Place,
    answer_tokens,
    citation_precision,
    citation_recall,
    contains,
    exact_match,
    f1,
    retrieval_scores,
)
from assistant.types import LANGUAGES, Language

WORDS = st.text(alphabet=string.ascii_letters + string.digits + " .,'-!the", max_size=60)
PLACES = st.builds(
    lambda source, start, length: Place(source, start, start + length),
    st.sampled_from("ab"),
    st.integers(0, 40),
    st.integers(1, 12),
)
GOLD, HITS = st.lists(PLACES, min_size=1, max_size=5), st.lists(PLACES, max_size=9)


@pytest.mark.parametrize(
    ("text", "answers", "found"),
    [
        ("It was VANKE. [1]", ["Vanke"], True),
        ("It was Rui'an. [1]", ["Vanke"], False),
        ("Rui’an Property", ["Rui'an"], True),
        ("万科公司", ["萬科"], True),
        ("共４０亿 元", ["40亿元"], True),
        ("anything", [], False),
    ],
)
def test_form_makes_no_difference_to_what_an_answer_contains(
    text: str, answers: list[str], found: bool
) -> None:
    assert contains(text, answers=answers) is found


def test_of_answers_all_none_may_be_missing() -> None:
    assert not contains("only one", answers_all=["one", "two"])
    assert contains("one and two", answers_all=["one", "two"])
    assert not contains("one", answers=["one"], answers_all=["one", "two"])


@pytest.mark.parametrize(
    ("text", "gold", "score"),
    [
        ("The 40 billion yuan.", "40 billion yuan", 1.0),
        ("about 40 billion yuan", "40 billion yuan", 6 / 7),
        ("forty", "40", 0.0),
        ("the the", "a cat", 0.0),
        ("...", "the", 1.0),
        ("40 40", "40", 2 / 3),
    ],
)
def test_english_f1_counts_words_without_articles_and_punctuation(
    text: str, gold: str, score: float
) -> None:
    assert f1(text, [gold], "en") == pytest.approx(score)


@pytest.mark.parametrize(
    ("text", "gold", "score"),
    [
        ("万科。", "萬科", 1.0),
        ("万科公司", "万科", 2 / 3),
        ("共873份", "873份", 4 / 5),
        ("87份", "873份", 1 / 2),
        ("Provenience公司", "provenience", 1 / 2),
        ("，。", "万", 0.0),
    ],
)
def test_chinese_f1_counts_characters_and_whole_figures(text: str, gold: str, score: float) -> None:
    assert f1(text, [gold], "zh") == pytest.approx(score)


def test_the_best_gold_answer_counts() -> None:
    assert f1("40 billion yuan", ["nothing", "40 billion yuan", "billion"], "en") == 1.0
    assert exact_match("Vanke!", ["Rui'an", "the Vanke"], "en") == 1.0
    assert exact_match("Vanke Group", ["Vanke"], "en") == 0.0
    assert f1("anything", [], "en") == exact_match("anything", [], "en") == 0.0


def official(text: str) -> list[str]:
    """`normalize_answer` of SQuAD's evaluation script, its tokens."""
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def official_f1(text: str, gold: str) -> float:
    """`compute_f1` of SQuAD 2.0's evaluation script."""
    ours, theirs = official(text), official(gold)
    common = sum((Counter(ours) & Counter(theirs)).values())
    if not ours or not theirs:
        return float(ours == theirs)
    if not common:
        return 0.0
    precision, recall = common / len(ours), common / len(theirs)
    return 2 * precision * recall / (precision + recall)


@given(WORDS, WORDS)
def test_english_scores_are_those_of_squads_official_script(text: str, gold: str) -> None:
    assert answer_tokens(text, "en") == official(text)
    assert f1(text, [gold], "en") == pytest.approx(official_f1(text, gold))
    assert exact_match(text, [gold], "en") == float(official(text) == official(gold))


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(LANGUAGES))
def test_f1_is_symmetric_bounded_and_whole_for_the_same_text(
    a: str, b: str, language: Language
) -> None:
    score = f1(a, [b], language)
    assert 0.0 <= score <= 1.0
    assert score == f1(b, [a], language)
    assert f1(a, [a], language) == exact_match(a, [a], language) == 1.0
    assert score >= exact_match(a, [b], language)


def hits(*starts: int) -> list[Place]:
    return [Place("s", start, start + 10) for start in starts]


def test_one_gold_place_found_at_the_second_hit() -> None:
    scores = retrieval_scores([Place("s", 25, 28)], hits(0, 20, 40))
    assert scores == pytest.approx(
        {"recall@1": 0, "recall@3": 1, "recall@6": 1, "mrr": 0.5, "ndcg@6": 1 / math.log2(3)}
    )


def test_a_passage_with_all_the_evidence_is_all_that_is_needed() -> None:
    gold = [Place("s", 21, 23), Place("s", 25, 28)]
    scores = retrieval_scores(gold, hits(20, 0))
    assert scores == dict.fromkeys(scores, 1.0)


def test_evidence_in_two_passages_is_found_by_halves() -> None:
    scores = retrieval_scores([Place("s", 1, 3), Place("s", 25, 28)], hits(0, 40, 60, 20))
    ideal = 1 + 1 / math.log2(3)
    assert scores == pytest.approx(
        {
            "recall@1": 0.5,
            "recall@3": 0.5,
            "recall@6": 1,
            "mrr": 1,
            "ndcg@6": (1 + 1 / math.log2(5)) / ideal,
        }
    )


def test_any_evidence_is_enough_where_the_set_says_so() -> None:
    gold = [Place("s", 1, 3), Place("elsewhere", 0, 9)]
    assert retrieval_scores(gold, hits(0), any_is_enough=True)["recall@1"] == 1.0
    assert retrieval_scores(gold, hits(0))["recall@1"] == 0.5


def test_hits_of_another_source_or_beside_the_evidence_find_nothing() -> None:
    scores = retrieval_scores([Place("other", 0, 5), Place("s", 10, 20)], hits(0, 20))
    assert scores == dict.fromkeys(scores, 0.0)
    assert retrieval_scores([Place("s", 0, 5)], []) == dict.fromkeys(scores, 0.0)


def test_without_gold_nothing_is_defined() -> None:
    with pytest.raises(ValueError, match="undefined"):
        retrieval_scores([], hits(0))
    with pytest.raises(ValueError, match="undefined"):
        citation_recall([], hits(0))
    with pytest.raises(ValueError, match="undefined"):
        citation_precision(hits(0), [])


@given(GOLD, HITS, st.booleans())
def test_recall_is_the_share_of_gold_places_that_the_first_hits_overlap(
    gold: list[Place], found: list[Place], any_is_enough: bool
) -> None:
    scores = retrieval_scores(gold, found, any_is_enough=any_is_enough)
    for k in (1, 3, 6):
        shown = [any(place.overlaps(hit) for hit in found[:k]) for place in gold]
        expected = float(any(shown)) if any_is_enough else sum(shown) / len(gold)
        assert scores[f"recall@{k}"] == pytest.approx(expected)
    ranks = [i for i, hit in enumerate(found, 1) if any(p.overlaps(hit) for p in gold)]
    assert scores["mrr"] == pytest.approx(1 / ranks[0] if ranks else 0.0)
    assert 0.0 <= scores["ndcg@6"] <= 1.0 + 1e-9


@given(GOLD, HITS)
def test_hits_further_down_never_lower_recall(gold: list[Place], found: list[Place]) -> None:
    scores = retrieval_scores(gold, found)
    assert scores["recall@1"] <= scores["recall@3"] <= scores["recall@6"]


@given(GOLD, st.lists(PLACES, min_size=1, max_size=5), st.booleans())
def test_citing_the_evidence_itself_scores_full(
    gold: list[Place], others: list[Place], any_is_enough: bool
) -> None:
    assert citation_precision(gold, gold) == 1.0
    assert citation_recall(gold, gold, any_is_enough=any_is_enough) == 1.0
    assert citation_recall(gold, [*others, *gold]) == 1.0
    assert citation_recall(gold, others, any_is_enough=True) >= citation_recall(gold, others)


def test_precision_and_recall_of_citations_by_hand() -> None:
    gold = [Place("s", 0, 10), Place("s", 50, 60)]
    quotes = [Place("s", 5, 8), Place("s", 10, 20), Place("t", 0, 10)]
    assert citation_precision(gold, quotes) == pytest.approx(1 / 3)
    assert citation_recall(gold, quotes) == 0.5
    assert citation_recall(gold, quotes, any_is_enough=True) == 1.0
