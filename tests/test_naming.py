"""Which documents a question names: of the shipped corpus, and of another kind of library."""

from __future__ import annotations

import pytest

from assistant import Assistant
from assistant.planning.documents import documents_in
from assistant.planning.questions import without_names
from assistant.retrieval.glossary import Glossary
from assistant.types import Language, Source


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("whats this report about", "bop-report"),
        ("这份报告谁写的", "bop-report"),
        ("这个report主要讲什么", "bop-report"),
        ("BOP那篇文章是用什么语言写的", "bop-report"),
        ("does the work report set a number", "work-report-2015"),
        ("政府工作報告講了什麼", "work-report-2015"),
        ("what does premier li's report say about growth", "work-report-2015"),
        ("who was the ministry's guide sent to", "makerspace-guide-2015"),
        ("whats the doc number of the science ministrys guide", "makerspace-guide-2015"),
        ("科技部那个指引的主要内容是什么呢", "makerspace-guide-2015"),
        ("297号说了什么", "makerspace-guide-2015"),
        ("what does guobanfa no. 9 say in a nutshell", "makerspace-opinions-2015"),
        ("9号文是哪个机关发的", "makerspace-opinions-2015"),
        ("国务院的意见", "makerspace-opinions-2015"),
        ("the guiding opinions on makerspaces", "makerspace-opinions-2015"),
        ("which of the survey's scores was the lowest", "yangtze-delta-survey-2015"),
        ("長三角那份是原文還是摘要", "yangtze-delta-survey-2015"),
        ("《众创空间指引》讲什么", "makerspace-guide-2015"),
        ("the yangtze delta one", "yangtze-delta-survey-2015"),
        ("調研的主要結論有哪些", "yangtze-delta-survey-2015"),
        (
            "does the survey agree with bops report on costs",
            "yangtze-delta-survey-2015 bop-report",
        ),
        (
            "first principle of the guide vs first principle of no. 9",
            "makerspace-guide-2015 makerspace-opinions-2015",
        ),
        (
            "融资这个问题，工作报告和长三角调研各怎么看",
            "work-report-2015 yangtze-delta-survey-2015",
        ),
        (
            "what do the four Chinese documents say about training",
            "work-report-2015 makerspace-opinions-2015 yangtze-delta-survey-2015 "
            "makerspace-guide-2015",
        ),
    ],
)
def test_a_shipped_document_is_found_by_any_usual_name(
    assistant: Assistant, glossary: Glossary, text: str, ids: str
) -> None:
    assert documents_in(text, assistant.sources, glossary).ids == tuple(ids.split())


@pytest.mark.parametrize(
    "text",
    [
        "what does the ministry require of incubators",
        "How many jobs did China report in 2014?",
        "Did Vanke sign an agreement with a US investment company?",
        "What is the title of Guofa [2015] No. 32?",
        "9月8号发的是哪个",
        "What did the Ministry of Finance's September 2015 guidelines say?",
        "长三角收回多少份有效问卷",
        "which makerspaces stand for the hub model in China?",
        "tell me more about the third one",
        "in chinese please",
    ],
)
def test_what_is_only_spoken_of_limits_nothing(
    assistant: Assistant, glossary: Glossary, text: str
) -> None:
    found = documents_in(text, assistant.sources, glossary)
    assert (found.ids, found.every) == ((), False)


def test_an_issuer_alone_makes_its_document_likelier(
    assistant: Assistant, glossary: Glossary
) -> None:
    found = documents_in("科技部备案了多少家众创空间", assistant.sources, glossary)
    assert (found.ids, found.favoured) == ((), ("makerspace-guide-2015",))


@pytest.mark.parametrize(
    "text",
    [
        "which documents mention vanke",
        "每份文件怎么说",
        "哪份最早",
        "how many documents do you have",
    ],
)
def test_a_question_can_be_of_every_document(
    assistant: Assistant, glossary: Glossary, text: str
) -> None:
    found = documents_in(text, assistant.sources, glossary)
    assert (found.ids, found.every) == ((), True)


def _source(
    id_: str, title: str, author: str, language: Language = "en", licence: str = ""
) -> Source:
    return Source(
        id_, title, title, author, "", "1920-05-01", language, "", licence, "original", ""
    )


_OTHERS = (
    _source("whales", "Notes on whales", "Ada Brook", licence="CC0"),
    _source("lease-contract-1a2b3c4d", "Lease contract, Mill Lane 4", "Brook & Sons"),
    _source("bees", "Letters on bees", "Otto Lind", licence="CC0"),
)


@pytest.mark.parametrize(
    ("text", "before", "ids"),
    [
        ("who signed the contract?", "", "lease-contract-1a2b3c4d"),
        ("合同里写了什么", "", "lease-contract-1a2b3c4d"),
        ("what does my pdf say", "", "lease-contract-1a2b3c4d"),
        ("summarise lease-contract.pdf", "", "lease-contract-1a2b3c4d"),
        ("what do Lind's letters say", "", "bees"),
        ("what is this report about?", "", "whales"),
        ("and the survey?", "", ""),
        ("what does the other one say", "whales bees", "whales"),
        ("另一份呢", "whales bees", "whales"),
        ("what does the first document say", "bees whales", "bees"),
        ("这两份文件有什么不同", "whales bees", "whales bees"),
        ("what is this document about", "whales bees", "bees"),
    ],
)
def test_documents_of_any_library_are_found(text: str, before: str, ids: str) -> None:
    found = documents_in(text, _OTHERS, Glossary(), before.split())
    assert found.ids == tuple(ids.split())


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("how long is the deficit in the work report?", "how long is the deficit ?"),
        ("长三角调研收回多少份有效问卷", "收回多少份有效问卷"),
        ("who was the ministry's guide sent to", "who was sent to"),
        ("《众创空间指引》讲什么", "讲什么"),
    ],
)
def test_names_of_documents_can_be_left_out_of_a_search(
    assistant: Assistant, glossary: Glossary, text: str, rest: str
) -> None:
    assert without_names(text, documents_in(text, assistant.sources, glossary).names) == rest
