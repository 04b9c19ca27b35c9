"""The OpenAI-compatible API: a real server, asked by the clients that people have."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import Assistant, Settings, Turn
from assistant.chat_opening import open_chat_model
from web.for_programs import message_text, references, without_references
from web.hosting import AssistantHost
from web.openai_api import openai_router
from web.openai_requests import MAX_BODY_BYTES, MODELS, Asked, RequestError, read_request
from web.room import Room

from .asgi_server import serving
from .chat_server import ChatServer, Step, drips, says, waits
from .chat_server import fails as refuses

openai = pytest.importorskip("openai", reason="openai is absent: `make test` installs it")

VANKE = "Who did Vanke sign an agreement with?"
SURVEY = "长三角调研收回多少份有效问卷？"
UNANSWERABLE = "Who won the 2014 World Cup?"
TRUE = "Vanke signed an agreement with Provenience"


def client_of(address: str) -> Any:
    return openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0, timeout=60)


def host_of(assistant: Assistant) -> AssistantHost:
    return AssistantHost(assistant.settings, assistant)


def user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with serving(openai_router(host_of(assistant))) as found:
        yield found


@pytest.fixture
def client(address: str) -> Iterator[Any]:
    with client_of(address) as opened:
        yield opened


@contextmanager
def written_by(assistant: Assistant, *steps: Step, room: Room | None = None) -> Iterator[Any]:
    """A server whose answers a chat model writes, and the chat model's service."""
    with ChatServer(*steps) as service:
        settings = replace(
            assistant.settings,
            chat_model="openai:m",
            chat_base_url=service.address,
            chat_retries=0,
        )
        chat = open_chat_model(settings)
        parts = assistant._embeddings, assistant._reader
        made = Assistant(settings, assistant.index, *parts, chat)
        assert chat is not None
        try:
            with serving(openai_router(host_of(made), room=room)) as found:
                yield found, service
        finally:
            chat.close()


# ---- an answer


def test_a_message_has_the_answer_its_markers_and_the_exact_quotes(
    client: Any, assistant: Assistant
) -> None:
    reply = client.chat.completions.create(model=MODELS[0], messages=user(VANKE))
    message = reply.choices[0].message
    assert (message.role, reply.choices[0].finish_reason) == ("assistant", "stop")
    assert "Provenience [1]" in message.content
    assert message.status == "answered"
    (citation,) = message.citations
    source = assistant.index.sources[citation["source_id"]]
    for quote in citation["quotes"]:
        assert source.text[quote["start"] : quote["end"]] == quote["text"]
        assert f"\n> {quote['text']}\n" in message.content
    assert (citation["number"], citation["support"]) == (1, "supported")
    assert (citation["title"], citation["url"]) == (source.title_en, source.url)
    assert "Provenience" in citation["translations"][0]
    assert (reply.usage.prompt_tokens, reply.usage.total_tokens) == (0, 0)


def test_the_references_are_in_the_answer_s_language_and_say_what_a_digest_is(client: Any) -> None:
    reply = client.chat.completions.create(model=MODELS[0], messages=user(SURVEY))
    _, _, listed = reply.choices[0].message.content.partition("\n\n**来源**\n\n[1] ")
    assert listed.startswith("长三角")
    assert "并非官方原文" in listed
    assert "> 长三角众创空间调研一共收回636份有效问卷。" in listed


def test_a_refusal_says_so_and_lists_no_references(client: Any) -> None:
    message = (
        client.chat.completions.create(model=MODELS[0], messages=user(UNANSWERABLE))
        .choices[0]
        .message
    )
    assert (message.status, message.citations) == ("refused", [])
    assert "World Cup" in message.content
    assert "**Sources**" not in message.content


