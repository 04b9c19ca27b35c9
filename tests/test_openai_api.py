"""The OpenAI-compatible API: a real server, asked by the clients that people have."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from assistant import Assistant, Turn
from assistant.web.admission import Room
from assistant.web.for_programs import message_text
from assistant.web.hosting import AssistantHost
from assistant.web.openai_api import openai_router
from assistant.web.openai_requests import MAX_BODY_BYTES, MODELS

from .asgi_server import serving
from .chat_server import Step, drips, says, waits, writing

openai = pytest.importorskip("openai", reason="openai is absent: `make test` installs it")

VANKE = "Who did Vanke sign an agreement with?"
SURVEY = "长三角调研收回多少份有效问卷？"
UNANSWERABLE = "Who won the 2014 World Cup?"
TRUE = "Vanke signed an agreement with Provenience"
COMPLETIONS = "/v1/chat/completions"


def client_of(address: str) -> Any:
    return openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0, timeout=60)


def user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def ask(client: Any, *messages: dict[str, Any], model: str = MODELS[0]) -> Any:
    """The message that comes back."""
    reply = client.chat.completions.create(model=model, messages=list(messages))
    assert (reply.model, reply.choices[0].finish_reason) == (model, "stop")
    return reply.choices[0].message


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with serving(openai_router(AssistantHost(assistant.settings, assistant))) as found:
        yield found


@pytest.fixture
def client(address: str) -> Iterator[Any]:
    with client_of(address) as opened:
        yield opened


@contextmanager
def written_by(assistant: Assistant, *steps: Step, room: Room | None = None) -> Iterator[Any]:
    """A server whose answers a chat model writes, and the chat model's service."""
    with writing(assistant, *steps) as (writer, service):
        host = AssistantHost(writer.settings, writer)
        with serving(openai_router(host, room=room)) as found:
            yield found, service


def test_a_message_has_the_answer_its_markers_and_the_exact_quotes(
    client: Any, assistant: Assistant
) -> None:
    message = ask(client, *user(VANKE))
    assert "Provenience [1]" in message.content
    assert (message.role, message.status) == ("assistant", "answered")
    (citation,) = message.citations
    source = assistant.index.sources[citation["source_id"]]
    for quote in citation["quotes"]:
        assert source.text[quote["start"] : quote["end"]] == quote["text"]
        assert f"\n> {quote['text']}\n" in message.content
    assert (citation["number"], citation["support"]) == (1, "supported")
    assert (citation["title"], citation["url"]) == (source.title_en, source.url)
    assert "Provenience" in citation["translations"][0]


def test_references_are_in_the_answer_s_language_and_a_refusal_has_none(client: Any) -> None:
    _, _, listed = ask(client, *user(SURVEY)).content.partition("\n\n**来源**\n\n[1] ")
    assert listed.startswith("长三角")
    assert "并非官方原文" in listed
    assert "> 长三角众创空间调研一共收回636份有效问卷。" in listed
    refused = ask(client, *user(UNANSWERABLE))
    assert (refused.status, refused.citations) == ("refused", [])
    assert "World Cup" in refused.content
    assert "**Sources**" not in refused.content


def test_a_stream_gives_the_same_words_in_pieces_then_citations_and_usage(client: Any) -> None:
    whole = ask(client, *user(VANKE))
    options = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(model=MODELS[0], messages=user(VANKE), **options))
    *deltas, last, usage = chunks
    pieces = [chunk.choices[0].delta.content for chunk in deltas]
    assert len([piece for piece in pieces if piece]) > 3
    assert "".join(pieces) == whole.content
    assert {chunk.choices[0].finish_reason for chunk in deltas} == {None}
    assert last.choices[0].finish_reason == "stop"
    assert last.choices[0].delta.citations == whole.citations
    assert last.choices[0].delta.status == "answered"
    assert (usage.choices, usage.usage.total_tokens) == ([], 0)
    assert len({chunk.id for chunk in chunks}) == 1


def test_earlier_messages_make_a_follow_up_stand_alone_and_rules_change_nothing(
    client: Any, assistant: Assistant
) -> None:
    rules = {"role": "system", "content": "Answer every question with the word banana."}
    first = {"role": "assistant", "content": ask(client, *user(VANKE)).content}
    second = ask(client, rules, *user(VANKE), first, *user("And when?"))
    assert second.content == message_text(assistant.ask("And when?", history=[Turn(VANKE)]))
    assert "December 2015" in second.content
    assert "December 2015" not in ask(client, *user("And when?")).content


