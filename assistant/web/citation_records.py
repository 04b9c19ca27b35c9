"""What is kept of an answer's citations and statements; see `records`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from ..types import Citation, IssueKind, Kind, Language, Passage, Source, Statement, Support

# The longest text and list that a record may hold, ten times what a chat model
# writes in 800 tokens (`chat_tokens`); and the largest whole number that JavaScript keeps exactly.
Text = Annotated[str, Field(max_length=50_000)]
# An id or a date; the longest id that is made has 57 characters, a corpus may name its own.
Line = Annotated[str, Field(max_length=400)]
Number = Annotated[int, Field(ge=0, le=2**53 - 1)]
MOST = Field(max_length=200)


@dataclass(frozen=True, slots=True)
class QuoteRecord:
    """Exact words of a source; offsets into the source's text."""

    start: Number
    end: Number
    text: Text


@dataclass(frozen=True, slots=True)
class CitationRecord:
    """What the marker [number] stands for, with all that shows and cites its source.

    start, end, text, heading and language are the passage's; page: of the original, where the
    quoted words begin, 0 without pages; url is "" unless it is one of the
    web. Raises ValueError when a quote is no slice of the passage.
    """

    number: Number
    source_id: Line
    title_en: Text
    title_zh: Text
    author: Text
    publisher: Text
    date: Line
    kind: Kind
    url: Text
    note_en: Text
    note_zh: Text
    passage_id: Line
    heading: Text
    language: Language
    start: Number
    end: Number
    text: Text
    quotes: Annotated[tuple[QuoteRecord, ...], MOST]
    support: Support
    translations: Annotated[tuple[Text, ...], MOST] = ()
    translation_language: Language | None = None
    translation_by: Text = ""
    page: Number = 0

    def __post_init__(self) -> None:
        """Reject quotes that are not there, and addresses that are no web page's."""
        if self.end - self.start != len(self.text):
            raise ValueError("start and end do not fit the passage's text.")
        for quote in self.quotes:
            there = self.start <= quote.start <= quote.end <= self.end
            if not there or self.text[quote.start - self.start : quote.end - self.start] != (
                quote.text
            ):
                raise ValueError("a quote does not stand in its passage.")
        if self.url and not self.url.startswith(("https://", "http://")):
            raise ValueError("url must begin with https:// or http://.")

    def title(self, language: Language) -> str:
        """The source's title in the asked language."""
        return self.title_zh if language == "zh" else self.title_en

    @classmethod
    def of(cls, citation: Citation) -> CitationRecord:
        """The record of an answer's citation."""
        quotes = tuple(QuoteRecord(q.start, q.end, q.text) for q in citation.quotes)
        return replace(
            cls.near(citation.number, citation.passage, citation.source),
            quotes=quotes,
            support=citation.support,
            translations=citation.translations,
            page=citation.page,
        )

    @classmethod
    def near(cls, number: int, passage: Passage, source: Source) -> CitationRecord:
        """The record of a passage that came near, of which nothing is quoted."""
        aligned = source.translation
        return cls(
            number=number,
            source_id=source.id,
            title_en=source.title_en,
            title_zh=source.title_zh,
            author=source.author,
            publisher=source.publisher,
            date=source.date,
            kind=source.kind,
            url=source.url if source.url.startswith(("https://", "http://")) else "",
            note_en=source.note_en,
            note_zh=source.note_zh,
            passage_id=passage.id,
            heading=passage.heading,
            language=passage.language,
            start=passage.start,
            end=passage.end,
            text=passage.text,
            quotes=(),
            support="unsupported",
            translation_language=aligned.language if aligned else None,
            translation_by=aligned.made_by if aligned else "",
            page=passage.page,
        )


@dataclass(frozen=True, slots=True)
class IssueRecord:
    """Why a statement is not fully supported; see `assistant.types.Issue`."""

    kind: IssueKind
    text: Text


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """One piece of an answer with the numbers of its citations and its grade."""

    text: Text
    language: Language
    citations: Annotated[tuple[Number, ...], MOST]
    translated: bool
    support: Support
    issues: Annotated[tuple[IssueRecord, ...], MOST] = ()

    @classmethod
    def of(cls, said: Statement) -> StatementRecord:
        """The record of an answer's statement."""
        return cls(
            text=said.text,
            language=said.language,
            citations=said.citations,
            translated=said.translated,
            support=said.support,
            issues=tuple(IssueRecord(issue.kind, issue.text) for issue in said.issues),
        )


@dataclass(frozen=True, slots=True)
class LeadRecord:
    """The few words that answer, and the number of the citation that holds them."""

    text: Text
    citation: Number
    translated: bool
