"""The sources of answers, beside the chat, as HTML: quotes, translations, pages, links."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote as encoded

from ..bodies import body_in
from ..messages import page_words
from ..types import Language
from .labels import ANSWER, PAGE, Labels, translated_by
from .permalinks import permalink_of, picture_of
from .records import CitationRecord, Conversation, Exchange
from .render import escape


def panel(conversation: Conversation, ui: Language) -> str:
    """The sources of every answer; those of the last one are open to view."""
    turns = [(n, exchange) for n, exchange in enumerate(conversation.exchanges) if exchange.text]
    parts = [render_sources(exchange, turn, shown=turn == turns[-1][0]) for turn, exchange in turns]
    return "".join(parts) or f'<p class="hint" lang="{ui}">{escape(PAGE[ui]["panel"])}</p>'


def render_sources(exchange: Exchange, turn: int, *, shown: bool) -> str:
    """One answer's part of the sources panel; a marker of an older answer shows its part again."""
    labels = ANSWER[exchange.language]
    shown_ones = exchange.citations or exchange.closest
    body = "".join(
        _citation(cited, exchange.language, turn, near=cited in exchange.closest)
        for cited in shown_ones
    )
    title = labels["sources" if exchange.citations or not body else "closest"]
    return (
        f'<section lang="{exchange.language}"{"" if shown else " hidden"}>'
        f"<h2>{title}</h2>"
        f'<p class="small">{escape(exchange.stand_alone)}</p>'
        f"{body or '<p class=hint>' + labels['none'] + '</p>'}</section>"
    )


def _citation(citation: CitationRecord, language: Language, turn: int, *, near: bool) -> str:
    labels = ANSWER[language]
    title = escape(citation.title(language))
    page = page_words(citation.page, language)
    facts = (body_in(citation.publisher, language), citation.date, page, labels[citation.kind])
    parts = [f"<h3>{escape(citation.heading)}</h3>"] if citation.heading else []
    original = f'<blockquote lang="{citation.language}">{highlight(citation)}</blockquote>'
    if citation.translations:
        made = translated_by(citation.translation_by, language)
        words = "<br>".join(map(escape, citation.translations))
        aligned = (
            f'<div><p class="small">{escape(made)}</p>'
            f'<p lang="{citation.translation_language}">{words}</p></div>'
        )
        parts.append(f'<div class="pair">{original}{aligned}</div>')
    else:
        parts.append(original)
    if citation.page:
        parts.append(_picture(citation, language))
    note = citation.note_zh if language == "zh" else citation.note_en
    if note:
        parts.append(f'<p class="note">{escape(note)}</p>')
    parts.append(f'<p class="links">{"".join(_links(citation, labels, turn, near))}</p>')
    # Nothing was quoted of what only came near: no marker stands for it.
    marker = "" if near else f'<span class="marker">[{citation.number}]</span> '
    return (
        f'<details class="source {citation.kind}" id="source-{turn}-{citation.number}">'
        f"<summary>{marker}<b>{title}</b>"
        f'<span class="byline">{escape(" · ".join(filter(None, facts)))}</span></summary>'
        f"{''.join(parts)}</details>"
    )


def highlight(citation: CitationRecord) -> str:
    """The passage as HTML, exactly the quoted characters in <mark>."""
    parts, done = [], 0
    for quote in sorted(citation.quotes, key=lambda quote: quote.start):
        start = max(quote.start - citation.start, done)
        end = quote.end - citation.start
        if start < end:
            parts.append(escape(citation.text[done:start]))
            parts.append(f"<mark>{escape(citation.text[start:end])}</mark>")
            done = end
    return "".join([*parts, escape(citation.text[done:])])


def _picture(citation: CitationRecord, language: Language) -> str:
    """The page of the original with the quoted lines marked; drawn when somebody looks at it."""
    quotes = [(quote.text, quote.start) for quote in citation.quotes]
    address = picture_of(citation.source_id, quotes or [(citation.text, citation.start)])
    page = page_words(citation.page, language)
    named = ANSWER[language]["picture"].format(page=page)
    return (
        f'<figure class="page-picture"><a href="{escape(_file_at(citation))}" target="_blank" '
        f'rel="noopener"><img loading="lazy" src="{escape(address)}" alt="{escape(named)}"></a>'
        "</figure>"
    )


def _file_at(citation: CitationRecord) -> str:
    """The address of the original, open at the page of the citation."""
    return f"/read/{encoded(citation.source_id, safe='')}/original#page={citation.page}"


def _links(citation: CitationRecord, labels: Labels, turn: int, near: bool) -> Iterator[str]:
    place = f"{turn}-{citation.number}"
    if not near:
        yield f'<button type="button" data-act="read" data-read="{place}">{labels["read"]}</button>'
    first = citation.quotes[0] if citation.quotes else citation
    address = escape(permalink_of(citation.source_id, first.text, first.start))
    yield f'<a href="{address}" target="_blank" rel="noopener">{labels["address"]}</a>'
    if citation.page:
        original = escape(_file_at(citation))
        named = page_words(citation.page, "zh" if labels is ANSWER["zh"] else "en")
        yield f'<a href="{original}" target="_blank" rel="noopener">{named} ↗</a>'
    if citation.url:
        yield (
            f'<a href="{escape(citation.url)}" target="_blank" rel="noopener noreferrer">'
            f"{labels['link']} ↗</a>"
        )
