"""The scores of a question: against hand-computed values, SQuAD's script and invariants."""

from __future__ import annotations

import json
import math
import re
import string
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import Assistant
from assistant.evaluation import GoldEvidence, Result, SetQuestion, evaluate
from assistant.evaluation.score import (
    Place,
    answer_tokens,
    citation_precision,
    citation_recall,
    contains,
    evidence_problems,
    exact_match,
    f1,
    language_compliance,
    locate,
    retrieval_scores,
    score,
)
from assistant.types import Lead

from .fabricated_run import Row, row

VANKE = SetQuestion("v", "Who did Vanke sign with?", "en", "who", answers=("Provenience",))
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
    ],
)
def test_form_makes_no_difference_to_what_an_answer_contains(
    text: str, answers: list[str], found: bool
) -> None:
    assert contains(text, answers=answers) is found
    assert contains(text, answers_all=[*answers, "no"]) is False


@pytest.mark.parametrize(
    ("text", "gold", "language", "value"),
    [
        ("The 40 billion yuan.", "40 billion yuan", "en", 1.0),
        ("about 40 billion yuan", "40 billion yuan", "en", 6 / 7),
        ("the the", "a cat", "en", 0.0),
        ("...", "the", "en", 1.0),
        ("40 40", "40", "en", 2 / 3),
        ("万科公司", "萬科", "zh", 2 / 3),
        ("87份", "873份", "zh", 1 / 2),
        ("Provenience公司", "provenience", "zh", 1 / 2),
    ],
)
def test_f1_counts_english_words_and_chinese_characters(
    text: str, gold: str, language: str, value: float
) -> None:
    assert f1(text, ["nothing else", gold], "zh" if language == "zh" else "en") == pytest.approx(
        value
    )


def official(text: str) -> list[str]:
    """`normalize_answer` of SQuAD's evaluation script, its tokens."""
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


@given(WORDS, WORDS)
def test_english_scores_are_those_of_squads_official_script(text: str, gold: str) -> None:
    ours, theirs = official(text), official(gold)
    assert answer_tokens(text, "en") == ours
    common = sum((Counter(ours) & Counter(theirs)).values())
    expected = 2 * common / (len(ours) + len(theirs)) if ours and theirs else float(ours == theirs)
    assert f1(text, [gold], "en") == pytest.approx(expected)
    assert exact_match(text, [gold], "en") == float(ours == theirs)


def hits(*starts: int) -> list[Place]:
    return [Place("s", start, start + 10) for start in starts]


def test_evidence_in_two_passages_is_found_by_halves() -> None:
    scores = retrieval_scores([Place("s", 1, 3), Place("s", 25, 28)], hits(0, 40, 60, 20))
    ideal = 1 + 1 / math.log2(3)
    ndcg = (1 + 1 / math.log2(5)) / ideal
    assert scores == pytest.approx(
        {"recall@1": 0.5, "recall@3": 0.5, "recall@6": 1, "mrr": 1, "ndcg@6": ndcg}
    )
    one = retrieval_scores([Place("s", 21, 23), Place("s", 25, 28)], hits(20, 0))
    assert one == dict.fromkeys(one, 1.0)
    none = retrieval_scores([Place("other", 0, 5), Place("s", 10, 20)], hits(0, 20))
    assert none == dict.fromkeys(none, 0.0) == retrieval_scores(hits(0), [])


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


def test_precision_and_recall_of_citations_by_hand() -> None:
    gold = [Place("s", 0, 10), Place("s", 50, 60)]
    quotes = [Place("s", 5, 8), Place("s", 10, 20), Place("t", 0, 10)]
    assert citation_precision(gold, quotes) == pytest.approx(1 / 3)
    assert citation_recall(gold, quotes) == 0.5
    assert citation_recall(gold, quotes, any_is_enough=True) == 1.0


# ---- an answer's result ----


def test_gold_evidence_is_found_in_its_source_or_reported(assistant: Assistant) -> None:
    id_, source = next(iter(assistant.index.sources.items()))
    words = source.text.split("\n")[0]
    good = [GoldEvidence(id_, words, 0), GoldEvidence(id_, words), GoldEvidence("", words)]
    assert all(source.text[r["start"] : r["end"]] == words for r in locate(good, {id_: source}))
    bad = (GoldEvidence(id_, "never said"), GoldEvidence("no", words), GoldEvidence(id_, words, 41))
    question = replace(VANKE, evidence=(*good, *bad, GoldEvidence("", "never said")))
    problems = evidence_problems([question], assistant.index.sources)
    (unknown,) = evidence_problems([replace(GOOD, cite_all=("no",))], assistant.index.sources)
    assert unknown == ", g: the index has no source 'no'; it cannot be cited"
    for problem, said in zip(problems, ("never said", "no source 'no'", "at 41"), strict=True):
        assert said in problem
    text = replace(source, text="In 2019, 9 parties made art 众创空间 众创")
    found = {
        words: [row["start"] for row in locate([GoldEvidence("", words)], {"s": text})]
        for words in ("9", "art", "众创")
    }
    assert found == {"9": [9], "art": [24], "众创": [28, 33]}


def test_evidence_and_citations_are_scored_by_their_places(assistant: Assistant) -> None:
    quote = assistant.ask(VANKE.question).citations[0].quotes[0]
    gold = replace(VANKE, evidence=(GoldEvidence(quote.source_id, quote.text, quote.start),))
    other = next(id_ for id_ in assistant.index.sources if id_ != quote.source_id)
    words = assistant.index.sources[other].text[:30]
    wrong = replace(VANKE, id="w", evidence=(GoldEvidence(other, words, 0),))
    first, second = (result.scores for result in evaluate(assistant, [gold, wrong]).results)
    assert first["recall@6"] == first["citation_recall"] == first["contains"] == 1.0
    assert (first["citation_precision"] or 0) > 0
    assert second["citation_recall"] == second["citation_precision"] == 0.0


