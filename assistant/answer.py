"""The answer: what was said, on what it rests, and how it prints."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from .bodies import author_in, body_in
from .messages import page_words, say
from .types import (
    NO_USAGE,
    Citation,
    Hit,
    Language,
    Lead,
    RequestKind,
    Statement,
    Status,
    Timings,
    Usage,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer; nothing changes it after it is made.

    status: "answered"; "partial" when the sources come near but do not say it; "refused" when
    nothing is near. text holds [n] markers for `citations`. reason says why a question was not
    simply answered ("" when it was). lead: the few words that answer, where the reader found
    them. confidence: how likely it is that the sources answer, 0 to 1, as fitted for the
    embedding model that `decision` names; "default" there says that it has no fit of its own.
    stand_alone is the request as it is understood without the conversation: different from
    `question` for a follow-up, as `follow_up` says. kind: what kind of reply it got; operation:
    what was wanted of the answer before, "" for a request of its own. language: the asker's or
    the one that is set; languages: all that the text is in, one after the other.

    composer: "quotes", or the name of the chat model that wrote it; prompt: the version of what
    it was told. notice: why the chat model's words are not there, or not all of them ("" for
    nothing to tell). unknown_markers: numbers that it cited and was never shown. usage: what
    it cost. build and settings name what the answer was made with.
    """

    question: str
    stand_alone: str
    language: Language
    status: Status
    text: str
    reason: str
    confidence: float
    lead: Lead | None
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    composer: str
    build: str
    settings: str
    timings: Timings
    languages: tuple[Language, ...] = ()
    follow_up: bool = False
    kind: RequestKind = "lookup"
    operation: str = ""
    decision: str = ""
    prompt: str = ""
    notice: str = ""
    unknown_markers: tuple[int, ...] = ()
    usage: Usage = NO_USAGE

    def __str__(self) -> str:
        """The text with its numbered sources, for a terminal."""
        lines = [*([self.notice, ""] if self.notice else []), self.text]
        for citation in self.citations:
            source = citation.source
            # What a reader added has neither publisher nor date.
            page = page_words(citation.page, self.language)
            title = source.title(self.language)
            publisher = body_in(source.publisher, self.language)
            facts = filter(None, (title, publisher, source.date, page))
            lines += [
                "",
                f"[{citation.number}] {' · '.join(facts)} ({say(source.kind, self.language)})",
            ]
            for i, quote in enumerate(citation.quotes):
                lines.append(f"    “{quote.text}”  ({quote.start}–{quote.end})")
                if i < len(citation.translations):
                    lines.append(f"    = {citation.translations[i]}")
        if self.usage.calls:
            cost = say(
                "cost",
                self.language,
                composer=self.composer,
                about=say("about", self.language) if self.usage.estimated else "",
                tokens_in=str(self.usage.tokens_in),
                tokens_out=str(self.usage.tokens_out),
            )
            lines += ["", f"({cost})"]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON.

        Sources come without their whole texts and their guides, their makers under the names that
        they have in the answer's language.
        """
        data = asdict(self)
        for citation in data["citations"]:
            source = citation["source"]
            for key in ("text", "translation", "pages", "guide"):
                source.pop(key)
            source["author"] = author_in(source["author"], self.language)
            source["publisher"] = body_in(source["publisher"], self.language)
        return data

    def to_json(self, *, indent: int | None = None) -> str:
        """`to_dict` as a JSON object, characters as they are."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    def to_markdown(self) -> str:
        """The answer with a numbered reference list, original words in block quotes."""
        notice = [f"*{self.notice}*", ""] if self.notice else []
        lines = [f"**{self.question}**", "", *notice, self.text, ""]
        for citation in self.citations:
            source = citation.source
            title = source.title(self.language)
            linked = f"[{title}]({source.url})" if source.url else title
            page = page_words(citation.page, self.language)
            author = author_in(source.author, self.language)
            facts = filter(None, (author, linked, source.date, page))
            lines.append(f"{citation.number}. {'. '.join(facts)}.")
            for i, quote in enumerate(citation.quotes):
                lines += ["", *(f"   > {line}" for line in quote.text.splitlines())]
                if i < len(citation.translations):
                    lines += ["   >", f"   > *{citation.translations[i]}*"]
            lines.append("")
        return "\n".join(lines).rstrip() + "\n"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed answer; the last one holds the whole answer and no text."""

    text: str
    answer: Answer | None = None

    def __add__(self, other: Chunk) -> Chunk:
        """Both together, as LangChain adds up what a stream gave."""
        return Chunk(self.text + other.text, other.answer or self.answer)
