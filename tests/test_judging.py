"""Grades by a chat model, asked over HTTP: what is asked, which replies count, what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from importlib.util import find_spec

import pytest

from assistant import AssistantError
from assistant.errors import SettingsError
from assistant.evaluation.judging import ATTEMPTS, ChatJudge, Grade, open_judge, parse_grade

from .chat_server import ChatServer, Step, fails, says

HALF = "Half of it."
GOOD = '{"score": 0.5, "reason": "Half of it."}'
Opened = Callable[..., tuple[ChatJudge, ChatServer]]
needs_openai = pytest.mark.skipif(
    find_spec("langchain_openai") is None, reason="langchain-openai is absent: the extra `judge`"
)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Opens a judge whose service takes these steps, as `--judge openai:some-model` would."""
    monkeypatch.setattr("assistant.writing.chat_reply.FIRST_WAIT_S", 0.01)
    with ExitStack() as stack:

        def make(*steps: Step) -> tuple[ChatJudge, ChatServer]:
            server = stack.enter_context(ChatServer(*steps))
            monkeypatch.setenv("OPENAI_API_KEY", "anything")
            monkeypatch.setenv("OPENAI_BASE_URL", server.address)
            judge = open_judge("openai:some-model")
            stack.enter_context(closing(judge.chat))
            return judge, server

        yield make


def grade(judge: ChatJudge, question: str = "Who signed?") -> Grade:
    return judge.grade(question, "Vanke signed.", ["Vanke"], ["Vanke signed with Provenience."])


@needs_openai
def test_a_grade_is_asked_for_until_a_reply_can_be_used(service: Opened) -> None:
    judge, server = service(says("No."), says(GOOD))
    assert judge.name == "openai:some-model"
    assert grade(judge) == Grade(0.5, HALF)
    first, second = (asked.body for asked in server.asked)
    assert (first["model"], first["temperature"]) == ("some-model", 0)
    rules, material = first["messages"]
    assert "JSON object" in rules["content"]
    assert json.loads(material["content"]) == {
        "question": "Who signed?",
        "answer": "Vanke signed.",
        "expected": ["Vanke"],
        "quotes": ["Vanke signed with Provenience."],
    }
    roles = [message["role"] for message in second["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert "Invalid JSON" in second["messages"][-1]["content"]


@needs_openai
def test_a_chinese_question_is_graded_by_chinese_rules(service: Opened) -> None:
    judge, server = service(says("好的"), says(GOOD))
    assert grade(judge, "谁签约了？") == Grade(0.5, HALF)
    first, second = (asked.body["messages"] for asked in server.asked)
    assert "评分" in first[0]["content"]
    assert "无法使用" in second[-1]["content"]


@needs_openai
def test_a_judge_that_never_replies_usably_gives_no_score_and_says_why(service: Opened) -> None:
    judge, server = service(*[says("I like it!")] * ATTEMPTS)
    found = grade(judge)
    assert found.score is None
    assert "I like it!" in found.reason
    assert len(server.asked) == ATTEMPTS


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (f"Here it is: {GOOD}", "Invalid JSON"),
        ('{"score": 0.5, "reason": "x", "more": 1}', "more Extra inputs"),
        ('{"score": NaN, "reason": "x"}', "score Input should be a finite number"),
        ('{"score": 1.01, "reason": "x"}', "score Input should be less than or equal to 1"),
    ],
)
def test_only_an_object_with_score_and_reason_is_a_grade(reply: str, message: str) -> None:
    assert parse_grade(f"```json\n{GOOD}\n```") == parse_grade(f"\n {GOOD}\n") == Grade(0.5, HALF)
    with pytest.raises(ValueError, match=message):
        parse_grade(reply)


@needs_openai
@pytest.mark.parametrize("code", ["content_filter", None])
def test_a_request_that_the_service_refuses_gets_no_score(
    service: Opened, code: str | None
) -> None:
    found = grade(service(fails(400, code=code))[0])
    assert found.score is None
    assert "openai:some-model" in found.reason


@needs_openai
@pytest.mark.parametrize("status", [401, 500])
def test_a_service_that_cannot_be_used_is_one_sentence(service: Opened, status: int) -> None:
    with pytest.raises(AssistantError, match=f"cannot be asked.*HTTP {status}.*OPENAI_BASE_URL"):
        grade(service(fails(status))[0])


@needs_openai
def test_a_model_or_key_that_is_missing_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for model in ("nonsense", "nobody:model", ""):
        with pytest.raises(SettingsError, match="Name it as PROVIDER:MODEL"):
            open_judge(model)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        open_judge("openai:gpt-4o")
