"""The tools that `mcp_server` offers: what each takes, gives and does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .. import Assistant, Source, Turn
from ..errors import QuestionError
from ..retrieval.language import question_language
from ..settings import LanguagePolicy
from ..types import Kind, Language, Status
from .for_programs import CitedSource, cited


class _Arguments(BaseModel):
    # A misspelt argument would otherwise be left out without a word.
    model_config = ConfigDict(extra="forbid")


class SearchArguments(_Arguments):
    """What `search` takes."""

    question: str = Field(description="A question that stands alone, in English or Chinese.")
    count: int = Field(6, ge=1, le=50, description="How many passages at most.")
    sources: Annotated[list[str], Field(min_length=1)] | None = Field(
        None, description="Ids of the sources to search; left out or null: all of them."
    )


class AskArguments(_Arguments):
    """What `ask` takes."""

    question: str = Field(description="The question, in English or Chinese; may be a follow-up.")
    history: list[Turn] | None = Field(
        None, description="The conversation so far, oldest first, for follow-up questions."
    )
    language: LanguagePolicy | None = Field(
        None, description="Of the answer; left out or null: as the server is set, mostly as asked."
    )


class ReadArguments(_Arguments):
    """What `read` takes."""

    source_id: str = Field(description="As `search` and the citations of `ask` give it.")
    start: int = Field(0, ge=0, description="The first character wanted, counted from 0.")
    length: int = Field(4000, ge=1, le=20_000, description="How many characters at most.")


class FoundPassage(BaseModel):
    """A passage, exactly as it stands in its source at these characters."""

    source_id: str
    title: str = Field(description="Of the source, in the question's language.")
    heading: str
    page: int = Field(description="Of the original, where it begins; 0 without pages.")
    start: int
    end: int = Field(description="Exclusive.")
    text: str
    translation: str | None = Field(description="In the other language, where there is one.")
    score: float = Field(description="Rises with relevance; to compare within one search only.")


class SearchResult(BaseModel):
    """Passages, the most relevant first."""

    passages: list[FoundPassage]


class AskResult(BaseModel):
    """An answer whose markers such as [1] stand for its citations."""

    answer: str
    status: Status = Field(
        description="answered; partial: the sources come near; refused: they do not answer."
    )
    reason: str = Field(description="Why it was not simply answered; empty when it was.")
    stand_alone: str = Field(description="The question as it was understood and searched for.")
    language: Language
    composer: str = Field(description='"quotes", or the chat model that worded the answer.')
    notice: str = Field(description="Why a chat model's words are missing; empty if they are not.")
    citations: list[CitedSource]


class ReadResult(BaseModel):
    """A stretch of a source's text."""

    source_id: str
    title: str
    kind: Kind = Field(description="A digest is the project's own summary, not the original.")
    note: str = Field(description="What a reader must know about this text; may be empty.")
    language: Language
    url: str = Field(description="Where the original is published.")
    text: str
    start: int
    total: int = Field(description="Characters of the whole text.")
    next_start: int | None = Field(description="Where to read on; null at the end.")


async def search(assistant: Assistant, asked: SearchArguments) -> SearchResult:
    """The passages for a question; raises QuestionError for a wrong question or source."""
    sources = {source.id: source for source in assistant.sources}
    for wanted in asked.sources or ():
        _source(sources, wanted)
    hits = await asyncio.to_thread(
        assistant.retrieve, asked.question, count=asked.count, sources=asked.sources
    )
    language = question_language(asked.question)
    passages = [
        FoundPassage(
            source_id=hit.passage.source_id,
            title=sources[hit.passage.source_id].title(language),
            heading=hit.passage.heading,
            page=hit.passage.page,
            start=hit.passage.start,
            end=hit.passage.end,
            text=hit.passage.text,
            translation=hit.passage.translation.text if hit.passage.translation else None,
            score=hit.score,
        )
        for hit in hits
    ]
    return SearchResult(passages=passages)


async def ask(assistant: Assistant, asked: AskArguments) -> AskResult:
    """The answer to a question; cancelling stops a chat model."""
    adjusted = assistant.adjusted(language=asked.language)
    answer = await adjusted.aask(asked.question, history=asked.history or ())
    return AskResult(
        answer=answer.text,
        status=answer.status,
        reason=answer.reason,
        stand_alone=answer.stand_alone,
        language=answer.language,
        composer=answer.composer,
        notice=answer.notice,
        citations=cited(answer),
    )


async def read(assistant: Assistant, asked: ReadArguments) -> ReadResult:
    """A stretch of a source; raises QuestionError for an unknown source or a start behind it."""
    source = _source({source.id: source for source in assistant.sources}, asked.source_id)
    total, end = len(source.text), asked.start + asked.length
    if asked.start >= total > 0:
        raise QuestionError(
            f"start is {asked.start:,}, but {source.id!r} has {total:,} characters. "
            f"Read from 0 to {total - 1:,}."
        )
    return ReadResult(
        source_id=source.id,
        title=source.title(source.language),
        kind=source.kind,
        note=source.note(source.language),
        language=source.language,
        url=source.url,
        text=source.text[asked.start : end],
        start=asked.start,
        total=total,
        next_start=end if end < total else None,
    )


def _source(sources: Mapping[str, Source], wanted: str) -> Source:
    if wanted not in sources:
        known = ", ".join(sources)
        raise QuestionError(f"There is no source {wanted!r}. The sources are: {known}.")
    return sources[wanted]
