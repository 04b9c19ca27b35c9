"""Questions: what cannot be taken, and what is asked."""

from __future__ import annotations

import pytest

from assistant.errors import QuestionError
from assistant.planning.questions import Kind, check_question, names_in, understand
from assistant.quoting.coverage import content_words
from assistant.retrieval.glossary import Glossary


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (" \n\t ", "empty"),
        ("x" * 10_000, "10,000 characters"),
        ("😀🎉", "no words"),
        ("who\x00\x01\x02", "binary"),
        ("これは何ですか", "other than English and Chinese"),
    ],
)
def test_a_question_that_cannot_be_taken_is_refused_in_one_sentence(text: str, cause: str) -> None:
    with pytest.raises(QuestionError, match=cause) as caught:
        check_question(text, limit=2000)
    assert "\n" not in str(caught.value)


def test_white_space_in_a_question_is_folded() -> None:
    assert check_question("  Who \n is\tthis? ", limit=100) == "Who is this?"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Who did Vanke sign an agreement with?", "who"),
        ("When did it open?", "when"),
        ("Where is Innospace based?", "where"),
        ("How many questionnaires came back?", "number"),
        ("Which fields does the incubator focus on?", "list"),
        ("Why are incubators held back?", "why"),
        ("Did Vanke open an incubator in Milan?", "yes-no"),
        ("What is a makerspace?", "what"),
        ("谁签了协议？", "who"),
        ("收回多少份问卷？", "number"),
        ("关注哪些领域？", "list"),
        ("為什麼受阻？", "why"),
    ],
)
def test_the_kind_of_a_question_is_told_by_its_words(
    text: str, kind: Kind, glossary: Glossary
) -> None:
    assert understand(text, text, glossary).kind == kind


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Who founded Vanke's centre in London?", {"Vanke", "London"}),
        ("What did the Ministry of Finance say in 2014?", {"Ministry of Finance", "2014"}),
        ("What is a makerspace?", set()),
        ("万科在伦敦开了什么？", {"万科", "伦敦"}),
        ("第三条原则讲什么？", {"第三"}),
        ("您好，请问万科在哪里？谢谢！", {"万科"}),
        ("这个report主要讲什么", set()),
        ("国际化、法治化在敦化怎么样", {"敦化"}),
        ("OpenAI和angel investor有什么关系", {"OpenAI"}),
        ("Zxqvia是谁", {"Zxqvia"}),
        ("Thanks. Hello again, who founded Vanke?", {"Vanke"}),
        ("first principle of no. 9, 1,000 firms", {"9", "1,000"}),
    ],
)
def test_the_names_that_evidence_must_hold_are_found(
    text: str, names: set[str], glossary: Glossary
) -> None:
    assert set(names_in(text, glossary)) == names


def test_the_focus_leaves_out_what_only_names_the_document(glossary: Glossary) -> None:
    text = "How many tasks does Guobanfa [2015] No. 9 set?"
    question = understand(text, text, glossary, documents=["Guobanfa [2015] No. 9"])
    assert question.focus == "How many tasks does set?"
    assert question.names == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Please tell me, do you happen to know what costs rose? thx", {"costs", "rose"}),
        ("hi, whats the deficit and what's the ratio pls", {"deficit", "ratio"}),
        ("麻烦您简单介绍一下赤字，谢谢", {"赤字"}),
        ("老师，我想知道失业率", {"失业率"}),
    ],
)
def test_courtesies_and_instructions_are_not_what_a_question_turns_on(
    text: str, words: set[str], glossary: Glossary
) -> None:
    assert set(content_words(understand(text, text, glossary))) == words