def test_a_stream_gives_the_same_words_in_pieces_then_citations_and_usage(client: Any) -> None:
    whole = client.chat.completions.create(model=MODELS[0], messages=user(VANKE))
    chunks = list(
        client.chat.completions.create(
            model=MODELS[0],
            messages=user(VANKE),
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    *deltas, last, usage = chunks
    pieces = [chunk.choices[0].delta.content for chunk in deltas]
    assert len([piece for piece in pieces if piece]) > 3
    assert "".join(pieces) == whole.choices[0].message.content
    assert {chunk.choices[0].finish_reason for chunk in deltas} == {None}
    assert last.choices[0].finish_reason == "stop"
    assert last.choices[0].delta.citations == whole.choices[0].message.citations
    assert last.choices[0].delta.status == "answered"
    assert (usage.choices, usage.usage.total_tokens) == ([], 0)
    assert len({chunk.id for chunk in chunks}) == 1


def test_usage_comes_only_where_it_was_asked_for(address: str) -> None:
    body = {"messages": user(VANKE), "stream": True}
    with httpx.stream("POST", f"{address}/v1/chat/completions", json=body) as response:
        lines = [line for line in response.iter_lines() if line]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert lines[-1] == "data: [DONE]"
    assert not any("usage" in json.loads(line[6:]) for line in lines[:-1])


def test_the_client_s_own_stream_helper_puts_the_message_together(client: Any) -> None:
    with client.chat.completions.stream(model=MODELS[0], messages=user(VANKE)) as stream:
        completion = stream.get_final_completion()
    assert "Provenience" in completion.choices[0].message.content
    assert completion.choices[0].message.citations[0]["number"] == 1


def test_langchain_s_client_asks_whole_and_in_pieces(address: str) -> None:
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    key = SecretStr("none")
    model = ChatOpenAI(model=MODELS[0], base_url=f"{address}/v1", api_key=key, max_retries=0)
    whole = model.invoke([("system", "Be a pirate."), ("human", VANKE)])
    pieces = list(model.stream(VANKE))
    assert "Provenience [1]" in whole.text
    assert "".join(piece.text for piece in pieces) == whole.text
    assert len(pieces) > 3


def test_system_messages_change_nothing(client: Any) -> None:
    rules = [
        {"role": "system", "content": "Answer every question with the word banana."},
        {"role": "developer", "content": "Never cite."},
    ]
    plain, ruled = (
        client.chat.completions.create(model=MODELS[0], messages=messages).choices[0].message
        for messages in (user(VANKE), rules + user(VANKE))
    )
    assert plain.content == ruled.content


def test_earlier_messages_make_a_follow_up_stand_alone(client: Any, assistant: Assistant) -> None:
    first = client.chat.completions.create(model=MODELS[0], messages=user(VANKE))
    content = first.choices[0].message.content
    said = [*user(VANKE), {"role": "assistant", "content": content}, *user("And when?")]
    second = client.chat.completions.create(model=MODELS[0], messages=said)
    alone = client.chat.completions.create(model=MODELS[0], messages=user("And when?"))
    expected = assistant.ask("And when?", history=[Turn(VANKE)])
    assert second.choices[0].message.content == message_text(expected)
    assert "December 2015" in second.choices[0].message.content
    assert "December 2015" not in alone.choices[0].message.content


def test_text_parts_are_one_question(client: Any) -> None:
    parts = [{"type": "text", "text": "Who did Vanke sign"}, {"type": "text", "text": "with?"}]
    reply = client.chat.completions.create(
        model=MODELS[0], messages=[{"role": "user", "content": parts}]
    )
    assert "Provenience" in reply.choices[0].message.content


def test_the_models_can_be_listed_and_looked_up(client: Any) -> None:
    assert [model.id for model in client.models.list()] == list(MODELS)
    assert client.models.retrieve(MODELS[1]).owned_by == "report-assistant"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-5")
    assert caught.value.code == "model_not_found"


def test_what_is_not_on_offer_is_refused_with_what_is(client: Any, address: str) -> None:
    with pytest.raises(openai.NotFoundError, match="no POST /v1/embeddings here") as caught:
        client.embeddings.create(model=MODELS[0], input="A")
    assert caught.value.code == "unknown_url"
    response = httpx.get(f"{address}/v1/chat/completions")
    assert "Use POST /v1/chat/completions" in response.json()["error"]["message"]


def test_references_come_off_again_in_both_languages(assistant: Assistant) -> None:
    for question in (VANKE, SURVEY):
        answer = assistant.ask(question)
        assert references(answer)
        assert without_references(message_text(answer)) == answer.text


# ---- a history


def test_a_history_is_paired_and_keeps_no_references(assistant: Assistant) -> None:
    answer = assistant.ask(VANKE)
    messages = [
        {"role": "assistant", "content": "Hello."},
        *user("One?"),
        *user(VANKE),
        {"role": "assistant", "content": message_text(answer)},
        {"role": "assistant", "content": None},
        *user("And when?"),
    ]
    asked = read_request({"messages": messages})
    assert asked.history == (Turn("One?"), Turn(VANKE, answer.text))
    assert asked.question == "And when?"


def test_half_characters_do_not_travel_on() -> None:
    asked = read_request({"messages": [*user("A \ud83d?"), *user("B?")]})
    assert asked.history == (Turn("A ??"),)


# ---- what cannot be taken


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


@pytest.mark.parametrize(
    ("body", "status", "code", "param", "words"),
    [
        ({"messages": []}, 400, None, "messages", "no question"),
        ({"model": "gpt-5", "messages": user("?")}, 404, "model_not_found", "model", "'gpt-5'"),
        ({"model": 7, "messages": user("?")}, 400, None, "model", "must be text, not a number"),
        ({"messages": "Who?"}, 400, None, "messages", "must be a list, not text"),
        ({"messages": ["Who?"]}, 400, None, "messages[0]", "must be an object"),
        ({"messages": [{"role": "bishop"}]}, 400, None, "messages[0].role", "'bishop'"),
        ({"messages": [{"role": "user", "content": 1}]}, 400, None, "messages[0].content", "text"),
        (
            {"messages": [{"role": "user", "content": [IMAGE]}]},
            400,
            None,
            "messages[0].content[0]",
            "type 'image_url'. Questions are text",
        ),
        ({"messages": user("Who?"), "stream": "yes"}, 400, None, "stream", "true or false"),
        ({"messages": user("Who?"), "n": 2}, 400, None, "n", "one answer"),
        (
            {"messages": user("Who?"), "stream_options": {"include_usage": 1}},
            400,
            None,
            "stream_options.include_usage",
            "true or false",
        ),
        ({"messages": user("x" * 2001)}, 400, "invalid_question", "messages", "2,001"),
        ({"messages": user(" ")}, 400, "invalid_question", "messages", "empty"),
        (
            {"messages": user("x" * 2001), "stream": True},
            400,
            "invalid_question",
            "messages",
            "2,001",
        ),
        ([], 400, None, None, "no JSON object"),
    ],
)
def test_a_wrong_request_is_refused_in_openai_s_shape(
    address: str, body: Any, status: int, code: str | None, param: str | None, words: str
) -> None:
    response = httpx.post(f"{address}/v1/chat/completions", json=body)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (status, code, param)
    assert error["type"] == "invalid_request_error"
    assert words in error["message"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[" * 100_000, b'{"messages": ' + b"9" * 5000 + b"}"],
    ids=["nothing", "half", "no text", "deep", "a long number"],
)
def test_what_is_no_json_is_refused(address: str, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = httpx.post(f"{address}/v1/chat/completions", content=content, headers=headers)
    assert response.status_code == 400
    assert "not valid JSON" in response.json()["error"]["message"]


def test_a_form_of_a_foreign_page_is_refused(address: str) -> None:
    content = json.dumps({"messages": user(VANKE)})
    headers = {"Content-Type": "text/plain"}
    response = httpx.post(f"{address}/v1/chat/completions", content=content, headers=headers)
    assert response.status_code == 400
    assert "Content-Type: application/json" in response.json()["error"]["message"]


def test_a_huge_request_is_refused(address: str) -> None:
    body = {"messages": user("x" * MAX_BODY_BYTES)}
    response = httpx.post(f"{address}/v1/chat/completions", json=body)
    assert response.status_code == 413
    assert "bytes" in response.json()["error"]["message"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["user", "assistant", "system", "tool"]) | JSON,
        "content": st.text() | st.lists(st.fixed_dictionaries({"type": st.just("text")})) | JSON,
    },
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "model": st.sampled_from(MODELS) | JSON,
            "messages": st.lists(MESSAGE, max_size=4) | JSON,
            "stream": st.booleans() | JSON,
            "stream_options": JSON,
        },
    )
    | JSON
)
def test_any_json_is_a_request_or_refused_in_one_sentence(body: Any) -> None:
    try:
        outcome: Asked | RequestError = read_request(body)
    except RequestError as error:
        outcome = error
    if isinstance(outcome, RequestError):
        assert outcome.status in (400, 404)
        assert "\n" not in str(outcome).strip()


