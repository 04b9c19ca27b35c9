"""The reader: spans that are slices, margins for sentences, weights that may ship."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.answering import Assistant
from assistant.evaluation import read_set
from assistant.quoting.reader import WINDOW_TOKENS, Reader, open_reader
from assistant.quoting.windows import read_passages, surface
from assistant.types import Language, Span

from .conftest import ROOT


@pytest.fixture(scope="module")
def reader(assistant: Assistant) -> Reader:
    return open_reader(assistant.settings, assistant._embeddings)


SENTENCES = ("Vanke builds houses.", "In 2014 it opened a centre in Hamburg.", "Rain fell.")
TEXT = " ".join(SENTENCES)
SPANS = [Span(TEXT.index(s), TEXT.index(s) + len(s)) for s in SENTENCES]


def test_it_finds_the_words_that_answer(reader: Reader) -> None:
    reading = reader.read("In which city did Vanke open a centre?", TEXT, SPANS, 0)
    assert reading is not None
    assert "Hamburg" in TEXT[reading.span.start : reading.span.end]
    assert max(reading.margins, key=lambda n: reading.margins[n]) == 1


def test_an_answerable_question_scores_above_one_about_something_else(reader: Reader) -> None:
    good = reader.read("In which city did Vanke open a centre?", TEXT, SPANS, 1)
    bad = reader.read("Who won the women's tennis final?", TEXT, SPANS, 1)
    assert good is not None
    assert bad is not None
    assert good.margin > bad.margin
    assert good.answerable > bad.answerable


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    question=st.text(min_size=1, max_size=300), parts=st.lists(st.text(max_size=400), max_size=5)
)
def test_any_text_gives_a_slice_of_the_sentences_read_or_nothing(
    reader: Reader, question: str, parts: list[str]
) -> None:
    text, spans = "", []
    for part in parts:
        if part:
            spans.append(Span(len(text), len(text) + len(part)))
            text += part
    if not spans:
        return
    reading = reader.read(question, text, spans, len(spans) // 2)
    if reading is not None:
        assert 0 <= reading.span.start <= reading.span.end <= len(text)
        assert set(reading.margins) <= set(range(len(spans)))
        assert reading.margin >= max(reading.margins.values()) - 1e-4


def test_a_long_passage_is_read_around_its_best_sentence(reader: Reader) -> None:
    sentences = [
        f"Sentence {i} speaks of nothing at all, and does so at length." for i in range(60)
    ]
    sentences[50] = "The harbour master of Lübeck was called Anna Petersen."
    text, spans = "", []
    for sentence in sentences:
        spans.append(Span(len(text), len(text) + len(sentence)))
        text += sentence + " "
    reading = reader.read("What was the harbour master called?", text, spans, 50)
    assert reading is not None
    assert "Anna Petersen" in text[reading.span.start : reading.span.end]
    assert 50 in reading.margins
    assert len(reading.margins) < WINDOW_TOKENS / 10


def test_every_lead_is_a_slice_of_its_source_or_its_translation(assistant: Assistant) -> None:
    led = 0
    for question in read_set(ROOT / "corpus" / "questions" / "near-misses-fit.jsonl")[:30]:
        answer = assistant.ask(question.question)
        if answer.lead is None:
            continue
        led += 1
        lead = answer.lead
        source = assistant.index.sources[lead.source_id]
        translation = source.translation.text if source.translation else ""
        text = translation if lead.translated else source.text
        assert text[lead.start : lead.end] == lead.text
        assert answer.status == "answered"
        assert answer.text.startswith(f"{lead.text} [{lead.citation}]")
        assert lead.citation in [citation.number for citation in answer.citations]
    assert led >= 3


@pytest.mark.parametrize(("ahead", "read"), [(0.0, 3), (2.0, 1)])
def test_no_more_is_read_than_might_come_out_ahead(
    assistant: Assistant, ahead: float, read: int
) -> None:
    found = assistant.find("Who signed with Vanke?")
    first, *others = (replace(choice, score=0.0) for choice in found.choices)
    choices = [replace(first, score=ahead), *others]
    readings = read_passages(assistant._reader, "Who signed?", "en", choices)
    assert len(readings) == read
    assert readings[0].passage == first.passage


def test_a_passage_is_read_in_the_askers_language(assistant: Assistant) -> None:
    asked: tuple[tuple[str, Language], ...] = (
        ("Who signed with Vanke?", "en"),
        ("谁与万科签约？", "zh"),
    )
    for question, language in asked:
        found = assistant.find(question)
        for read in read_passages(assistant._reader, question, language, found.choices):
            assert read.language == language
            text, sentences = surface(read.passage, read.language)
            assert len(sentences) == len(read.passage.sentences)
            words, _, _ = read.found
            assert words in text


def test_the_weights_are_small_and_say_where_they_come_from() -> None:
    data = resources.files("assistant") / "data"
    assert len((data / "reader.onnx").read_bytes()) < 20_000_000
    about = json.loads((data / "reader.json").read_text(encoding="utf-8"))
    assert {"licence", "script", "plan"} <= set(about)
    assert about["plan"]["seed"]
