"""Questions to begin and to go on with: each one really answered, by the source it is about."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest

from assistant import Assistant, Settings, open_assistant
from assistant.retrieval.language import question_language
from assistant.types import LANGUAGES, Language
from assistant.web.records import Exchange
from assistant.web.suggestions import follow_ups, read_starters, starters
from ingest import add_file, build_index

from .conftest import ROOT

SHIPPED = read_starters(ROOT / "corpus" / "starters.tsv")
VANKE = "Who did Vanke sign an agreement with?"
SURVEY = "长三角调研收回多少份有效问卷？"
# Documents of a user's own, without a list of questions: with headings inside, and without.
BEES = """# Bees

## Hives

In 2019 the keepers of Mount Orrin built 340 hives of larch wood.
Each hive of Mount Orrin holds about 30,000 bees in summer.

## Honey prices

The honey of Mount Orrin was sold for 18 francs a jar in 2021.
"""
HARBOUR = """# Harbour

The harbour of Velmont was founded in 1873 by Clara Dessin.
Clara Dessin had the lighthouse of Velmont built of granite.
Velmont exports salt and slate to Norway.
"""


@pytest.fixture(scope="module")
def own(built_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """An assistant over the shipped corpus and two documents of a user's own."""
    settings = replace(built_settings, home=tmp_path_factory.mktemp("own") / "home")
    shutil.copytree(built_settings.home, settings.home)
    for name, text in (("bees.md", BEES), ("harbour.md", HARBOUR)):
        add_file(settings, text.encode(), name)
    build_index(settings)
    with open_assistant(settings) as opened:
        yield opened


def added(own: Assistant) -> set[str]:
    return {source.id for source in own.sources} - {starter.source for starter in SHIPPED}


def cites(assistant: Assistant, question: str) -> set[str]:
    found = assistant.find(question)
    assert found.status == "answered", question
    return {choice.passage.source_id for choice in found.chosen}


def test_every_shipped_starter_is_answered_by_its_source(assistant: Assistant) -> None:
    for starter in SHIPPED:
        assert starter.source in cites(assistant, starter.question), starter
        assert question_language(starter.question) == starter.language
        assert len(starter.question) <= 100


def test_shipped_starters_are_none_of_the_questions_that_are_evaluated() -> None:
    folders = (ROOT / "corpus" / "questions", ROOT / "assistant" / "evaluation" / "data")
    paths = [path for folder in folders for path in folder.rglob("*.jsonl")]
    asked = "\n".join(path.read_text("utf-8") for path in paths)
    assert paths
    assert not [s.question for s in SHIPPED if f'"{s.question}"' in asked]


@pytest.mark.parametrize("language", LANGUAGES)
def test_own_documents_take_turns_with_the_shipped_ones(own: Assistant, language: Language) -> None:
    questions = starters(own, language)
    shipped = {s.question for s in SHIPPED}
    made = [question for question in questions if question not in shipped]
    assert len(questions) == 4
    assert 1 <= len(made) <= 2
    for question in made:
        assert cites(own, question) & added(own)
        assert question_language(question) == language


@pytest.mark.parametrize("question", [VANKE, SURVEY, "Which footballers play for Arsenal?"])
def test_follow_ups_are_answered_new_and_in_the_language_of_the_question(
    assistant: Assistant, question: str
) -> None:
    answer = assistant.ask(question)
    said = {(q.source_id, q.start) for cited in answer.citations for q in cited.quotes}
    kept = Exchange.of(answer)
    assert follow_ups(assistant, kept, [question])
    # A slow machine checks only one of them a call.
    questions = [follow_ups(assistant, kept, [question]) for _ in range(3)][-1]
    assert len(questions) == len(set(questions)) == 3
    for suggested in questions:
        found = assistant.find(suggested)
        spans = {(c.passage.source_id, c.passage.sentences[c.number].start) for c in found.chosen}
        assert found.status == "answered"
        assert not spans & said
        assert question_language(suggested) == question_language(question)


def test_what_was_asked_is_not_suggested_again(assistant: Assistant) -> None:
    kept = Exchange.of(assistant.ask(VANKE))
    asked: list[str] = [VANKE]
    for _ in range(4):
        questions = follow_ups(assistant, kept, asked)
        assert questions
        assert not set(questions) & set(asked)
        # In capitals and without its mark, it is the same question.
        asked += [question.upper().rstrip("?") for question in questions] + list(questions)
    assert len(asked) > 8
