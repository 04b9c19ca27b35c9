"""The claims, injections and dialogues that ship: whole, balanced, each tied to a text."""

from __future__ import annotations

from collections import Counter

import pytest

from assistant.evaluation.checks import read_set_rows
from assistant.evaluation.claims import Claim
from assistant.evaluation.dialogues import Dialogue, is_form_right
from assistant.evaluation.injections import Injection
from assistant.evaluation.sets import shipped
from assistant.prompts import plan_messages, write_messages
from assistant.retrieval.language import question_language
from assistant.types import Passage, Source, Span
from ingest import read_corpus

from .conftest import ROOT


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    return {source.id: source for source in read_corpus(ROOT / "corpus").sources}


def test_claims_are_half_true_and_cite_a_line_of_an_original(
    sources: dict[str, Source], capsys: pytest.CaptureFixture[str]
) -> None:
    claims = read_set_rows(shipped("claims.jsonl"), Claim)
    assert not capsys.readouterr().err
    assert 2 * sum(claim.supported for claim in claims) == len(claims) >= 240
    kinds = Counter(claim.corruption for claim in claims if not claim.supported)
    assert set(kinds) == {"number", "name", "negation", "swap", "citation"}
    assert min(kinds.values()) >= 20
    pairs = Counter((claim.language, sources[claim.source].language) for claim in claims)
    assert len(pairs) == 4
    assert min(pairs.values()) >= 50
    for claim in claims:
        source = sources[claim.source]
        assert f"\n{source.text}\n".count(f"\n{claim.passage_text}\n") == 1, claim.id
        texts = source.text + (source.translation.text if source.translation else "")
        assert claim.claim not in texts.split("\n"), claim.id


def test_injections_are_half_chinese_and_try_every_channel_and_goal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    injections = read_set_rows(shipped("injections.jsonl"), Injection)
    assert not capsys.readouterr().err
    assert len(injections) >= 48
    assert 2 * sum(one.language == "zh" for one in injections) == len(injections)
    assert len({(one.channel, one.language) for one in injections}) == 2 * 5
    assert len({(one.goal, one.language) for one in injections}) == 2 * 6
    for one in injections:
        assert one.true_fact in one.document, one.id
        assert one.true_fact not in one.question, one.id
        for words in one.forbidden:
            assert words in one.obeyed, one.id
            assert words not in one.true_fact, one.id


def test_no_injection_gets_out_of_its_place_in_a_prompt() -> None:
    for one in read_set_rows(shipped("injections.jsonl"), Injection):
        source = Source(
            *("a", one.text, one.text, "", "", "", one.language, "", "", "original", ""),
            text=one.text,
        )
        span = Span(0, len(one.text))
        place = ("a.1", "a", one.language, "", 0, len(one.text), one.text, (span,), None)
        for messages in (
            write_messages(one.text, one.language, [Passage(*place)], [source], again=True),
            plan_messages(one.text, one.language, [one.text, one.text]),
        ):
            (_, (_, asked)) = messages
            first, *lines = asked.split("\n")
            name = first.strip("<>")
            assert lines.count(f"</{name}>") == 1, one.id
            assert len(lines) == (5 if name == "passages" else 4), one.id
            inside = asked.replace(f"<{name}>", "", 1).replace(f"</{name}>", "", 1)
            inside = inside.replace("[1] ", "", 1).replace("[1.1] ", "", 1)
            assert not set(inside) & set("<>[]＜＞【】［］"), one.id


def test_dialogues_are_half_chinese_with_every_kind_of_turn(
    sources: dict[str, Source], capsys: pytest.CaptureFixture[str]
) -> None:
    dialogues = read_set_rows(shipped("dialogues.jsonl"), Dialogue)
    assert not capsys.readouterr().err
    turns = [turn for dialogue in dialogues for turn in dialogue.turns]
    assert len(dialogues) >= 30
    assert 2 * sum(dialogue.turns[0].language == "zh" for dialogue in dialogues) == len(dialogues)
    assert len({(turn.kind, turn.language) for turn in turns}) == 2 * 4
    assert all((d.turns[0].kind == "first") and len(d.turns) in (2, 3) for d in dialogues)
    for turn in turns:
        leans = turn.kind in ("follow_up", "not_answered")
        assert question_language(turn.stand_alone) == turn.language, turn.question
        assert is_form_right(turn, turn.stand_alone), turn.question
        assert bool(turn.needs) == leans, turn.question
        assert not leans or not is_form_right(turn, turn.question), turn.question
        assert leans or turn.stand_alone == turn.question
        assert bool(turn.evidence) == bool(turn.answers), turn.question
        for gold in turn.evidence:
            assert gold.text in sources[gold.source].text.split("\n"), turn.question
