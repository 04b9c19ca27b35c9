"""Grades by a chat model: what is asked, which replies count, and what goes wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult

from assistant import AssistantError
from assistant.errors import SettingsError
from assistant.evaluation.judging import ATTEMPTS, ChatJudge, Grade, open_judge, parse_grade

GOOD = '{"score": 0.5, "reason": "Half of it."}'
needs_openai = pytest.mark.skipif(
    find_spec("langchain_openai") is None, reason="langchain-openai is absent: the extra `judge`"
)


class Recorded(GenericFakeChatModel):
    """A fake model that keeps what it was asked."""

    asked: list[list[BaseMessage]] = []  # noqa: RUF012 - a pydantic field, copied for each model

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.asked.append(list(messages))
        return super()._generate(messages, stop, run_manager, **kwargs)


def judge_that_says(*replies: str) -> tuple[ChatJudge, Recorded]:
    model = Recorded(messages=iter([AIMessage(reply) for reply in replies]))
    return ChatJudge("fake:model", model), model


def grade(judge: ChatJudge, question: str = "Who signed?") -> Grade:
    return judge.grade(question, "Vanke signed.", ["Vanke"], ["Vanke signed with Provenience."])


def test_a_grade_comes_from_question_answer_expectation_and_quotes() -> None:
    judge, model = judge_that_says(GOOD)
    assert grade(judge) == Grade(0.5, "Half of it.")
    ((rules, material),) = model.asked
    assert "JSON object" in rules.text
    assert json.loads(material.text) == {
        "question": "Who signed?",
        "answer": "Vanke signed.",
        "expected": ["Vanke"],
        "quotes": ["Vanke signed with Provenience."],
    }


def test_a_chinese_question_is_graded_by_chinese_rules() -> None:
    judge, model = judge_that_says("好的", GOOD)
    assert grade(judge, "谁签约了？") == Grade(0.5, "Half of it.")
    assert "评分" in model.asked[0][0].text
    assert "谁签约了？" in model.asked[0][1].text
    assert "无法使用" in model.asked[1][-1].text


def test_a_reply_that_cannot_be_used_is_asked_for_again_and_told_why() -> None:
    judge, model = judge_that_says('{"score": 5, "reason": "Great."}', GOOD)
    assert grade(judge).score == 0.5
    assert [len(messages) for messages in model.asked] == [2, 4]
    assert "score is 5" in model.asked[1][-1].text


def test_a_judge_that_never_replies_usably_gives_no_score_and_says_why() -> None:
    judge, model = judge_that_says(*["I like it!"] * 10)
    found = grade(judge)
    assert found.score is None
    assert "I like it!" in found.reason
    assert len(model.asked) == ATTEMPTS


@pytest.mark.parametrize(
    "reply",
    [
        GOOD,
        f"\n {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```",
        f"<think>\nIs it? {{}}\n</think>\n\n{GOOD}",
    ],
)
def test_a_fence_and_thinking_aloud_are_taken_off(reply: str) -> None:
    assert parse_grade(reply) == Grade(0.5, "Half of it.")


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("", "not JSON"),
        (f"Here it is: {GOOD}", "not JSON"),
        (GOOD * 2, "not JSON"),
        ("0.5", "not an object"),
        ('{"score": 0.5}', "not an object"),
        ('{"score": 0.5, "reason": "x", "more": 1}', "not an object"),
        ('{"score": "0.5", "reason": "x"}', "score is '0.5'"),
        ('{"score": true, "reason": "x"}', "score is True"),
        ('{"score": null, "reason": "x"}', "score is None"),
        ('{"score": NaN, "reason": "x"}', "score is nan"),
        ('{"score": 1.01, "reason": "x"}', "score is 1.01"),
        ('{"score": -1, "reason": "x"}', "score is -1"),
        ('{"score": 1, "reason": null}', "reason is None"),
    ],
)
def test_any_other_reply_is_refused(reply: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_grade(reply)


class RefusingError(Exception):
    """As providers' packages have them."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"Error code: {status_code}")
        self.status_code = status_code


class Refusing(GenericFakeChatModel):
    """A model whose service answers with an HTTP status."""

    status: int

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise RefusingError(self.status)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_the_service_refuses_gets_no_score(status: int) -> None:
    found = grade(ChatJudge("fake:model", Refusing(messages=iter([]), status=status)))
    assert found.score is None
    assert str(status) in found.reason


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_a_service_that_cannot_be_used_is_one_sentence(status: int) -> None:
    with pytest.raises(AssistantError, match=f"fake:model cannot be asked .*{status}"):
        grade(ChatJudge("fake:model", Refusing(messages=iter([]), status=status)))


@pytest.mark.parametrize("model", ["nonsense", "nobody:model", ""])
def test_a_model_that_no_provider_has_is_one_sentence(model: str) -> None:
    with pytest.raises(SettingsError, match="Name it as PROVIDER:MODEL"):
        open_judge(model)


def test_a_provider_whose_package_is_absent_is_named() -> None:
    if find_spec("langchain_fireworks"):
        pytest.skip("langchain-fireworks is installed")
    with pytest.raises(SettingsError, match="langchain-fireworks"):
        open_judge("fireworks:model")


@pytest.mark.skipif(find_spec("langchain_openai") is not None, reason="the extra is installed")
def test_without_the_extra_its_name_is_given() -> None:
    with pytest.raises(SettingsError, match=r"report-assistant\[judge\]"):
        open_judge("openai:gpt-4o")


@needs_openai
def test_without_a_key_its_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        open_judge("openai:gpt-4o")


class Completions(BaseHTTPRequestHandler):
    """/v1/chat/completions as OpenAI's API has it; `replies` are given one after the other."""

    replies: Iterator[str]
    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({"path": self.path, **body})
        message = {"role": "assistant", "content": next(self.replies)}
        reply = {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        }
        data = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def served(replies: Sequence[str]) -> tuple[ThreadingHTTPServer, type[Completions]]:
    handler = type("Handler", (Completions,), {"replies": iter(replies), "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, handler


@needs_openai
def test_a_real_server_is_asked_as_the_fake_model_is(monkeypatch: pytest.MonkeyPatch) -> None:
    server, handler = served(["No.", GOOD])
    monkeypatch.setenv("OPENAI_API_KEY", "anything")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    try:
        judge = open_judge("openai:some-model")
        assert judge.name == "openai:some-model"
        found = judge.grade("Who signed?", "Vanke.", ["Vanke"], [])
    finally:
        server.shutdown()
        server.server_close()
    assert found == Grade(0.5, "Half of it.")
    first, second = handler.asked
    assert (first["path"], first["model"], first["temperature"]) == (
        "/v1/chat/completions",
        "some-model",
        0,
    )
    assert [m["role"] for m in first["messages"]] == ["system", "user"]
    assert [m["role"] for m in second["messages"]] == ["system", "user", "assistant", "user"]


@needs_openai
def test_a_server_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    server, _ = served([])
    server.shutdown()
    server.server_close()
    monkeypatch.setenv("OPENAI_API_KEY", "anything")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    with pytest.raises(AssistantError, match="OPENAI_BASE_URL"):
        open_judge("openai:some-model").grade("Who?", "Vanke.", ["Vanke"], [])
