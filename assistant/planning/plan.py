"""What is asked for: the plan that everything after it follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..types import Language, RequestKind

# Sections of a source's record that can be asked for.
Field = Literal[
    "author", "date", "kind", "language", "address", "number", "title",
    "list", "count", "newest", "oldest",
]  # fmt: skip
Operation = Literal[
    "",
    "language",
    "shorter",
    "longer",
    "others",
    "item",
    "origin",
    "place",
    "speaker",
    "address",
    "repeat",
]
Talk = Literal["", "greeting", "thanks", "self", "help", "farewell"]


@dataclass(frozen=True, slots=True)
class Spelling:
    """A word of the question that the sources do not know, and what it was taken for."""

    typed: str
    taken: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How one request is answered.

    asked: as typed; text: as it is understood without the conversation. kind: what kind of reply
    is due. language: the question's; replies: those of the reply, the first one first. parts: the
    stand-alone questions to search for, without courtesies and instructions, the main one first;
    plain: the question without what the conversation put into it ("" where that is the same),
    searched beside the first part in `recent`, the sources that were last spoken of; forms: what
    else it may ask; before: the last question. documents: ids of the sources that are asked
    about, in the order they are named; () for all. topic: what documents are asked about ("" for
    the whole of them). fields: what of the records is asked for. count: how many sentences or
    points are wanted, 0 for as many as usual; more: whether more than usual is. operation: what
    is wanted of the last answer. talk: which kind of small talk. spellings: words that were taken
    for others. follow_up: whether the conversation was needed.
    """

    asked: str
    text: str
    kind: RequestKind
    language: Language
    replies: tuple[Language, ...]
    parts: tuple[str, ...]
    plain: str = ""
    forms: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()
    before: str = ""
    documents: tuple[str, ...] = ()
    topic: str = ""
    fields: tuple[Field, ...] = ()
    count: int = 0
    more: bool = False
    operation: Operation = ""
    talk: Talk = ""
    spellings: tuple[Spelling, ...] = ()
    follow_up: bool = False
