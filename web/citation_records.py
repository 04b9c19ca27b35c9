"""What is kept of an answer's citations and statements; see `records`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from assistant.types import (
    Citation,
    IssueKind,
    Kind,
    Language,
    Passage,
    Source,
    Statement,
    Support,
)

from .plain_values import Most

# An id or a date; the longest id that is made has 57 characters, a corpus may name its own.
Line = Annotated[str, Most(400)]


@dataclass(frozen=True, slots=True)
class QuoteRecord:
    """Exact words of a source; offsets into the source's text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class CitationRecord:
    """What the marker [number] stands for, with all that shows and cites its source.

    start, end, text, heading and language are the passage's; page: of the original, where the
    quoted words begin, 0 without pages; url is "" unless it is one of the
    web. Raises ValueError when a quote is no slice of the passage.
    """

    number: int
    source_id: Line
    title_en: str
    title_zh: str
    author: str
    publisher: str
    date: Line
    kind: Kind
    url: str
    note_en: str
    note_zh: str
    passage_id: Line
    heading: str
    language: Language
    start: int
    end: int
    text: str
    quotes: tuple[QuoteRecord, ...]
    support: Support
    translations: tuple[str, ...] = ()
    translation_language: Language | None = None
    translation_by: str = ""
    page: int = 0

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
    text: str


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """One piece of an answer with the numbers of its citations and its grade."""

    text: str
    language: Language
    citations: tuple[int, ...]
    translated: bool
    support: Support
    issues: tuple[IssueRecord, ...] = ()

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

    text: str
    citation: int
    translated: bool
