"""Grades by a chat model: what is asked, which replies count, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from importlib.util import find_spec
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult

from assistant import AssistantError
from assistant.chat_model import ChatModel
from assistant.errors import SettingsError
from assistant.evaluation.judging import ATTEMPTS, ChatJudge, Grade, open_judge, parse_grade
from assistant.settings import Settings

from .chat_server import ChatServer, Step, fails, says

HALF = "Half of it."
GOOD = '{"score": 0.5, "reason": "Half of it."}'
Judged = Callable[[BaseChatModel], ChatJudge]
needs_openai = pytest.mark.skipif(
    find_spec("langchain_openai") is None, reason="langchain-openai is absent: the extra `judge`"
)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.chat_reply.FIRST_WAIT_S", 0.01)


@pytest.fixture
def judged() -> Iterator[Judged]:
    """Makes judges of LangChain models, and closes them."""
    made: list[ChatModel] = []

    def make(model: BaseChatModel) -> ChatJudge:
        made.append(ChatModel("fake:model", model, Settings()))
        return ChatJudge(made[-1])

    yield make
    for chat in made:
        chat.close()


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


def says_in_turn(*replies: str) -> Recorded:
    return Recorded(messages=iter([AIMessage(reply) for reply in replies]))


def grade(judge: ChatJudge, question: str = "Who signed?") -> Grade:
    return judge.grade(question, "Vanke signed.", ["Vanke"], ["Vanke signed with Provenience."])


def test_a_grade_comes_from_question_answer_expectation_and_quotes(judged: Judged) -> None:
    judge = judged(model := says_in_turn(GOOD))
    assert grade(judge) == Grade(0.5, "Half of it.")
    ((rules, material),) = model.asked
    assert "JSON object" in rules.text
    assert json.loads(material.text) == {
        "question": "Who signed?",
        "answer": "Vanke signed.",
        "expected": ["Vanke"],
        "quotes": ["Vanke signed with Provenience."],
    }


def test_a_chinese_question_is_graded_by_chinese_rules(judged: Judged) -> None:
    judge = judged(model := says_in_turn("好的", GOOD))
    assert grade(judge, "谁签约了？") == Grade(0.5, "Half of it.")
    assert "评分" in model.asked[0][0].text
    assert "谁签约了？" in model.asked[0][1].text
    assert "无法使用" in model.asked[1][-1].text


def test_a_judge_that_never_replies_usably_gives_no_score_and_says_why(judged: Judged) -> None:
    judge = judged(model := says_in_turn(*["I like it!"] * 10))
    found = grade(judge)
    assert found.score is None
    assert "I like it!" in found.reason
    assert len(model.asked) == ATTEMPTS


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (f"Here it is: {GOOD}", "no JSON object"),
        ("0.5", "no JSON object"),
        ('{"score": 0.5}', "no JSON object"),
        ('{"score": 0.5, "reason": "x", "more": 1}', "more than score and reason"),
        ('{"score": true, "reason": "x"}', "score is True"),
        ('{"score": NaN, "reason": "x"}', "score is nan"),
        ('{"score": 1.01, "reason": "x"}', "score is 1.01"),
        ('{"score": 1, "reason": null}', "reason is None"),
    ],
)
def test_any_other_reply_is_refused(reply: str, message: str) -> None:
    assert parse_grade(f"```json\n{GOOD}\n```") == parse_grade(f"\n {GOOD}\n") == Grade(0.5, HALF)
    with pytest.raises(ValueError, match=message):
        parse_grade(reply)


@needs_openai
@pytest.mark.parametrize(("status", "code"), [(400, "content_filter"), (413, None)])
def test_a_request_that_the_service_refuses_gets_no_score(
    status: int, code: str | None, service: Callable[..., ChatJudge]
) -> None:
    found = grade(service(fails(status, code=code)))
    assert found.score is None
    assert "openai:some-model" in found.reason


@needs_openai
@pytest.mark.parametrize("status", [401, 500])
def test_a_service_that_cannot_be_used_is_one_sentence(
    status: int, service: Callable[..., ChatJudge]
) -> None:
    with pytest.raises(AssistantError, match=f"some-model cannot be asked.*HTTP {status}"):
        grade(service(fails(status)))


@pytest.mark.parametrize("model", ["nonsense", "nobody:model", ""])
def test_a_model_that_no_provider_has_is_one_sentence(model: str) -> None:
    with pytest.raises(SettingsError, match="Name it as PROVIDER:MODEL"):
        open_judge(model)


@needs_openai
def test_without_a_key_its_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        open_judge("openai:gpt-4o")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ChatJudge]]:
    """Opens a judge whose service takes these steps, as `--judge openai:some-model` would."""
    with ExitStack() as stack:

        def make(*steps: Step) -> ChatJudge:
            server = stack.enter_context(ChatServer(*steps))
            monkeypatch.setenv("OPENAI_API_KEY", "anything")
            monkeypatch.setenv("OPENAI_BASE_URL", server.address)
            judge = open_judge("openai:some-model")
            stack.enter_context(closing(judge.chat))
            return judge

        yield make


@needs_openai
def test_a_real_server_is_asked_as_the_fake_model_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "anything")
    with ChatServer(says("No."), says(GOOD)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.address)
        judge = open_judge("openai:some-model")
        with closing(judge.chat):
            assert judge.name == "openai:some-model"
            found = judge.grade("Who signed?", "Vanke.", ["Vanke"], [])
    assert found == Grade(0.5, "Half of it.")
    first, second = server.asked
    body = first.body
    assert (first.path, body["model"], body["temperature"]) == (
        "/v1/chat/completions",
        "some-model",
        0,
    )
    assert [m["role"] for m in body["messages"]] == ["system", "user"]
    roles = [m["role"] for m in second.body["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
