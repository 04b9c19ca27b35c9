"""Quotes are slices, cut here by code; and how well a statement rests on what it cites."""

from __future__ import annotations

from ..retrieval.figures import figures
from ..types import Quote, Source, Span, Support


def cut_quote(source: Source, span: Span) -> Quote:
    """The source's own words between two offsets, with the hash of the text they are from."""
    words = source.text[span.start : span.end]
    return Quote(source.id, span.start, span.end, words, source.sha256)


def is_verbatim(quote: Quote, source: Source) -> bool:
    """Whether the quote is, letter for letter, what stands at its place in this source."""
    return (
        quote.source_id == source.id
        and quote.source_sha256 == source.sha256
        and 0 <= quote.start < quote.end <= len(source.text)
        and source.text[quote.start : quote.end] == quote.text
    )


def support(statement: str, quote: Quote) -> Support:
    """How well a quote carries a statement that repeats or translates it.

    The very words are supported; so is an aligned translation with the same figures.
    """
    if statement == quote.text or figures(statement) == figures(quote.text):
        return "supported"
    return "partly"
