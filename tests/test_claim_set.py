"""The claims that test the checker of written answers: blind, half true, each tied to a passage."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

import pytest

from assistant.types import Source
from ingest.sources import read_corpus

from .conftest import ROOT

CORRUPTIONS = {"number", "name", "negation", "swap", "citation"}


@dataclass(frozen=True, slots=True)
class Claim:
    """One line of the set; a line with other keys than these does not load."""

    id: str
    claim: str
    language: str
    source: str
    passage_text: str
    supported: bool
    corruption: str
    crossed: bool
    of: str
    why: str


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    return {source.id: source for source in read_corpus(ROOT / "corpus").sources}


@pytest.fixture(scope="module")
def claims() -> list[Claim]:
    path = ROOT / "assistant" / "evaluation" / "data" / "claims.jsonl"
    return [Claim(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def by_id(claims: list[Claim]) -> dict[str, Claim]:
    return {claim.id: claim for claim in claims}


def paragraphs(source: Source) -> list[str]:
    blocks = source.text.strip().split("\n\n")
    return [block for block in blocks if not block.startswith("#")]


def cited(claim: Claim, sources: dict[str, Source]) -> str:
    (block,) = (b for b in paragraphs(sources[claim.source]) if claim.passage_text in b)
    return block


def test_there_are_240_claims_or_more_half_of_them_supported(claims: list[Claim]) -> None:
    assert len(claims) >= 240
    assert 2 * sum(claim.supported for claim in claims) == len(claims)
    assert len({claim.id for claim in claims}) == len(claims)
    assert all(claim.claim.strip() and claim.why.strip() for claim in claims)


def test_each_corruption_stands_at_least_20_times(claims: list[Claim]) -> None:
    kinds = Counter(claim.corruption for claim in claims if not claim.supported)
    assert set(kinds) == CORRUPTIONS
    assert min(kinds.values()) >= 20


def test_each_pair_of_languages_stands_at_least_50_times(
    claims: list[Claim], sources: dict[str, Source]
) -> None:
    pairs = Counter((claim.language, sources[claim.source].language) for claim in claims)
    assert set(pairs) == {("en", "en"), ("en", "zh"), ("zh", "en"), ("zh", "zh")}
    assert min(pairs.values()) >= 50
    for claim in claims:
        assert claim.crossed == (claim.language != sources[claim.source].language), claim.id


def test_a_corrupted_claim_is_made_from_a_supported_one_by_one_change(
    claims: list[Claim], by_id: dict[str, Claim], sources: dict[str, Source]
) -> None:
    for claim in claims:
        if claim.supported:
            assert (claim.corruption, claim.of) == ("", ""), claim.id
            continue
        origin = by_id[claim.of]
        assert origin.supported, claim.id
        assert origin.language == claim.language, claim.id
        same_passage = (origin.source, cited(origin, sources)) == (
            claim.source,
            cited(claim, sources),
        )
        wrong_citation = claim.corruption == "citation"
        assert same_passage != wrong_citation, claim.id
        assert (origin.claim == claim.claim) == wrong_citation, claim.id


def test_the_passage_text_is_whole_lines_that_stand_once_in_the_original(
    claims: list[Claim], sources: dict[str, Source]
) -> None:
    for claim in claims:
        text = f"\n{sources[claim.source].text}\n"
        assert text.count(claim.passage_text) == 1, claim.id
        assert f"\n{claim.passage_text}\n" in text, claim.id
        assert claim.passage_text in cited(claim, sources), claim.id


def test_every_paragraph_is_cited_by_a_supported_claim(
    claims: list[Claim], sources: dict[str, Source]
) -> None:
    used = {(claim.source, cited(claim, sources)) for claim in claims if claim.supported}
    assert used == {(id_, block) for id_, source in sources.items() for block in paragraphs(source)}


def test_no_claim_is_a_sentence_of_a_text(claims: list[Claim], sources: dict[str, Source]) -> None:
    written = {
        line.strip()
        for source in sources.values()
        for text in (source.text, source.translation.text if source.translation else "")
        for line in text.split("\n")
    }
    assert not written & {claim.claim for claim in claims}
    supported = [claim.claim for claim in claims if claim.supported]
    assert len(set(supported)) == len(supported)
