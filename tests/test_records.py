"""Conversations that a browser kept: nothing but what was written comes back."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant import Assistant, Turn
from web.records import KEPT, NAME_CHARACTERS, Conversation, Exchange

from .web_records import citation, exchange

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ASKED = (
    "Who did Vanke sign an agreement with?",
    "长三角调研收回多少份有效问卷？",
    "Which footballers play for Arsenal?",
)


@pytest.fixture(scope="module")
def talked(assistant: Assistant) -> Conversation:
    conversation = Conversation.new()
    for question in ASKED:
        answer = assistant.ask(question, history=conversation.turns())
        conversation = conversation.with_exchange(Exchange.of(answer))
    return conversation


def through_json(conversation: Conversation) -> Any:
    return json.loads(json.dumps(conversation.to_dict(), ensure_ascii=False))


def test_a_real_conversation_comes_back_equal(talked: Conversation) -> None:
    assert Conversation.from_dict(through_json(talked)) == talked
    assert [e.status for e in talked.exchanges] == ["answered", "answered", "refused"]


def test_a_real_answer_comes_back_equal(talked: Conversation) -> None:
    for kept in talked.exchanges:
        assert Exchange.from_dict(json.loads(json.dumps(kept.to_dict()))) == kept


def test_a_record_holds_what_the_answer_held(assistant: Assistant) -> None:
    answer = assistant.ask(ASKED[0])
    kept = Exchange.of(answer)
    (cited,) = kept.citations
    source = assistant.index.sources["bop-report"]
    assert (kept.text, kept.status, kept.composer) == (answer.text, "answered", "quotes")
    assert cited.title_zh == source.title_zh
    assert [source.text[q.start : q.end] for q in cited.quotes] == [q.text for q in cited.quotes]
    assert cited.translations == answer.citations[0].translations
    assert kept.lead is not None
    assert answer.lead is not None
    assert kept.lead.text == answer.lead.text


def test_a_follow_up_is_understood_from_kept_turns_as_from_answers(assistant: Assistant) -> None:
    first = assistant.ask("Where is Innospace based?")
    second = assistant.ask("And who supports it?", history=[first])
    kept = Conversation.new().with_exchange(Exchange.of(first)).with_exchange(Exchange.of(second))
    turns = Conversation.from_dict(through_json(kept)).turns()
    assert turns[1].stand_alone == second.stand_alone != second.question
    asked = "And which partners has it worked with?"
    direct = assistant.ask(asked, history=[first, second])
    assert assistant.ask(asked, history=turns).stand_alone == direct.stand_alone


def test_a_turn_without_stand_alone_form_stands_alone() -> None:
    assert Turn("Who?", "Vanke.").stand_alone == "Who?"


@given(JSON)
@example({"version": 1})
@example({"version": True})
@example([])
def test_any_json_is_read_or_rejected_with_a_sentence(value: Any) -> None:
    for read in (Conversation.from_dict, Exchange.from_dict):
        with pytest.raises(ValueError, match=r"\w+ .*\.$") as caught:
            read(value)
        assert type(caught.value) is ValueError


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, ...]] = []
    if isinstance(value, dict):
        inner = [path for key in value for path in _paths(value[key], (*at, key))]
    elif isinstance(value, list):
        inner = [path for i in range(len(value)) for path in _paths(value[i], (*at, i))]
    return [at, *inner] if at else inner


TEMPLATE = through_json(
    Conversation.new().with_exchange(
        exchange("Who?", "Vanke signed.", citation(1), citation(2, "b"), lead="Vanke")
    )
)


@given(st.sampled_from(_paths(TEMPLATE)), JSON | st.just("x" * 60_000), st.booleans())
def test_a_record_with_one_value_exchanged_is_read_or_rejected_with_a_sentence(
    path: tuple[Any, ...], value: Any, gone: bool
) -> None:
    data = json.loads(json.dumps(TEMPLATE))
    place = data
    for key in path[:-1]:
        place = place[key]
    if gone:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    said = _rejected(data)
    assert said.endswith(".") if said else Conversation.from_dict(data).to_dict()
    assert len(said) < 400


def _rejected(data: Any) -> str:
    """Why a record is not read, "" when it is and can be written again."""
    try:
        read = Conversation.from_dict(data)
    except ValueError as error:
        return str(error) if type(error) is ValueError else repr(error)
    json.dumps(read.to_dict(), ensure_ascii=False).encode()
    return ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 2}, "version 2, but this program reads version 1"),
        ({"id": "../x"}, "letters, digits or hyphens"),
        ({"created": "yesterday"}, "must be a time"),
        ({"name": "n" * 61}, "name: .* at most 60 characters"),
        ({"exchanges": "none"}, "exchanges: .* valid (tuple|array)"),
        ({"exchanges": [{}]}, "exchanges, 0, question: Field required"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Conversation.from_dict({**TEMPLATE, **change})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "javascript:alert(1)"}, "must begin with https"),
        ({"kind": "official"}, "'original', 'digest' or"),
        ({"text": "Other words entirely!!"}, "does not stand in its passage"),
        ({"end": 12}, "do not fit"),
        ({"number": -1}, "greater than or equal to 0"),
        ({"number": True}, "valid integer"),
        ({"heading": "\ud800"}, "JSON"),
    ],
)
def test_citations_that_were_tampered_with_are_rejected(change: dict[str, Any], said: str) -> None:
    data = json.loads(json.dumps(TEMPLATE))
    data["exchanges"][0]["citations"][0].update(change)
    with pytest.raises(ValueError, match=said):
        Conversation.from_dict(data)


@pytest.mark.parametrize("text", ["", "[" * 100_000, "{", "nul", '{"version": 1e999}'])
def test_text_that_is_no_conversation_is_rejected_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as caught:
        Conversation.from_json(text)
    assert type(caught.value) is ValueError


def test_other_keys_are_ignored() -> None:
    assert Conversation.from_dict({**TEMPLATE, "later": 1}) == Conversation.from_dict(TEMPLATE)


def test_only_the_latest_exchanges_are_kept() -> None:
    conversation = Conversation.new()
    for i in range(KEPT + 3):
        conversation = conversation.with_exchange(exchange(f"Question {i}?"))
    assert len(conversation.exchanges) == KEPT
    assert conversation.exchanges[-1].question == f"Question {KEPT + 2}?"
    assert Conversation.from_dict(through_json(conversation)) == conversation


def test_a_conversation_is_named_after_its_first_question() -> None:
    conversation = Conversation.new().with_exchange(exchange("Why \n so? " + "y" * 90))
    assert conversation.name.startswith("Why so? y")
    assert len(conversation.name) == NAME_CHARACTERS
    assert conversation.with_exchange(exchange("Else?")).name == conversation.name


def test_a_first_question_that_is_edited_names_the_conversation_anew() -> None:
    conversation = Conversation.new().with_exchange(exchange("One?"))
    assert conversation.until(0).with_exchange(exchange("Two?")).name == "Two?"
    named = replace(conversation, name="Mine")
    assert named.until(0).with_exchange(exchange("Two?")).name == "Mine"


def test_until_leaves_what_came_before() -> None:
    both = Conversation.new().with_exchange(exchange("A?")).with_exchange(exchange("B?"))
    assert [e.question for e in both.until(1).exchanges] == ["A?"]
    assert both.until(None) == both.until(7) == both


def test_a_question_that_failed_is_kept_but_is_no_turn() -> None:
    failed = Exchange.failed("万科？", "Too long.")
    conversation = Conversation.new().with_exchange(failed).with_exchange(exchange("B?"))
    assert (failed.language, failed.error) == ("zh", "Too long.")
    assert [turn.question for turn in conversation.turns()] == ["B?"]


@pytest.mark.parametrize("question", ["x" * 90_000, "half \ud83d of one"])
def test_a_failed_question_that_is_no_good_can_still_be_read_again(question: str) -> None:
    conversation = Conversation.new().with_exchange(Exchange.failed(question, "Too long."))
    assert Conversation.from_dict(through_json(conversation)) == conversation


def test_addresses_that_are_no_web_pages_are_not_kept(assistant: Assistant) -> None:
    answer = assistant.ask(ASKED[0])
    (cited,) = answer.citations
    local = replace(cited, source=replace(cited.source, url="file:///etc/passwd"))
    kept = Exchange.of(replace(answer, citations=(local,)))
    assert kept.citations[0].url == ""


def test_records_hold_no_whole_texts(talked: Conversation) -> None:
    assert max(len(json.dumps(asdict(e), ensure_ascii=False)) for e in talked.exchanges) < 8_000
