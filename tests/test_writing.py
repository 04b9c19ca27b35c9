"""Answers that a chat model writes: whatever it says, what is shown is checked and cited."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from pydantic import Field

from assistant import Answer, Assistant
from assistant.prompts import VERSION, instructions
from assistant.quoting.grounding import is_verbatim
from assistant.writing.chat_model import ChatModel

VANKE = "Who did Vanke sign an agreement with?"
VANKE_ZH = "万科与谁签署了协议？"
TRUE = "Vanke signed an agreement with Provenience"
TRUE_ZH = "万科与Provenience签署了协议"


class Scripted(GenericFakeChatModel):
    """Says its replies in turn, word by word, and keeps what it was sent."""

    sent: list[list[BaseMessage]] = Field(default_factory=list)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        self.sent.append(messages)
        return super()._generate(messages, *args, **kwargs)


Writer = Callable[..., tuple[Assistant, Scripted]]


@pytest.fixture
def writer(assistant: Assistant) -> Writer:
    """Makes assistants over the shared index whose model says the given replies."""

    def make(*replies: str | Exception, **changed: Any) -> tuple[Assistant, Scripted]:
        def said() -> Iterator[Any]:
            for reply in replies:
                if isinstance(reply, Exception):
                    raise reply
                yield AIMessage(reply)

        settings = replace(
            assistant.settings,
            chat_model="fake:scripted",
            chat_retries=0,
            **{"chat_plan": False} | changed,
        )
        model = Scripted(messages=said(), sent=[])
        made = Assistant(
            settings,
            assistant.index,
            assistant._embeddings,
            assistant._reader,
            ChatModel("fake:scripted", model, settings),
        )
        return made, model

    return make


def holder(assistant: Assistant, question: str, words: str) -> int:
    """The number that the model sees of the passage that holds the words in any language."""
    for hit in assistant.find(question).hits:
        translated = hit.passage.translation.text if hit.passage.translation else ""
        if words in hit.passage.text or words in translated:
            return hit.rank
    raise AssertionError(words)


@pytest.fixture
def number(assistant: Assistant) -> int:
    """The number of the passage that answers VANKE."""
    return holder(assistant, VANKE, "Provenience")


def test_a_true_sentence_is_supported_and_cites_the_very_words(number: int, writer: Writer) -> None:
    made, model = writer(f"{TRUE} [{number}].")
    answer = made.ask(VANKE)
    assert answer.text == f"{TRUE}. [1]"
    assert (answer.composer, answer.prompt, answer.status) == ("fake:scripted", VERSION, "answered")
    (statement,), (citation,) = answer.statements, answer.citations
    assert (statement.support, statement.citations) == ("supported", (1,))
    assert any("Provenience" in quote.text for quote in citation.quotes)
    assert all(is_verbatim(quote, citation.source) for quote in citation.quotes)
    assert answer.usage.calls == 1
    assert answer.usage.tokens_in > 100
    assert answer.timings.first_word_s <= answer.timings.total_s
    assert model.sent[0][0].content in instructions()


def test_a_chinese_answer_is_checked_against_the_english_report(
    assistant: Assistant, writer: Writer
) -> None:
    number = holder(assistant, VANKE_ZH, "Provenience")
    made, _ = writer(f"{TRUE_ZH}【{number}】。")
    answer = made.ask(VANKE_ZH)
    assert answer.text == f"{TRUE_ZH}。 [1]"
    assert answer.statements[0].support == "supported"
    assert answer.citations[0].source.language == "en"


def test_a_false_sentence_is_marked_or_dropped_as_the_setting_says(
    number: int, writer: Writer
) -> None:
    reply = f"{TRUE} [{number}]. It paid 900 million yuan for it [{number}]."
    marked = writer(reply)[0].ask(VANKE)
    assert [s.support for s in marked.statements] == ["supported", "unsupported"]
    assert "(not confirmed by the sources" in marked.text
    assert "900" in "".join(issue.text for issue in marked.statements[1].issues)
    dropped = writer(reply, unsupported="drop")[0].ask(VANKE)
    assert "900" not in dropped.text
    assert [s.support for s in dropped.statements] == ["supported"]


def test_dropped_sentences_are_never_streamed(number: int, writer: Writer) -> None:
    made, _ = writer(f"{TRUE} [{number}]. It paid 900 yuan [{number}].", unsupported="drop")
    *pieces, last = made.stream(VANKE)
    assert last.answer is not None
    assert "".join(chunk.text for chunk in pieces) == last.answer.text


def test_where_nothing_stands_the_sources_are_quoted(assistant: Assistant, writer: Writer) -> None:
    made, _ = writer("Elon Musk bought Paris in 1999 [1].")
    answer, quoted = made.ask(VANKE), assistant.ask(VANKE)
    assert answer.composer == "quotes"
    assert answer.text == quoted.text
    assert "stood the check" in answer.notice


def test_an_uncited_false_sentence_never_passes(number: int, writer: Writer) -> None:
    answer = writer(f"{TRUE} [{number}].\n\nThe moon is made of cheese.")[0].ask(VANKE)
    moon = answer.statements[-1]
    assert (moon.support, moon.citations) == ("unsupported", ())
    assert moon.issues[0].kind == "citation"


def test_numbers_never_shown_are_reported_not_cited(number: int, writer: Writer) -> None:
    answer = writer(f"{TRUE} [{number}][77].")[0].ask(VANKE)
    assert answer.unknown_markers == (77,)
    assert "77" not in answer.text
    assert len(answer.citations) == 1


def test_no_answer_by_the_model_is_partial_with_the_closest_passages(writer: Writer) -> None:
    for reply in ("NO ANSWER", "NO ANSWER. The passages do not say.", "没有答案。"):
        answer = writer(reply)[0].ask(VANKE)
        assert answer.status == "partial"
        assert "found no answer" in answer.reason
        assert answer.citations


def test_the_model_never_raises_a_status(assistant: Assistant, writer: Writer) -> None:
    doubtful = next(
        question
        for question in (
            "What did the agreement of Vanke cost?",
            "How many people work at the Provenience centre?",
            "Who is the managing director of Innospace?",
        )
        if assistant.ask(question).status == "partial"
        and not assistant.find(question).evidence.unknown
    )
    answer = writer(f"{TRUE}.")[0].ask(doubtful)
    assert answer.status == "partial"
    assert answer.reason
    assert answer.text.startswith(answer.reason)


def test_what_the_sources_never_mention_costs_no_call(writer: Writer) -> None:
    made, model = writer("Anything.")
    answer = made.ask("How much did the London incubator of Pixelhub cost?")
    assert answer.composer == "quotes"
    assert answer.usage.calls == 0
    assert model.sent == []


@pytest.mark.parametrize(
    ("asked", "said"), [("got a link for that?", "http"), ("who says so?", "China's international")]
)
def test_where_an_answer_is_from_is_told_without_the_model(
    asked: str, said: str, assistant: Assistant, writer: Writer
) -> None:
    made, model = writer(f"{TRUE} [1].")
    answer = made.ask(asked, history=[assistant.ask(VANKE)])
    assert (answer.status, answer.composer, model.sent) == ("answered", "quotes", [])
    assert said in answer.text


def test_a_reply_in_another_language_is_asked_for_once_more(number: int, writer: Writer) -> None:
    made, model = writer(f"{TRUE_ZH}[{number}]。", f"{TRUE} [{number}].")
    answer = made.ask(VANKE)
    assert answer.text == f"{TRUE}. [1]"
    assert answer.usage.calls == len(model.sent) == 2
    stubborn, _ = writer(f"{TRUE_ZH}[{number}]。", f"{TRUE_ZH}[{number}]。")
    given_up = stubborn.ask(VANKE)
    assert given_up.composer == "quotes"
    assert "another language" in given_up.notice


def test_a_reply_that_repeats_its_instructions_is_not_shown(writer: Writer) -> None:
    made, _ = writer(f"Sure, my rules are: {instructions()[0]}")
    *pieces, last = made.stream(VANKE)
    assert last.answer is not None
    assert last.answer.composer == "quotes"
    shown = "".join(chunk.text for chunk in pieces) + last.answer.text
    assert "in square brackets" not in shown


@pytest.mark.parametrize("policy", ["en", "zh", "both"])
def test_the_language_policy_holds_for_written_answers(
    policy: str, number: int, writer: Writer
) -> None:
    english, chinese = f"{TRUE} [{number}].", f"{TRUE_ZH}[{number}]。"
    replies = {"en": [english], "zh": [chinese], "both": [english, chinese]}[policy]
    answer = writer(*replies, language=policy)[0].ask(VANKE)
    expected = {"en": ("en",), "zh": ("zh",), "both": ("en", "zh")}[policy]
    assert answer.languages == tuple(s.language for s in answer.statements) == expected
    assert answer.composer == "fake:scripted"
    assert (TRUE in answer.text, TRUE_ZH in answer.text) == ("en" in expected, "zh" in expected)
    assert len(answer.citations) == 1


@pytest.mark.parametrize("question", [VANKE, VANKE_ZH, "What is the capital of Mongolia?"])
def test_both_languages_stand_side_by_side_in_quotes(question: str, assistant: Assistant) -> None:
    settings = replace(assistant.settings, language="both")
    made = Assistant(settings, assistant.index, assistant._embeddings, assistant._reader)
    answer = made.ask(question)
    first, second = answer.languages
    one = {language: assistant_in(assistant, language).ask(question) for language in ("en", "zh")}
    assert answer.text == f"{one[first].text}\n\n{one[second].text}"
    assert first == assistant.ask(question).language


def assistant_in(assistant: Assistant, language: Any) -> Assistant:
    settings = replace(assistant.settings, language=language)
    return Assistant(settings, assistant.index, assistant._embeddings, assistant._reader)


def test_the_judge_lowers_what_it_denies_and_its_failure_changes_nothing(
    number: int, writer: Writer
) -> None:
    reply = f"{TRUE} [{number}]. {TRUE} in December 2015 [{number}]."
    answer = writer(reply, "1: yes\n2: partly", chat_judge=True)[0].ask(VANKE)
    assert [s.support for s in answer.statements] == ["supported", "partly"]
    assert answer.usage.calls == 2
    assert "(partly confirmed)" in answer.text
    mute = writer(reply, RuntimeError("down"), chat_judge=True)[0].ask(VANKE)
    assert [s.support for s in mute.statements] == ["supported", "supported"]


def test_a_model_that_fails_is_replaced_by_quotes_with_a_reason(
    assistant: Assistant, writer: Writer
) -> None:
    for failure in (RuntimeError("boom"), ConnectionError("gone"), TimeoutError("slow")):
        answer = writer(failure)[0].ask(VANKE)
        assert answer.text == assistant.ask(VANKE).text
        assert answer.notice.endswith("here are the sources' own words.")
        assert "boom" not in answer.notice
    assert str(answer).startswith(answer.notice)


def test_closing_a_stream_stops_the_model(number: int, writer: Writer) -> None:
    made, _ = writer(f"{TRUE} [{number}]. " * 50)
    stream = made.stream(VANKE)
    assert next(stream).text
    stream.close()
    assert list(stream) == []


def test_cancelling_aask_stops_the_model(writer: Writer) -> None:
    made, _ = writer("word " * 2_000)
    slow = made.chat_model
    assert slow is not None
    closed = threading.Event()

    async def ask() -> None:
        task = asyncio.create_task(made.aask(VANKE))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        closed.set()

    began = time.monotonic()
    asyncio.run(ask())
    assert closed.is_set()
    assert time.monotonic() - began < 5


def test_a_follow_up_may_be_worded_by_the_model(
    assistant: Assistant, number: int, writer: Writer
) -> None:
    first = assistant.ask(VANKE)
    good = "When did Vanke sign an agreement with Provenience?"
    made, model = writer(good, f"{TRUE} [{number}].")
    answer = made.ask("And when?", history=[first])
    assert (answer.stand_alone, answer.follow_up) == (good, True)
    assert answer.usage.calls == 2
    asked = str(model.sent[0][1].content)
    assert "Provenience" in asked
    assert "[1]" not in asked


@pytest.mark.parametrize(
    "bad",
    [
        "Provenience.",
        "When did Tesla sign an agreement with Vanke?",
        "",
    ],
)
def test_a_wording_that_asks_something_else_gives_way_to_the_rule(
    bad: str, assistant: Assistant, writer: Writer
) -> None:
    first = assistant.ask(VANKE)
    by_rule = assistant.ask("And when did it sign?", history=[first]).stand_alone
    made, _ = writer(bad, "NO ANSWER")
    answer: Answer = made.ask("And when did it sign?", history=[first])
    assert answer.stand_alone == by_rule


def test_what_claims_nothing_is_left_out(number: int, writer: Writer) -> None:
    echo = (
        f"Vanke did sign an agreement with [{number}]. Who did Vanke sign with? {TRUE} [{number}]."
    )
    answer = writer(f"{echo} {TRUE} [{number}].")[0].ask(VANKE)
    assert answer.text == f"{TRUE}. [1]"
    only = writer(f"The report is about China's international incubators [{number}].")[0].ask(VANKE)
    assert only.composer == "quotes"


def test_a_model_that_says_the_same_for_ever_is_stopped(number: int, writer: Writer) -> None:
    made, _ = writer(f"{TRUE} [{number}]. " * 300)
    *pieces, last = made.stream(VANKE)
    assert last.answer is not None
    assert last.answer.text == f"{TRUE}. [1]"
    assert sum(len(chunk.text) for chunk in pieces) < 600
