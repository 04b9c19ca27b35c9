"""The reader beside the chat: a whole document with all that a conversation cites of it marked."""

from __future__ import annotations

from ..types import Language, Source, Span
from .labels import PAGE
from .permalinks import find_words
from .reader import Mark, render_document
from .records import CitationRecord, Conversation


def reader_html(
    source: Source, cited: CitationRecord, conversation: Conversation, ui: Language
) -> str:
    """The document of a citation, with a way back; its words have the id `read-target`.

    Quotes are looked for anew: the document may have been replaced since the answer.
    """
    marks: dict[tuple[int, int], list[str]] = {}
    for exchange in conversation.exchanges:
        for citation in exchange.citations:
            if citation.source_id == source.id:
                for span in _quoted(source, citation):
                    label = f"[{citation.number}]"
                    labels = marks.setdefault((span.start, span.end), [])
                    labels += [label] * (label not in labels)
    target = next(iter(_quoted(source, cited)), None)
    shown = render_document(
        source,
        [Mark(start, end, "".join(labels)) for (start, end), labels in sorted(marks.items())],
        language=ui,
        target=target,
        prefix="read-",
    )
    back = f'<p><button type="button" data-act="back">← {PAGE[ui]["back"]}</button></p>'
    return f'<div lang="{ui}">{back}{shown}</div>'


def _quoted(source: Source, citation: CitationRecord) -> list[Span]:
    found = [find_words(source.text, quote.text, at=quote.start) for quote in citation.quotes]
    return [span for span in found if span is not None]
