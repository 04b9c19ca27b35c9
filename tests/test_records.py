"""Conversations that a browser kept: nothing but what was written comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import Assistant
from assistant.web.records import Conversation, Exchange

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
