"""Claims against the shipped corpus: its own sentences stand, and so few corrupted ones do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from assistant import Assistant, Passage
from assistant.retrieval.figures import numbers_in
from assistant.types import LANGUAGES, Issue, IssueKind, Span, Support
from assistant.writing.verification import Check, check_claim

TEXT = (
    "Harbour Mills opened in May 2016 with 12 firms and 20 offices. "
    "The city of Lingang pays its rent of 1.2 million yuan. "
    "Most tenants make medical instruments."
)


@pytest.fixture
def passage(assistant: Assistant) -> Passage:
    """A passage on something that the corpus does not speak of, without a translation."""
    real = assistant.retrieve("Vanke")[0].passage
    ends = [TEXT.index(". ") + 1, TEXT.index("yuan.") + 5, len(TEXT)]
    spans = (Span(0, ends[0]), Span(ends[0] + 1, ends[1]), Span(ends[1] + 1, ends[2]))
    return replace(
        real, heading="", start=0, end=len(TEXT), text=TEXT, sentences=spans, translation=None
    )


def checked(assistant: Assistant, passage: Passage, claim: str) -> Check:
    return check_claim(claim, [passage], assistant.index.sources, assistant.index.glossary)


@pytest.mark.parametrize(
    ("claim", "support", "kind"),
    [
        ("Harbour Mills opened in May 2016.", "supported", None),
        ("The rent of 1,200,000 yuan is paid by the city of Lingang.", "supported", None),
        ("Harbour Mills opened in June 2016.", "unsupported", "figure"),
        ("The city of Lingang pays a rent of 1.2 billion yuan.", "unsupported", "figure"),
        ("The city of Ningbo pays its rent of 1.2 million yuan.", "unsupported", "name"),
        ("The city of Lingang does not pay its rent.", "unsupported", "negation"),
        ("Harbour Mills sells bicycles to tourists on weekends.", "unsupported", "words"),
    ],
)
def test_each_kind_of_fault_is_named(
    claim: str, support: Support, kind: IssueKind | None, assistant: Assistant, passage: Passage
) -> None:
    check = checked(assistant, passage, claim)
    assert check.support == support, check
    kinds = [issue.kind for issue in check.issues]
    assert kind in kinds if kind else not kinds


def test_an_answer_does_not_speak_as_its_source(assistant: Assistant, passage: Passage) -> None:
    check = checked(assistant, passage, "I am the city of Lingang and pay the rent.")
    assert Issue("words", "I") in check.issues
    spoken = replace(passage, text=TEXT.replace("Most tenants", "I note: tenan"))
    check = checked(assistant, spoken, "I am the city of Lingang and pay the rent.")
    assert Issue("words", "I") not in check.issues


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("1.2 million yuan", "120万元"),
        ("two thirds", "三分之二"),
        ("twenty-five per cent", "百分之二十五"),
        ("16 May 2016", "2016年5月16日"),
        ("the third stage", "第三阶段"),
        ("a hundred and five rooms", "一百零五个房间"),
    ],
)
def test_numbers_agree_across_languages(english: str, chinese: str) -> None:
    ours, theirs = numbers_in(english), numbers_in(chinese)
    assert ours
    assert all(any(our.agrees(their) for their in theirs) for our in ours)


def test_numbers_of_other_kinds_or_units_do_not_agree() -> None:
    for english, chinese in (
        ("5 km", "5英里"),
        ("5 yuan", "5美元"),
        ("50%", "50家"),
        ("June", "6家"),
        ("16 billion", "16亿"),
    ):
        (our,), (their,) = numbers_in(english), numbers_in(chinese)
        assert not our.agrees(their), (english, chinese)


def test_nothing_cited_is_unsupported(assistant: Assistant) -> None:
    check = check_claim("It grew.", [], assistant.index.sources, assistant.index.glossary)
    assert (check.support, check.issues[0].kind, check.carriers) == ("unsupported", "citation", ())


def corpus_passages(assistant: Assistant) -> Iterator[Passage]:
    yield from (p for id_ in assistant.index.records for p in assistant.index.passages_of(id_))


def test_every_sentence_of_the_corpus_stands_by_itself_and_by_its_original(
    assistant: Assistant,
) -> None:
    said = fallen = 0
    for passage in corpus_passages(assistant):
        for number in range(len(passage.sentences)):
            for language in LANGUAGES:
                words = passage.sentence_in(number, language)
                assert words is not None
                said += 1
                fallen += checked(assistant, passage, words).support != "supported"
    assert said > 350
    assert fallen == 0


def test_a_translation_mostly_stands_by_an_original_without_it(assistant: Assistant) -> None:
    supports: list[Support] = []
    for passage in corpus_passages(assistant):
        if passage.translation is None:
            continue
        bare = replace(passage, translation=None)
        for number in range(len(passage.sentences)):
            words = passage.translation.sentence(number)
            supports.append(checked(assistant, bare, words).support)
    assert supports.count("unsupported") / len(supports) < 0.15
    assert supports.count("supported") / len(supports) > 0.6
