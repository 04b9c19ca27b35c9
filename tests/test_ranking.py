"""Ranking: what is found, in which order, in either language."""

from __future__ import annotations

import pytest

from assistant import Assistant
from assistant.retrieval.ranking import make_query, rank


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("Which incubators has Vanke worked with abroad?", "bop-report"),
        ("问卷对培训的评分", "yangtze-delta-survey-2015"),
        ("registration of makerspaces in April 2020", "makerspace-guide-2015"),
        ("赤字率", "work-report-2015"),
        ("subsidies for rent and broadband", "makerspace-opinions-2015"),
    ],
)
def test_the_right_source_comes_first_in_either_language(
    assistant: Assistant, question: str, source: str
) -> None:
    assert assistant.retrieve(question)[0].passage.source_id == source


def test_hits_are_ranked_from_1_by_falling_score(assistant: Assistant) -> None:
    hits = assistant.retrieve("angel investors", count=10)
    assert [hit.rank for hit in hits] == list(range(1, 11))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


def test_a_passage_counts_as_a_match_only_where_it_shares_a_word(assistant: Assistant) -> None:
    hits = assistant.retrieve("Provenience", count=30)
    lexical = {"provenience" in hit.passage.text.lower(): set[float]() for hit in hits}
    for hit in hits:
        lexical["provenience" in hit.passage.text.lower()].add(hit.signals.lexical)
    assert lexical[False] == {0.0}
    assert max(lexical[True]) > 1


def test_a_passage_that_must_be_there_takes_the_last_place(assistant: Assistant) -> None:
    index = assistant.index
    (front,) = index.front_passages(["work-report-2015"])
    vector = assistant._embeddings.embed_query("Vanke")
    query = make_query(index, "Vanke", "en", vector)
    hits = rank(index, query, count=4, must=[front])
    assert len(hits) == 4
    assert hits[-1].passage.id == front


def test_first_passages_come_in_the_index_s_order_whatever_order_is_asked(
    assistant: Assistant,
) -> None:
    # The sources a question names are a set, and sets are ordered anew in every process.
    ids = [source.id for source in assistant.sources]
    fronts = assistant.index.front_passages(ids)
    assert fronts == assistant.index.front_passages(ids[::-1])
    assert [id_.split(".")[0] for id_ in fronts] == ids
