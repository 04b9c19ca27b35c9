"""What the interfaces for programs share: a turn to be answered, citations as values and text."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import BaseModel, Field

from .. import Answer, Assistant
from ..bodies import body_in
from ..messages import page_words
from ..types import Support
from .admission import Room
from .hosting import AssistantHost
from .labels import ANSWER, translated_by

# Where `references` begins in a message.
_REFERENCES = re.compile(
    rf"\n+\*\*(?:{'|'.join(labels['sources'] for labels in ANSWER.values())})\*\*\n\n\[\d+\] "
)


class QuotedWords(BaseModel):
    """Words exactly as they stand in the source, at these characters of its text."""

    text: str
    start: int
    end: int = Field(description="Exclusive.")


class CitedSource(BaseModel):
    """What a marker such as [1] in an answer's text stands for."""

    number: int
    source_id: str
    title: str
    url: str = Field(description="Where the original is published.")
    page: int = Field(description="Of the original, where the first quote begins; 0 without pages.")
    quotes: list[QuotedWords]
    translations: list[str] = Field(
        description="The quotes in the other language, in their order; empty without translation."
    )
    support: Support = Field(
        description="How far the quoted passage carries the sentences that cite it."
    )


def cited(answer: Answer) -> list[CitedSource]:
    """The citations of an answer as plain values, titles in the answer's language."""
    return [
        CitedSource(
            number=citation.number,
            source_id=citation.source.id,
            title=citation.source.title(answer.language),
            url=citation.source.url,
            page=citation.page,
            quotes=[
                QuotedWords(text=quote.text, start=quote.start, end=quote.end)
                for quote in citation.quotes
            ],
            translations=list(citation.translations),
            support=citation.support,
        )
        for citation in answer.citations
    ]


def message_text(answer: Answer) -> str:
    """The answer's text with its markers, what became of the chat model, and the references."""
    return "\n\n".join(filter(None, [answer.text, answer.notice, references(answer)]))


def references(answer: Answer) -> str:
    """A numbered list of what the answer cites, every quote exactly; "" when it cites nothing.

    It reads as Markdown and as plain text. Quotes are not escaped: whoever shows them as HTML
    has to, as with any message of a chat model.
    """
    labels, colon = ANSWER[answer.language], "：" if answer.language == "zh" else ": "
    parts = [f"**{labels['sources']}**"]
    for citation in answer.citations:
        source = citation.source
        title = source.title(answer.language)
        page = page_words(citation.page, answer.language)
        publisher = body_in(source.publisher, answer.language)
        about = [title, publisher, source.date, page, labels[source.kind], source.url]
        parts.append(f"[{citation.number}] {' · '.join(filter(None, about))}")
        for i, quote in enumerate(citation.quotes):
            lines = quote.text.split("\n")
            if i < len(citation.translations) and source.translation:
                made = translated_by(source.translation.made_by, answer.language)
                lines += ["", *f"{made}{colon}{citation.translations[i]}".split("\n")]
            parts.append("\n".join(f"> {line}" if line else ">" for line in lines))
    return "\n\n".join(parts) if answer.citations else ""


def without_references(text: str) -> str:
    """An answer as it was worded: those who keep messages send it back with the list."""
    return _REFERENCES.split(text, maxsplit=1)[0]


@asynccontextmanager
async def served(host: AssistantHost, room: Room) -> AsyncIterator[Assistant]:
    """The assistant with a seat to use it from, to the end of the block.

    Waits until it is open and a seat is free. Raises AssistantError when it could not be opened
    and FullError when too many wait already.
    """
    async with room.seat():
        await host.ready()
        with host.use() as assistant:
            yield assistant
