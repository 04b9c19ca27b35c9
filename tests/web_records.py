"""Made-up exchanges for tests of what is kept, exported and sent back."""

from __future__ import annotations

from typing import Any

from assistant.types import Source, Translation
from assistant.web.records import CitationRecord, Exchange, LeadRecord, QuoteRecord, StatementRecord


def citation(
    number: int = 1, source_id: str = "doc", *, text: str = "Vanke signed. It grew.", url: str = ""
) -> CitationRecord:
    """A citation of a whole passage of a document of which little is known."""
    return CitationRecord(
        number=number,
        source_id=source_id,
        title_en=f"Notes {source_id}",
        title_zh=f"笔记{source_id}",
        author="",
        publisher="",
        date="",
        kind="original",
        url=url,
        note_en="",
        note_zh="",
        passage_id=f"{source_id}.1",
        heading="",
        language="en",
        start=10,
        end=10 + len(text),
        text=text,
        quotes=(QuoteRecord(10, 10 + len(text), text),),
        support="supported",
    )


def source_of(text: str = "", theirs: str | None = None, **known: str) -> Source:
    """A document of which little is known; `theirs`: its Chinese translation."""
    given = {"id": "doc", "title_en": "Document", "title_zh": "文件", "language": "en"} | known
    empty = dict.fromkeys(("author", "publisher", "date", "url", "licence", "sha256"), "")
    made = None if theirs is None else Translation("zh", theirs, "A. Translator")
    facts: dict[str, Any] = {"kind": "original", **empty, **given}
    return Source(text=text, translation=made, **facts)


def exchange(
    question: str = "Who signed?",
    said: str = "Vanke signed.",
    *cited: CitationRecord,
    lead: str = "",
) -> Exchange:
    """An answer of one statement that cites all of the citations, the first one by default."""
    cited = cited or (citation(),)
    markers = "".join(f"[{c.number}]" for c in cited)
    before = f"{lead} [{cited[0].number}]\n\n" if lead else ""
    return Exchange(
        question=question,
        stand_alone=question,
        language="en",
        status="answered",
        time="2026-11-23T06:00:00+00:00",
        text=f"{before}{said} {markers}",
        lead=LeadRecord(lead, cited[0].number, False) if lead else None,
        statements=(
            StatementRecord(said, "en", tuple(c.number for c in cited), False, "supported"),
        ),
        citations=cited,
    )