# ---- what goes wrong here


def fails(*_: Any, **__: Any) -> Any:
    raise RuntimeError("secret details")


@pytest.mark.parametrize("stream", [False, True])
def test_an_unexpected_error_is_logged_and_told_kindly(
    address: str,
    stream: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(Assistant, "_response", fails)
    with (
        client_of(address) as client,
        caplog.at_level(logging.ERROR, "web"),
        pytest.raises(openai.APIError) as caught,
    ):
        list(client.chat.completions.create(model=MODELS[0], messages=user("A?"), stream=stream))
    assert "error in the program" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert not stream or not isinstance(caught.value, openai.InternalServerError)
    assert "secret details" in caplog.text


def test_an_assistant_that_cannot_be_opened_is_told_as_unavailable(tmp_path: Path) -> None:
    host = AssistantHost(Settings(home=tmp_path, corpus=tmp_path / "none"))
    host.start()
    with (
        serving(openai_router(host)) as address,
        client_of(address) as client,
        pytest.raises(openai.InternalServerError) as caught,
    ):
        client.chat.completions.create(model=MODELS[0], messages=user(VANKE))
    assert (caught.value.status_code, caught.value.code) == (503, "unavailable")
    assert str(tmp_path / "none") in str(caught.value)


def test_questions_wait_until_the_assistant_is_open_and_hold_up_nobody(
    built_settings: Settings,
) -> None:
    host = AssistantHost(built_settings)
    with (
        serving(openai_router(host)) as address,
        client_of(address) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        asked = pool.submit(client.chat.completions.create, model=MODELS[0], messages=user(VANKE))
        time.sleep(0.3)
        assert httpx.get(f"{address}/v1/models", timeout=2).status_code == 200
        assert not asked.done()
        host.start()
        assert "Provenience" in asked.result(timeout=60).choices[0].message.content
    host.close()


# ---- a chat model


def test_only_the_checked_answer_is_content_and_the_draft_comes_before_it(
    assistant: Assistant,
) -> None:
    pieces = f"{TRUE} [1].", " Who else", " did it?", " It cost ninety billion dollars [1]."
    with (
        written_by(assistant, says(*pieces, usage=(31, 7))) as (address, _),
        client_of(address) as client,
    ):
        asked = {"model": MODELS[0], "messages": user(VANKE)}
        whole = client.chat.completions.create(**asked).choices[0].message.content
        options = {"include_usage": True}
        chunks = list(client.chat.completions.create(**asked, stream=True, stream_options=options))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    drafted = [delta.reasoning_content for delta in deltas if hasattr(delta, "reasoning_content")]
    content = "".join(delta.content or "" for delta in deltas)
    assert "".join(drafted) == "".join(pieces)
    assert len(drafted) > 1
    assert content == whole
    assert "Who else" not in content
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (31, 7)


def test_a_written_answer_is_counted_and_cites(assistant: Assistant) -> None:
    with (
        written_by(assistant, says(f"{TRUE} [1].", usage=(31, 7))) as (address, _),
        client_of(address) as client,
    ):
        reply = client.chat.completions.create(model=MODELS[0], messages=user(VANKE))
    assert reply.choices[0].message.content.startswith(f"{TRUE}. [1]\n\n**Sources**")
    assert reply.usage.total_tokens == 38


def test_the_model_of_quotes_never_asks_a_chat_model(assistant: Assistant) -> None:
    with written_by(assistant, says("Banana.")) as (address, service), client_of(address) as client:
        reply = client.chat.completions.create(model=MODELS[1], messages=user(VANKE))
    assert reply.model == MODELS[1]
    assert "Provenience [1]" in reply.choices[0].message.content
    assert service.asked == []


def test_a_chat_model_that_fails_is_told_in_the_message(assistant: Assistant) -> None:
    with written_by(assistant, refuses(401)) as (address, _), client_of(address) as client:
        reply = client.chat.completions.create(model=MODELS[0], messages=user(VANKE))
    content = reply.choices[0].message.content
    assert content.index("Provenience [1]") < content.index("key") < content.index("**Sources**")


@pytest.mark.parametrize("step", [waits(), waits("Vanke "), drips("Vanke ")])
@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_hangs_up_stops_the_chat_model(
    assistant: Assistant, step: Step, stream: bool
) -> None:
    body = {"messages": user(VANKE), "stream": stream}
    with written_by(assistant, step) as (address, service):
        with httpx.Client(timeout=30) as client:
            url = f"{address}/v1/chat/completions"
            if stream:
                with client.stream("POST", url, json=body) as response:
                    assert response.status_code == 200
                    service.waits_until_asked()
                    time.sleep(0.2)
                    assert not service.hung_up
            else:
                with pytest.raises(httpx.ReadTimeout):
                    client.post(url, json=body, timeout=1.0)
        assert len(service.asked) == 1
        assert service.sees_hang_up(2)


def test_who_finds_no_room_is_told_to_come_back(assistant: Assistant) -> None:
    room = Room(seats=1, waiting=0)
    with written_by(assistant, drips("Vanke "), room=room) as (address, service):
        url, body = f"{address}/v1/chat/completions", {"messages": user(VANKE), "stream": True}
        with httpx.stream("POST", url, json=body), client_of(address) as client:
            service.waits_until_asked()
            with pytest.raises(openai.RateLimitError) as caught:
                client.chat.completions.create(model=MODELS[0], messages=user(VANKE))
        assert service.sees_hang_up(2)
    assert caught.value.code == "rate_limit_exceeded"
    assert "ask again" in str(caught.value)
