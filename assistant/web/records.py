"""Conversations as the browser keeps them: plain, versioned, and never trusted when they return.

An exchange holds all that the page shows of an answer, so that it can be shown again after a
rebuild, without the sources' whole texts.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from .. import Answer
from ..retrieval.language import question_language
from ..types import NO_USAGE, Language, Source, Status, Turn, Usage
from .citation_records import (
    MOST,
    CitationRecord,
    LeadRecord,
    Number,
    QuoteRecord,
    StatementRecord,
    Text,
)

__all__ = [
    "CitationRecord",
    "Conversation",
    "Exchange",
    "LeadRecord",
    "QuoteRecord",
    "StatementRecord",
]

# Of the form that browsers keep; another one is not read.
VERSION = 1
# A conversation of fifty long answers has 0.5 MB, of the 5 MB that browsers keep for a site.
KEPT = 50
# Passages that are shown for a refusal: as many as fit beside it.
NEAREST = 3
# One line of the list of conversations.
NAME_CHARACTERS = 60
# The longest that `Settings.question_chars` may allow.
_QUESTION = 20_000
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
# A time in ISO 8601 has 25 characters, with fractions 32.
Short = Annotated[str, Field(max_length=40)]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with its answer, or with `error`, the sentence that says why there is none.

    time: when it was answered, ISO 8601 in UTC. closest: of a question that was refused, the
    passages that came nearest. The other fields are the answer's.
    """

    question: Text
    stand_alone: Text
    language: Language
    status: Status
    time: Short
    text: Text = ""
    reason: Text = ""
    notice: Text = ""
    error: Text = ""
    lead: LeadRecord | None = None
    statements: Annotated[tuple[StatementRecord, ...], MOST] = ()
    citations: Annotated[tuple[CitationRecord, ...], MOST] = ()
    closest: Annotated[tuple[CitationRecord, ...], MOST] = ()
    composer: Text = "quotes"
    usage: Usage = NO_USAGE
    unknown_markers: Annotated[tuple[Number, ...], MOST] = ()
    follow_up: bool = False

    def __post_init__(self) -> None:
        """Reject a time that is none."""
        _check_time("time", self.time)

    @classmethod
    def of(cls, answer: Answer, sources: Mapping[str, Source] | None = None) -> Exchange:
        """The record of an answer, made now; `sources`: those of the index, for what came near."""
        lead = answer.lead
        near = answer.hits[:NEAREST] if answer.status == "refused" and not answer.citations else ()
        passages = [hit.passage for hit in near if hit.passage.source_id in (sources or {})]
        return cls(
            question=answer.question,
            stand_alone=answer.stand_alone,
            language=answer.language,
            status=answer.status,
            time=_now(),
            text=answer.text,
            reason=answer.reason,
            notice=answer.notice,
            lead=LeadRecord(lead.text, lead.citation, lead.translated) if lead else None,
            statements=tuple(map(StatementRecord.of, answer.statements)),
            citations=tuple(map(CitationRecord.of, answer.citations)),
            closest=tuple(
                CitationRecord.near(number, passage, (sources or {})[passage.source_id])
                for number, passage in enumerate(passages, start=1)
            ),
            composer=answer.composer,
            usage=answer.usage,
            unknown_markers=answer.unknown_markers,
            follow_up=answer.follow_up,
        )

    @classmethod
    def failed(cls, question: str, error: str) -> Exchange:
        """A question that got no answer; `error` says why.

        Of a question that is too long or no text, as much is kept as can be read again.
        """
        question = question[:_QUESTION].encode("utf-8", "replace").decode()
        language = question_language(question)
        return cls(question, question, language, "refused", _now(), error=error)

    def citation(self, number: int) -> CitationRecord | None:
        """The citation of that number, if there is one."""
        return next((cited for cited in self.citations if cited.number == number), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON, with the version of their form."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Any) -> Exchange:
        """What `to_dict` gave; raises ValueError with a sentence for anything else."""
        _check_version(data)
        return _read(cls, data, "the exchange")


@dataclass(frozen=True, slots=True)
class Conversation:
    """The latest exchanges of a conversation, at most 50, oldest first.

    created: ISO 8601 in UTC. name: by default the beginning of the first question.
    """

    id: Text
    name: Annotated[str, Field(max_length=NAME_CHARACTERS)]
    created: Short
    exchanges: Annotated[tuple[Exchange, ...], Field(max_length=KEPT)] = ()

    def __post_init__(self) -> None:
        """Reject an id or a time that is none."""
        if not _ID.fullmatch(self.id):
            raise ValueError("id must be 1 to 64 letters, digits or hyphens.")
        _check_time("created", self.created)

    @classmethod
    def new(cls) -> Conversation:
        """An empty conversation that begins now."""
        return cls(uuid.uuid4().hex, "", _now())

    def with_exchange(self, exchange: Exchange) -> Conversation:
        """The conversation with one more exchange; the oldest go when there are too many."""
        name = self.name or _name(exchange.question)
        return replace(self, name=name, exchanges=(*self.exchanges, exchange)[-KEPT:])

    def until(self, turn: int | None) -> Conversation:
        """The conversation before the exchange of that number; all of it for None.

        Where nothing is left, a name that was the first question's goes too.
        """
        if turn is None or turn >= len(self.exchanges):
            return self
        named = self.name != _name(self.exchanges[0].question)
        name = self.name if named or turn > 0 else ""
        return replace(self, name=name, exchanges=self.exchanges[: max(turn, 0)])

    def turns(self) -> tuple[Turn, ...]:
        """The conversation as `Assistant.ask` takes it, without questions that got no answer."""
        return tuple(
            Turn(
                exchange.question,
                exchange.text,
                exchange.stand_alone,
                tuple(dict.fromkeys(cited.source_id for cited in exchange.citations)),
            )
            for exchange in self.exchanges
            if not exchange.error
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON, with the version of their form."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Any) -> Conversation:
        """What `to_dict` gave; raises ValueError with a sentence for anything else."""
        _check_version(data)
        return _read(cls, data, "the conversation")

    @classmethod
    def from_json(cls, text: str) -> Conversation:
        """The conversation of a text that a browser kept; raises ValueError with a sentence."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError("the conversation is not JSON that can be read.") from error
        return cls.from_dict(data)


def _name(question: str) -> str:
    words = " ".join(question.split())
    if len(words) <= NAME_CHARACTERS:
        return words
    return f"{words[: NAME_CHARACTERS - 1].rstrip()}…"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _check_time(name: str, value: str) -> None:
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{name} is {value!r}, but must be a time in ISO 8601.") from error


def _check_version(data: Any) -> None:
    version = data.get("version") if isinstance(data, Mapping) else None
    if type(version) is not int:
        raise ValueError("this is no record of a conversation: it has no version.")
    if version != VERSION:
        raise ValueError(
            f"the record has version {version}, but this program reads version {VERSION}."
        )


def _read(kind: type[T], data: Any, at: str) -> T:
    """The data as a `kind`, nothing converted; raises ValueError with one sentence."""
    try:
        return TypeAdapter(kind).validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ", ".join([at, *map(str, first["loc"])])
        said = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise ValueError(f"{place}: {said}.") from error
