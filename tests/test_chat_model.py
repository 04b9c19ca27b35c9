"""Replies of chat models, good and bad, against a real server that misbehaves as it is told."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email.utils import formatdate
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from langchain_core import exceptions as langchain_errors
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict

from assistant.errors import ChatModelError, SettingsError
from assistant.settings import Settings
from assistant.types import Message, Usage
from assistant.writing.chat_model import ChatModel
from assistant.writing.chat_opening import open_chat_model
from assistant.writing.chat_reply import Reply

from .chat_server import (
    ChatServer,
    Step,
    answers_at_once,
    breaks_off,
    drips,
    fails,
    repeats,
    says,
    sends,
    waits,
)

needs_openai = pytest.mark.skipif(
    find_spec("langchain_openai") is None, reason="langchain-openai is absent: the extra `openai`"
)
ASKED: list[Message] = [("system", "Be brief."), ("user", "Who signed the contract?")]
EMPTY_EVENT = 'data: {"id": "1", "choices": [{"index": 0, "delta": {"content": ""}}]}\n\n'
PING = ": ping\n\n"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No keys or addresses of this machine, and short waits between attempts."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("assistant.writing.chat_reply.FIRST_WAIT_S", 0.02)


def settings_for(server: ChatServer, **changes: Any) -> Settings:
    wanted = {"chat_model": "openai:m", "chat_base_url": server.address, "chat_timeout_s": 20.0}
    return Settings(**{**wanted, **changes})


def opened(server: ChatServer, **changes: Any) -> ChatModel:
    chat = open_chat_model(settings_for(server, **changes))
    assert chat is not None
    return chat


def reply_to(*steps: Step, **changes: Any) -> tuple[Reply, ChatServer]:
    """A whole reply, read through a server with these steps."""
    with ChatServer(*steps) as server, closing(opened(server, **changes)) as chat:
        return chat.ask(ASKED), server


def failure_of(*steps: Step, **changes: Any) -> tuple[ChatModelError, Reply, ChatServer, float]:
    """The error that a reply ends with, and the seconds until it came."""
    with ChatServer(*steps) as server, closing(opened(server, **changes)) as chat:
        began = time.monotonic()
        reply = chat.stream(ASKED)
        with pytest.raises(ChatModelError) as caught:
            list(reply)
        took = time.monotonic() - began
        assert list(reply) == []
    assert "\n" not in str(caught.value)
    return caught.value, reply, server, took


def in_the_stream(error: str) -> Step:
    """An error that comes after the head said that all is well."""
    return sends(f'data: {{"error": {error}}}\n\n', "text/event-stream")


# ---- a good reply


@needs_openai
def test_a_reply_comes_in_pieces_and_is_counted_by_the_service() -> None:
    with (
        ChatServer(says("Vanke ", "signed", " it.", usage=(31, 7))) as server,
        closing(opened(server)) as chat,
        chat.stream(ASKED) as reply,
    ):
        assert list(reply) == ["Vanke ", "signed", " it."]
    assert (reply.text, reply.cut_off) == ("Vanke signed it.", False)
    assert reply.usage == Usage(1, 31, 7)
    (asked,) = server.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Who signed the contract?"},
    ]
    assert (asked.body["temperature"], asked.body["max_tokens"]) == (0, 800)
    assert asked.body["stream_options"] == {"include_usage": True}


@needs_openai
def test_a_local_service_needs_no_key_and_gets_the_one_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, server = reply_to(says("Yes."))
    assert server.asked[0].headers["authorization"] == "Bearer none"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    _, server = reply_to(says("Yes."))
    assert server.asked[0].headers["authorization"] == "Bearer sk-mine"


@needs_openai
def test_a_service_that_cannot_stream_is_asked_for_the_whole() -> None:
    reply, server = reply_to(answers_at_once("All at once."))
    assert reply.text == "All at once."
    assert [asked.body.get("stream", False) for asked in server.asked] == [True, False]
    assert reply.usage.calls == 2


@needs_openai
@pytest.mark.parametrize(
    ("complaint", "absent"),
    [
        ("Unrecognized request argument supplied: stream_options", "stream_options"),
        ("Unsupported value: 'temperature' does not support 0.0 with this model.", "temperature"),
        ("'max_tokens' is not supported, use 'max_completion_tokens' instead.", "max_tokens"),
    ],
)
def test_a_parameter_that_a_service_refuses_is_left_out_from_then_on(
    complaint: str, absent: str
) -> None:
    with (
        ChatServer(fails(400, complaint), says("Yes.")) as server,
        closing(opened(server, chat_retries=0)) as chat,
    ):
        assert chat.ask(ASKED).text == "Yes."
        assert chat.ask(ASKED).text == "Yes."
    assert [absent in asked.body for asked in server.asked] == [True, False, False]
    if absent == "max_tokens":
        assert server.asked[2].body["max_completion_tokens"] == 800


# ---- what goes wrong: the trouble, the requests made, the time taken


@needs_openai
@pytest.mark.parametrize(
    ("step", "trouble", "requests", "says_"),
    [
        (fails(401), "denied", 1, "key in OPENAI_API_KEY"),
        (fails(404), "denied", 1, "no such model"),
        (fails(400, "x", code="context_length_exceeded"), "too_long", 1, "ASSISTANT_PASSAGES"),
        (fails(413), "too_long", 1, "do not fit"),
        (fails(400, "x", code="content_filter"), "refused", 1, "declined"),
        (fails(429, "x", code="insufficient_quota"), "rate_limited", 1, "used up"),
        (fails(429), "rate_limited", 3, "in a minute"),
        (fails(500), "unreachable", 3, "HTTP 500"),
        (sends("<h1>Sorry</h1>", "text/html", status=502), "unreachable", 3, "HTTP 502"),
        (breaks_off(), "unreachable", 3, "cannot be reached"),
        (breaks_off("Half of"), "unreachable", 1, "broke in mid-reply"),
        (sends("data: {not json\n\n", "text/event-stream"), "failed", 1, "no reply of a chat"),
        (sends("<h1>Hello</h1>", "text/html"), "failed", 2, "most end in /v1"),
        (in_the_stream('{"message": "x", "code": 500}'), "unreachable", 3, "HTTP 500"),
        (says(), "empty", 1, "without a word"),
        (says("<think>Hm.</think>"), "empty", 1, "without a word"),
        (says("<think>Hm, well", finish="length"), "cut_off", 1, "ASSISTANT_CHAT_TOKENS"),
        (says("I would", finish="content_filter"), "refused", 1, "declined"),
    ],
)
def test_each_trouble_is_named_and_retried_only_where_that_helps(
    step: Step, trouble: str, requests: int, says_: str
) -> None:
    error, reply, server, took = failure_of(step, chat_retries=2)
    assert error.trouble == trouble
    assert says_ in str(error)
    assert len(server.asked) == reply.usage.calls == requests
    assert took < 3


@needs_openai
def test_a_service_that_recovers_is_not_even_noticed() -> None:
    reply, server = reply_to(fails(503), fails(429), says("Vanke."), chat_retries=2)
    assert reply.text == "Vanke."
    assert len(server.asked) == reply.usage.calls == 3


@needs_openai
def test_the_service_s_own_wish_for_a_pause_is_kept() -> None:
    # A date has whole seconds: two from here are more than one.
    wish = formatdate(time.time() + 2, usegmt=True)
    _, server = reply_to(fails(429, headers={"Retry-After": wish}), says("Vanke."))
    assert server.asked[1].at - server.asked[0].at >= 0.9


@needs_openai
def test_a_pause_beyond_the_time_limit_is_not_waited_for() -> None:
    step = fails(429, headers={"Retry-After": "90"})
    error, _, server, took = failure_of(step, chat_timeout_s=5)
    assert error.trouble == "rate_limited"
    assert "in 90 seconds" in str(error)
    assert len(server.asked) == 1
    assert took < 1


@needs_openai
@pytest.mark.parametrize(
    ("step", "trouble", "given"),
    [
        (waits(), "timeout", ""),
        (repeats(PING), "timeout", ""),
        (drips("drop "), "timeout", "drop drop"),
    ],
    ids=["no event", "pings", "drops"],
)
def test_the_whole_reply_has_a_time_limit(step: Step, trouble: str, given: str) -> None:
    error, reply, server, took = failure_of(step, chat_timeout_s=1, chat_stall_s=60)
    assert error.trouble == trouble
    assert "1 seconds" in str(error)
    assert "ASSISTANT_CHAT_TIMEOUT_S" in str(error)
    assert 0.9 < took < 2.5
    assert len(server.asked) == 1
    assert reply.text.startswith(given)
    assert reply.usage.estimated
    assert reply.usage.tokens_in == 9


@needs_openai
@pytest.mark.parametrize(
    "step",
    [waits("Vanke"), repeats(EMPTY_EVENT, "Vanke")],
    ids=["silence", "empty events"],
)
def test_a_reply_that_goes_silent_is_given_up(step: Step) -> None:
    error, reply, server, took = failure_of(step, chat_stall_s=1)
    assert error.trouble == "stalled"
    assert "ASSISTANT_CHAT_STALL_S" in str(error)
    assert 0.9 < took < 2.5
    assert reply.text == "Vanke"
    assert len(server.asked) == 1


SECRETS = ("sk-secret-123", "hunter2", "Who signed", "Be brief")


@needs_openai
@pytest.mark.parametrize("status", [401, 404, 500, 200])
def test_no_key_no_password_and_no_question_stand_in_a_message(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-123")
    echo = fails(status, f"Bad key sk-secret-123, hunter2, asked: {ASKED}")
    with ChatServer(echo) as server:
        address = server.address.replace("//", "//me:hunter2@")
        chat = opened(server, chat_base_url=address, chat_retries=0)
        with closing(chat), pytest.raises(ChatModelError) as caught:
            chat.ask(ASKED)
    assert not any(secret in str(caught.value) for secret in SECRETS)
    if status in (200, 404):
        assert server.address in str(caught.value)


# ---- stopping


@needs_openai
@pytest.mark.parametrize(
    ("step", "pieces"),
    [(waits(headed=False), 0), (waits("Vanke"), 1)],
    ids=["no head", "in the middle"],
)
def test_closing_a_reply_hangs_up_at_once(step: Step, pieces: int) -> None:
    with ChatServer(step) as server, closing(opened(server)) as chat:
        reply = chat.stream(ASKED)
        server.waits_until_asked()
        for _ in range(pieces):
            next(reply)
        assert not server.hung_up
        reply.close()
        assert server.sees_hang_up(1)
        assert list(reply) == []
        assert reply.cut_off
        assert reply.usage.estimated
        assert reply.usage.tokens_in == 9
        reply.close()


@needs_openai
def test_another_thread_can_stop_whoever_waits_for_a_piece() -> None:
    with ChatServer(waits()) as server, closing(opened(server)) as chat:
        reply = chat.stream(ASKED)
        with ThreadPoolExecutor(1) as pool:
            read = pool.submit(list, reply)
            server.waits_until_asked()
            began = time.monotonic()
            reply.close()
            assert read.result(timeout=5) == []
        assert time.monotonic() - began < 1
        assert server.sees_hang_up(1)


@needs_openai
def test_a_stopped_reply_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.writing.chat_reply.FIRST_WAIT_S", 0.3)
    with ChatServer(fails(500)) as server, closing(opened(server)) as chat:
        reply = chat.stream(ASKED)
        server.waits_until_asked()
        time.sleep(0.1)
        reply.close()
        time.sleep(0.5)
        assert len(server.asked) == 1


@needs_openai
def test_closing_the_model_stops_its_replies_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with ChatServer(waits("Vanke")) as server:
        chat = opened(server)
        reply = chat.stream(ASKED)
        assert next(reply) == "Vanke"
        began = time.monotonic()
        chat.close()
        chat.close()
        assert time.monotonic() - began < 1
        assert server.sees_hang_up(1)
        with pytest.raises(ChatModelError, match="closed"):
            next(reply)
        with pytest.raises(ChatModelError, match="has been closed"):
            chat.stream(ASKED)
    assert set(threading.enumerate()) == before


# ---- any LangChain model


class Made(BaseChatModel):
    """A model with an async stream of these chunks, or that fails."""

    chunks: list[AIMessageChunk] = []  # noqa: RUF012 - a pydantic field, copied for each model
    error: Exception | None = None

    model_config: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True)

    @property
    def _llm_type(self) -> str:
        return "made"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("unused"))])

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self.chunks:
            await asyncio.sleep(0)
            yield ChatGenerationChunk(message=chunk)
        if self.error is not None:
            raise self.error


@pytest.fixture
def chat_of() -> Iterator[Any]:
    """Makes ChatModels of LangChain models, and closes them."""
    made: list[ChatModel] = []

    def make(model: BaseChatModel, **changes: Any) -> ChatModel:
        made.append(ChatModel("made:model", model, Settings(**changes)))
        return made[-1]

    yield make
    for chat in made:
        chat.close()


def said(chat: ChatModel) -> str:
    return chat.ask(ASKED).text


def test_blocks_of_content_are_read_and_thoughts_among_them_are_not(chat_of: Any) -> None:
    blocks: list[str | dict[Any, Any]] = [
        {"type": "thinking", "thinking": "Let me see."},
        {"type": "text", "text": "Vanke"},
        {"type": "text", "text": "."},
    ]
    model = Made(chunks=[AIMessageChunk(content=[block]) for block in blocks])
    assert said(chat_of(model)) == "Vanke."


@pytest.mark.parametrize(
    "metadata",
    [
        {"stop_reason": "max_tokens"},
        {"finish_reason": "MAX_TOKENS"},
        {"done_reason": "length"},
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
    ],
)
def test_each_provider_s_word_for_the_longest_reply_is_known(
    metadata: dict[str, Any], chat_of: Any
) -> None:
    chunks = [AIMessageChunk(content="So"), AIMessageChunk(content="", response_metadata=metadata)]
    assert chat_of(Made(chunks=chunks)).ask(ASKED).cut_off


TEXTS = st.text(alphabet="<>/thinkTHINK a", max_size=30)


@hypothesis_settings(max_examples=60, deadline=None)
@given(before=TEXTS, thought=TEXTS, after=TEXTS, cuts=st.lists(st.integers(0, 110), max_size=12))
def test_thoughts_are_left_out_however_the_text_is_cut(
    before: str, thought: str, after: str, cuts: Sequence[int]
) -> None:
    text = f"A{before}<think>{thought}</think>{after}"
    ends = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[i:j] for i, j in pairwise(ends)]
    chunks = [AIMessageChunk(content=piece) for piece in pieces if piece]
    chat = ChatModel("made:model", Made(chunks=chunks), Settings())
    with closing(chat):
        assert said(chat) == without_thoughts(text)


def without_thoughts(text: str) -> str:
    shown, inside = "", False
    while text:
        tag = "</think>" if inside else "<think>"
        before, found, text = text.partition(tag)
        shown += "" if inside else before
        inside ^= bool(found)
    return shown


def errors_of_langchain() -> list[type[Exception]]:
    found = [kind for _, kind in inspect.getmembers(langchain_errors, inspect.isclass)]
    return [k for k in found if issubclass(k, langchain_errors.ModelError)]


OTHERS = [httpx.ConnectTimeout, httpx.ReadTimeout, ConnectionResetError, TimeoutError, KeyError]


@pytest.mark.parametrize("kind", [*errors_of_langchain(), *OTHERS], ids=lambda kind: kind.__name__)
def test_whatever_a_model_raises_is_one_sentence_without_its_words(
    kind: type[Exception], chat_of: Any
) -> None:
    model = Made(error=kind("sk-secret-123\nWho signed?"))
    with pytest.raises(ChatModelError, match="made:model") as caught:
        said(chat_of(model, chat_retries=1))
    assert not any(secret in str(caught.value) for secret in SECRETS)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value.__cause__, kind)


# ---- opening


@pytest.mark.parametrize(
    ("name", "says_"),
    [
        ("gpt-4o", "Name it as PROVIDER:MODEL, such as openai:"),
        ("openai:", "Name it as PROVIDER:MODEL"),
        ("qwen3:8b", "no provider is called 'qwen3'.*ollama:qwen3"),
    ],
)
def test_a_model_that_no_provider_has_is_told_the_form(name: str, says_: str) -> None:
    with pytest.raises(SettingsError, match=says_):
        open_chat_model(Settings(chat_model=name))


@pytest.mark.parametrize("address", ["localhost:1234/v1", "file:///etc/passwd"])
def test_an_address_without_a_protocol_is_told_the_form(address: str) -> None:
    with pytest.raises(SettingsError, match="http://HOST:PORT/v1"):
        open_chat_model(Settings(chat_model="openai:m", chat_base_url=address))


@pytest.mark.parametrize(
    ("provider", "package", "install"),
    [
        ("openai", "langchain_openai", "'report-assistant[openai]'"),
        ("anthropic", "langchain_anthropic", "'report-assistant[anthropic]'"),
        ("google_genai", "langchain_google_genai", "'report-assistant[google]'"),
        ("ollama", "langchain_ollama", "'report-assistant[ollama]'"),
    ],
)
def test_a_missing_package_is_named_with_the_command(
    provider: str, package: str, install: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    from langchain.chat_models import base

    base._get_chat_model_creator.cache_clear()
    with pytest.raises(SettingsError) as caught:
        open_chat_model(Settings(chat_model=f"{provider}:m"))
    assert str(caught.value).endswith(f"Run `pip install {install}`.")


@pytest.mark.parametrize(
    ("provider", "package", "variable"),
    [
        ("openai", "langchain_openai", "OPENAI_API_KEY"),
        ("anthropic", "langchain_anthropic", "ANTHROPIC_API_KEY"),
    ],
)
def test_a_missing_key_is_named(
    provider: str, package: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(package)
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(SettingsError, match=f"needs a key. Set {variable}"):
        open_chat_model(Settings(chat_model=f"{provider}:m"))


def test_nothing_of_langchain_is_loaded_before_a_model_is_opened() -> None:
    program = (
        "import sys, assistant.writing.chat_model, assistant.writing.local_model as _\n"
        "print(sorted(set(sys.modules) & {'langchain', 'openai', 'xllamacpp', 'httpx'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