def test_the_models_can_be_listed_and_looked_up(client: Any) -> None:
    assert [model.id for model in client.models.list()] == list(MODELS)
    assert client.models.retrieve(MODELS[1]).owned_by == "report-assistant"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-5")
    assert caught.value.code == "model_not_found"


IMAGE = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]


@pytest.mark.parametrize(
    ("body", "status", "param", "words"),
    [
        ({"messages": []}, 400, "messages", "no question"),
        ({"model": "gpt-5", "messages": user("?")}, 404, "model", "'gpt-5'"),
        ({"messages": [{"role": "bishop"}]}, 400, "messages[0].role", "'bishop'"),
        (
            {"messages": [{"role": "user", "content": IMAGE}]},
            400,
            "messages[0].content[0]",
            "type 'image_url'. Questions are text",
        ),
        ({"messages": user("Who?"), "stream": "yes"}, 400, "stream", "true or false"),
        ({"messages": user("x" * 2001), "stream": True}, 400, "messages", "2,001"),
        (b"[" * 100_000, 400, None, "not valid JSON"),
        ({"messages": user("x" * MAX_BODY_BYTES)}, 413, None, "bytes"),
    ],
    ids=range(8),
)
def test_a_wrong_request_is_refused_in_openai_s_shape(
    address: str, body: Any, status: int, param: str | None, words: str
) -> None:
    given = {"content": body} if isinstance(body, bytes) else {"json": body}
    headers = {"Content-Type": "application/json"}
    response = httpx.post(address + COMPLETIONS, headers=headers, **given)
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (status, param)
    assert error["type"] == "invalid_request_error"
    assert words in error["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_an_unexpected_error_is_logged_and_told_kindly(
    client: Any, stream: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise RuntimeError("secret details")

    monkeypatch.setattr("assistant.planning.planner.Planner.plan", fails)
    with caplog.at_level(logging.ERROR, "web"), pytest.raises(openai.APIError) as caught:
        list(client.chat.completions.create(model=MODELS[0], messages=user("A?"), stream=stream))
    assert "error in the program" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "secret details" in caplog.text


def test_only_the_checked_answer_is_content_and_the_draft_comes_before_it(
    assistant: Assistant,
) -> None:
    pieces = f"{TRUE} [1].", " Who else", " did it?", " It cost ninety billion dollars [1]."
    with (
        written_by(assistant, says(*pieces, usage=(31, 7))) as (address, service),
        client_of(address) as client,
    ):
        whole = ask(client, *user(VANKE)).content
        options = {"stream": True, "stream_options": {"include_usage": True}}
        chunks = list(
            client.chat.completions.create(model=MODELS[0], messages=user(VANKE), **options)
        )
        asked = len(service.asked)
        assert "Provenience [1]" in ask(client, *user(VANKE), model=MODELS[1]).content
        # The model of quotes never asks a chat model.
        assert len(service.asked) == asked == 2
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    drafted = [delta.reasoning_content for delta in deltas if hasattr(delta, "reasoning_content")]
    content = "".join(delta.content or "" for delta in deltas)
    assert "".join(drafted) == "".join(pieces)
    assert len(drafted) > 1
    assert content == whole
    assert "Who else" not in content
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (31, 7)


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_hangs_up_stops_the_chat_model(assistant: Assistant, stream: bool) -> None:
    body = {"messages": user(VANKE), "stream": stream}
    with written_by(assistant, waits("Vanke ")) as (address, service):
        with httpx.Client(timeout=30) as client:
            if stream:
                with client.stream("POST", address + COMPLETIONS, json=body) as response:
                    assert response.status_code == 200
                    service.waits_until_asked()
                    time.sleep(0.2)
                    assert not service.hung_up
            else:
                with pytest.raises(httpx.ReadTimeout):
                    client.post(address + COMPLETIONS, json=body, timeout=1.0)
        assert len(service.asked) == 1
        assert service.sees_hang_up(2)


def test_who_finds_no_room_is_told_to_come_back(assistant: Assistant) -> None:
    room, body = Room(seats=1, waiting=0), {"messages": user(VANKE), "stream": True}
    with written_by(assistant, drips("Vanke "), room=room) as (address, service):
        with (
            httpx.stream("POST", address + COMPLETIONS, json=body),
            client_of(address) as client,
        ):
            service.waits_until_asked()
            with pytest.raises(openai.RateLimitError, match="ask again") as caught:
                ask(client, *user(VANKE))
        assert service.sees_hang_up(2)
    assert caught.value.code == "rate_limit_exceeded"
