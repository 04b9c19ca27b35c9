"""What each kind of request gets, asked of the shipped corpus as people type."""

from __future__ import annotations

import pytest

from assistant import Answer, Assistant
from assistant.quoting.grounding import is_verbatim


def cited(answer: Answer) -> set[str]:
    return {citation.source.id for citation in answer.citations}


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("what is this report about?", "en"),
        ("key takeaways pls", "en"),
        ("这份报告主要讲了什么", "zh"),
    ],
)
def test_an_overview_is_cited_and_of_that_document(
    assistant: Assistant, question: str, language: str
) -> None:
    answer = assistant.ask(question)
    assert (answer.kind, answer.status, answer.language) == ("overview", "answered", language)
    assert cited(answer) == {"bop-report"}
    assert 4 <= len(answer.statements) <= 8
    assert all(statement.citations for statement in answer.statements)
    for citation in answer.citations:
        assert citation.quotes
        assert all(is_verbatim(quote, citation.source) for quote in citation.quotes)


def test_as_many_points_come_as_were_asked_for(assistant: Assistant) -> None:
    answer = assistant.ask("summarise the survey in 3 bullets")
    assert cited(answer) == {"yangtze-delta-survey-2015"}
    assert answer.text.count("- ") == len(answer.statements) == 3


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("who wrote this report and when", ["BOP Consulting", "26 May 2016"]),
        ("how many documents do you have in here", ["5"]),
        ("which language was the survey written in", ["Chinese"]),
        ("where can I read the official text of the guide", ["http://www.etogether.net/"]),
        ("科技部的指引是原文还是摘要", ["摘要"]),
        ("工作报告是谁写的，什么时候", ["李克强", "2015年3月5日"]),
    ],
)
def test_questions_about_documents_are_answered_from_their_records(
    assistant: Assistant, question: str, said: list[str]
) -> None:
    answer = assistant.ask(question)
    assert (answer.kind, answer.status) == ("catalogue", "answered")
    assert all(words in answer.text for words in said)
    assert answer.citations
    # A record holds no words of the text that could be quoted; its sentence comes first.
    record = next(statement for statement in answer.statements if statement.citations)
    assert record.citations == (1,)
    assert record.text not in answer.citations[0].source.text


@pytest.mark.parametrize(
    "question", ["which of the documents mention Shanghai", "哪些文件提到上海"]
)
def test_which_documents_mention_it_says_who_does_and_who_does_not(
    assistant: Assistant, question: str
) -> None:
    answer = assistant.ask(question)
    assert answer.kind == "across"
    assert cited(answer) == {"bop-report", "work-report-2015", "yangtze-delta-survey-2015"}
    silent = [source for source in assistant.sources if source.id not in cited(answer)]
    after = answer.text.split("\n\n")[-1]
    assert all(s.title(answer.language).split("[")[0][:20] in after for s in silent)


def test_documents_come_in_the_order_of_their_dates(assistant: Assistant) -> None:
    answer = assistant.ask("list the documents in order of date")
    dates = [citation.source.date for citation in answer.citations]
    assert dates == sorted(dates)
    assert len(dates) == len(assistant.sources)


def test_a_comparison_has_both_sides_each_cited(assistant: Assistant) -> None:
    answer = assistant.ask("how does the survey's view of training differ from BOP's")
    assert answer.kind == "compare"
    assert cited(answer) == {"bop-report", "yangtze-delta-survey-2015"}


def test_a_side_of_a_comparison_that_says_nothing_is_named(assistant: Assistant) -> None:
    answer = assistant.ask("compare what the work report and BOP's report say about Provenience")
    assert cited(answer) == {"bop-report"}
    assert "2015 Government Work Report" in answer.text.split("\n\n")[-1]


@pytest.mark.parametrize("hello", ["hello", "thanks a lot!", "what can you do?", "你好", "你是谁"])
def test_small_talk_gets_a_friendly_reply_without_citations(
    assistant: Assistant, hello: str
) -> None:
    answer = assistant.ask(hello)
    assert (answer.kind, answer.status, answer.citations) == ("talk", "answered", ())
    assert answer.text
    assert "do not answer" not in answer.text


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("do you happen to know who heads the torch centre", "Zhang Zhihong"),
        ("您好，请问火炬中心主任是谁？谢谢", "张志宏"),
        ("how many questionaires came back", "636"),
    ],
)
def test_courtesies_and_typos_do_not_stand_in_the_way(
    assistant: Assistant, question: str, said: str
) -> None:
    answer = assistant.ask(question)
    assert answer.status == "answered"
    assert said in answer.text


def test_a_word_taken_for_another_is_named(assistant: Assistant) -> None:
    answer = assistant.ask("how many questionaires came back")
    assert "“questionaires” was taken as" in answer.text


def test_what_explains_a_term_comes_with_what_names_it(assistant: Assistant) -> None:
    answer = assistant.ask("什么是“有店无客”")
    assert "参与的人不多" in answer.text


def test_a_list_that_runs_over_sentences_comes_whole(assistant: Assistant) -> None:
    answer = assistant.ask("国办发〔2015〕9号文件的四条原则分别是什么")
    assert all(f"第{n}条原则" in answer.text for n in "一二三四")


@pytest.mark.parametrize(
    ("operation", "before", "now", "said"),
    [
        ("language", "Where is Innospace based?", "in chinese please", "上海"),
        ("language", "万科和谁签署了协议？", "say that in english", "Provenience"),
        ("others", "Which partners has Innospace worked with?", "are there any others?", ""),
        (
            "place",
            "Where is Innospace based?",
            "where does it say that",
            "international incubators",
        ),
        ("origin", "How many valid questionnaires came back?", "is that the original?", "digest"),
    ],
)
def test_operations_on_the_last_answer_do_what_they_say(
    assistant: Assistant, operation: str, before: str, now: str, said: str
) -> None:
    first = assistant.ask(before)
    second = assistant.ask(now, history=[first])
    assert second.operation == operation
    assert second.text != first.text
    assert said in second.text


def test_the_third_one_is_the_third_of_the_list_just_given(assistant: Assistant) -> None:
    first = assistant.ask("Which fields does Vanke's California incubator focus on?")
    second = assistant.ask("more detail on the last one", history=[first])
    assert "biotechnology" in second.stand_alone


def test_shorter_is_shorter_and_more_is_more(assistant: Assistant) -> None:
    first = assistant.ask("what is the survey about?")
    shorter = assistant.ask("shorter please", history=[first])
    longer = assistant.ask("more detail please", history=[first])
    assert len(shorter.text) < len(first.text) < len(longer.text)
    assert cited(shorter) == cited(first) == cited(longer)


def test_a_question_in_the_other_language_is_no_follow_up(assistant: Assistant) -> None:
    first = assistant.ask("How large is the venture fund for emerging industries?")
    second = assistant.ask("长三角调研收回多少份有效问卷？", history=[first])
    assert not second.follow_up
    assert "636" in second.text