def test_a_short_answer_is_what_exact_match_and_f1_look_at(assistant: Assistant) -> None:
    answer = assistant.ask(VANKE.question)
    lead = Lead("Provenience", answer.citations[0].source.id, 3, 14, 1, True)
    led = score(assistant, VANKE, replace(answer, lead=lead))
    assert led.scores["exact"] == led.scores["f1"] == 1.0
    whole = score(assistant, VANKE, replace(answer, lead=None))
    assert whole.scores["exact"] == 0.0
    assert 0 < (whole.scores["f1"] or 0) < 1
    parts = replace(VANKE, answers=(), answers_all=("Vanke", "Provenience"))
    both = score(assistant, parts, answer).scores
    assert (both["contains"], both["exact"]) == (1.0, None)


def test_language_is_judged_line_by_line(assistant: Assistant) -> None:
    english, chinese = (assistant.ask(q) for q in (VANKE.question, "万科和谁签了协议？"))
    assert language_compliance(english, ["en"]) == language_compliance(chinese, ["zh"]) == 1.0
    assert language_compliance(english, ["zh"]) == 0.0
    assert language_compliance(replace(english, statements=chinese.statements), ["en"]) == 0.0
    noted = replace(english, text=f"Vanke did（{chinese.text}）", statements=())
    assert language_compliance(noted, ["en"]) == 1.0
    mixed = replace(
        english, statements=(), lead=None, text="One line [1].\n万科签了约。[1]\nAnother line."
    )
    assert language_compliance(mixed, ["en"]) == pytest.approx(2 / 3)
    assert language_compliance(mixed, ["en", "zh"]) == 1.0
    assert language_compliance(replace(mixed, text="Only English."), ["en", "zh"]) == 0.0


GOOD = SetQuestion(
    "g",
    "Who did Vanke sign with?",
    "en",
    all_of=(("Provenience", "源创"), ("Vanke",)),
    cite_any=("bop-report", "work-report-2015"),
    cite_all=("bop-report",),
    forbid=("do not say",),
    max_sentences=3,
)


@pytest.mark.parametrize(
    ("changes", "unmet"),
    [
        ({}, ()),
        ({"all_of": (("Provenience",), ("Acme", "Ltd")), "any_k": 1}, ()),
        ({"all_of": (("Provenience",), ("Acme", "Ltd"))}, ("said",)),
        ({"forbid": ("no", "PROVENIENCE")}, ("unsaid",)),
        ({"cite_any": ("work-report-2015",)}, ("cited",)),
        ({"cite_all": ("bop-report", "work-report-2015")}, ("cited",)),
        ({"language_of_reply": "zh"}, ("language",)),
        ({"question": "How tall is Mount Everest?"}, ("answered", "said", "cited", "language")),
    ],
)
def test_a_reply_is_right_when_it_meets_every_condition(
    assistant: Assistant, changes: dict[str, Any], unmet: tuple[str, ...]
) -> None:
    question = replace(GOOD, **changes)
    (result,) = evaluate(assistant, [question]).results
    told = set(result.unmet or ())
    if unmet[:1] == ("answered",):
        assert {"answered", "said", "cited"} <= told
    else:
        assert told == set(unmet)
    assert result.is_right is (not unmet)
    assert Result.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_a_reply_is_as_short_as_its_sentences_are_few(assistant: Assistant) -> None:
    answer = assistant.ask(GOOD.question)
    text = "Vanke did with Provenience [1].\n- (原文很长。真的很长。) Dr. Li\n\n2.\nYes! No?"
    for most, unmet in ((3, ("length",)), (4, ())):
        short = replace(GOOD, cite_all=(), cite_any=(), forbid=(), max_sentences=most)
        assert score(assistant, short, replace(answer, text=text)).unmet == unmet


def test_conditions_do_not_count_for_what_the_sources_do_not_answer(assistant: Assistant) -> None:
    far = SetQuestion("f", "How tall is it?", "en", answerable=False, forbid=("metres",))
    answer = replace(assistant.ask(GOOD.question), status="refused", text="8,849 metres")
    held = score(assistant, far, answer)
    assert (held.unmet, held.is_right) == (None, True)
    assert score(assistant, GOOD, "Too long.").is_right is False


@pytest.mark.parametrize(
    ("made", "right", "failures"),
    [
        (row(), True, ()),
        (row(right=0.0), False, ("wrong", "not-cited")),
        (row(status="partial", right=0.0), False, ("refused",)),
        (row(status="refused", answerable=False), True, ()),
        (row(answerable=False, near_miss=True), False, ("near-miss",)),
        (row(answerable=False), False, ("far",)),
        (row(answer=None, error="Too long.", right=0.0), False, ("error",)),
        (row(scores=row()["scores"] | {"contains": None}), None, ()),
        (
            row(scores=row()["scores"] | {"quotes": 3, "quotes_valid": 2, "language_ok": 0}),
            True,
            ("quote", "language"),
        ),
    ],
)
def test_each_outcome_has_its_verdict_and_its_failures(
    made: Row, right: bool | None, failures: tuple[str, ...]
) -> None:
    result = Result.from_dict(made)
    assert (result.is_right, result.failures) == (right, failures)
    assert Result.from_dict(result.to_dict()) == result
