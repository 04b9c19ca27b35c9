"""Answers over the shipped corpus, with the real model and the real index."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Answer, Assistant, Settings, open_assistant
from assistant.errors import IndexMissingError, QuestionError
from assistant.messages import enumerate_titles
from assistant.quoting.grounding import cut_quote, is_verbatim
from assistant.types import Language, Span, Usage

from .conftest import ROOT

QUESTIONS = [
    "Who did Vanke sign an agreement with?",
    "万科和谁签署了协议？",
    "Which fields does Vanke's California incubator focus on?",
    "长三角调研收回多少份有效问卷？",
    "Why are incubators in the Yangtze River Delta held back?",
    "What does Vanke's incubator in London do?",
    "How tall is Mount Everest?",
    "红烧肉怎么做？",
]


def everything_but_time(answer: Answer) -> dict[str, object]:
    data = answer.to_dict()
    data.pop("timings")
    return data


def test_a_question_gets_the_sentence_that_answers_with_a_citation(assistant: Assistant) -> None:
    answer = assistant.ask("Who did Vanke sign an agreement with?")
    assert answer.status == "answered"
    assert "Provenience" in answer.text
    assert "[1]" in answer.text
    assert answer.citations[0].source.id == "bop-report"
    assert answer.composer == "quotes"


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_quote_is_a_slice_of_its_source(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    sources = {source.id: source for source in assistant.sources}
    for citation in answer.citations:
        for quote in citation.quotes:
            source = sources[quote.source_id]
            assert source.text[quote.start : quote.end] == quote.text
            assert is_verbatim(quote, source)


def test_a_chinese_question_is_answered_in_chinese_with_the_english_original(
    assistant: Assistant,
) -> None:
    answer = assistant.ask("万科和谁签署了协议？")
    assert answer.language == "zh"
    assert "万科" in answer.text
    assert answer.statements[0].translated
    (quote, *_) = answer.citations[0].quotes
    assert quote.text.startswith("Major Chinese property developer Vanke")
    assert answer.citations[0].translations[0] == answer.statements[0].text


def test_an_english_question_finds_a_chinese_document(assistant: Assistant) -> None:
    answer = assistant.ask("How many valid questionnaires did the Tongji survey collect?")
    assert answer.citations[0].source.language == "zh"
    assert "636" in answer.text
    assert "636" in answer.citations[0].quotes[0].text


def test_an_answer_is_told_in_its_language_down_to_its_costs(assistant: Assistant) -> None:
    english = assistant.ask("How many valid questionnaires did the Yangtze survey collect?")
    assert " · Tongji University · 2015-05-22 (digest)\n" in str(english)
    chinese = assistant.ask("长三角调研收回多少份有效问卷？")
    assert " · 同济大学 · 2015-05-22 (摘要)\n" in str(chinese)
    usage = Usage(calls=2, tokens_in=300, tokens_out=40, estimated=True)
    costly = replace(chinese, composer="some:model", usage=usage)
    assert str(costly).endswith("(由some:model撰写；聊天模型输入约300词元，输出40词元)")
    costly = replace(english, composer="some:model", usage=replace(usage, estimated=False))
    assert str(costly).endswith("the chat model took 300 tokens in, 40 out)")


@pytest.mark.parametrize(
    ("question", "items"),
    [
        ("Which fields does Vanke's California incubator focus on?", ["biotechnology", "culture"]),
        ("Which partners has Innospace worked with?", ["InnoSpring", "KISED", "TUM"]),
        ("万科在加州开的孵化器关注哪些领域？", ["智能制造", "虚拟现实", "生物技术"]),
    ],
)
def test_a_list_question_gets_the_whole_list(
    assistant: Assistant, question: str, items: list[str]
) -> None:
    answer = assistant.ask(question)
    assert answer.status == "answered"
    assert all(item in answer.text for item in items)


def test_a_name_that_no_source_holds_is_said_to_be_missing(assistant: Assistant) -> None:
    answer = assistant.ask("What does Vanke's incubator in London do?")
    assert answer.status == "partial"
    assert "London" in answer.reason
    assert "London" in answer.text
    assert answer.citations


def test_a_question_about_something_else_is_refused_with_the_documents_searched(
    assistant: Assistant,
) -> None:
    answer = assistant.ask("红烧肉怎么做才好吃？")
    assert answer.status == "refused"
    assert answer.citations == ()
    assert all(source.title_zh in answer.text for source in assistant.sources)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "China's 0, China's 1 and 3 more."), ("zh", "中国 0、中国 1，另有3份。")],
)
def test_of_many_documents_a_refusal_names_the_first(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch, language: Language, said: str
) -> None:
    monkeypatch.setattr("assistant.messages.TITLES", 2)
    source = assistant.sources[0]
    many = [replace(source, title_en=f"China's {n}", title_zh=f"中国 {n}") for n in range(5)]
    assert enumerate_titles(many, language) == said[:-1]


def test_a_follow_up_is_answered_from_the_conversation(assistant: Assistant) -> None:
    first = assistant.ask("Who did Vanke sign an agreement with?")
    second = assistant.ask("And when?", history=[first])
    assert "December 2015" in second.text
    assert second.question == "And when?"
    assert second.stand_alone != second.question


def test_the_language_of_answers_can_be_set(built_settings: Settings) -> None:
    with open_assistant(replace(built_settings, language="zh")) as chinese:
        answer = chinese.ask("Who did Vanke sign an agreement with?")
    assert answer.language == "zh"
    assert "签署了协议" in answer.text


def test_limiting_the_sources_limits_the_citations(assistant: Assistant) -> None:
    answer = assistant.ask("What is a makerspace?", sources=["makerspace-guide-2015"])
    assert {hit.passage.source_id for hit in answer.hits} == {"makerspace-guide-2015"}


def test_a_question_that_cannot_be_taken_raises_before_any_search(assistant: Assistant) -> None:
    with pytest.raises(QuestionError, match="empty"):
        assistant.ask("  ")
    with pytest.raises(QuestionError, match="empty"):
        assistant.stream("")


def test_the_stream_spells_the_answer_and_ends_with_it(assistant: Assistant) -> None:
    chunks = list(assistant.stream(QUESTIONS[0]))
    answer = chunks[-1].answer
    assert answer is not None
    assert "".join(chunk.text for chunk in chunks) == answer.text
    assert len(chunks) > 2
    assert all(chunk.answer is None for chunk in chunks[:-1])


def test_asynchronous_callers_get_the_same_answer(assistant: Assistant) -> None:
    answer = asyncio.run(assistant.aask(QUESTIONS[0]))
    assert everything_but_time(answer) == everything_but_time(assistant.ask(QUESTIONS[0]))


def test_eight_threads_get_the_answers_of_one(assistant: Assistant) -> None:
    alone = [everything_but_time(assistant.ask(question)) for question in QUESTIONS]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(assistant.ask, QUESTIONS * 4))
    assert [everything_but_time(answer) for answer in together] == alone * 4


def test_an_answer_as_json_reads_back(assistant: Assistant) -> None:
    answer = assistant.ask(QUESTIONS[1])
    data = json.loads(answer.to_json())
    assert data["status"] == "answered"
    assert data["citations"][0]["quotes"][0]["text"] == answer.citations[0].quotes[0].text
    assert "万科" in answer.to_json()
    assert "text" not in data["citations"][0]["source"]


def test_an_answer_as_markdown_has_numbered_references(assistant: Assistant) -> None:
    text = assistant.ask(QUESTIONS[0]).to_markdown()
    assert text.startswith(f"**{QUESTIONS[0]}**")
    assert "1. BOP Consulting. [China's international incubators](" in text
    assert "> Major Chinese property developer Vanke" in text


def test_without_an_index_the_message_says_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="python -m ingest"):
        open_assistant(Settings(home=tmp_path, corpus=ROOT / "corpus"))


def test_a_quote_that_was_altered_is_not_verbatim(assistant: Assistant) -> None:
    source = assistant.sources[0]
    quote = cut_quote(source, Span(3, 30))
    assert is_verbatim(quote, source)
    assert not is_verbatim(replace(quote, text=quote.text.upper()), source)
    assert not is_verbatim(replace(quote, start=4), source)
    assert not is_verbatim(replace(quote, source_sha256="0" * 64), source)


def test_searching_no_known_source_is_refused_in_a_sentence(assistant: Assistant) -> None:
    for sources in ([], ["no-such-source"]):
        with pytest.raises(QuestionError, match="bop-report"):
            assistant.ask("What is a makerspace?", sources=sources)
