"""The values that flow from corpus to answer: frozen, comparable, without behaviour of weight.

Offsets count characters (Python `str` indices) of the source's text; the end is exclusive.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, Language] = ("en", "zh")
Kind = Literal["original", "digest", "translation"]
GuideRole = Literal["overview", "key"]
Status = Literal["answered", "partial", "refused"]
Support = Literal["supported", "partly", "unsupported"]
# What kind of reply a request gets.
RequestKind = Literal["lookup", "overview", "compare", "across", "catalogue", "talk"]
# Who speaks to a chat model, and what.
Message = tuple[Literal["system", "user", "assistant"], str]
IssueKind = Literal["figure", "name", "negation", "words", "place", "citation", "judge"]


def other_language(language: Language) -> Language:
    """The one of the two languages that this is not."""
    return "zh" if language == "en" else "en"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a source's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Translation:
    """A whole text in the other language, aligned line by line with its source.

    `made_by` names who translated it; `lines[i]` translates the source's line i.
    """

    language: Language
    text: str
    made_by: str


@dataclass(frozen=True, slots=True)
class GuidePoint:
    """A sentence written beforehand on what a source is about, in both languages.

    role: "overview" for what the source is and says in all, "key" for a main point. spans: the
    lines that it rests on, as offsets into `Source.text`.
    """

    role: GuideRole
    text_en: str
    text_zh: str
    spans: tuple[Span, ...]

    def text(self, language: Language) -> str:
        """The sentence in the asked language."""
        return self.text_zh if language == "zh" else self.text_en


@dataclass(frozen=True, slots=True)
class Source:
    """One text of the corpus with what a reader needs to judge it.

    pages[i] is where page i + 1 of the original begins; () where it has no pages. guide: what it
    is about, in reading order; () for a source that nobody wrote one for.
    """

    id: str
    title_en: str
    title_zh: str
    author: str
    publisher: str
    date: str
    language: Language
    url: str
    licence: str
    kind: Kind
    sha256: str
    note_en: str = ""
    note_zh: str = ""
    text: str = field(default="", repr=False)
    translation: Translation | None = field(default=None, repr=False)
    pages: tuple[int, ...] = field(default=(), repr=False)
    guide: tuple[GuidePoint, ...] = field(default=(), repr=False)

    def page(self, offset: int) -> int:
        """The page of the original that holds this character, from 1; 0 without pages."""
        return bisect_right(self.pages, offset)

    def title(self, language: Language) -> str:
        """The title in the asked language."""
        return self.title_zh if language == "zh" else self.title_en

    def note(self, language: Language) -> str:
        """What a reader must know about this text ("" when nothing), in the asked language."""
        return self.note_zh if language == "zh" else self.note_en


@dataclass(frozen=True, slots=True)
class PassageTranslation:
    """A passage's aligned translation: `sentences[i]` translates the passage's sentence i.

    Spans are offsets into `Source.translation.text`.
    """

    language: Language
    text: str
    start: int
    sentences: tuple[Span, ...]

    def sentence(self, number: int) -> str:
        """The words that translate the passage's sentence `number`."""
        span = self.sentences[number]
        return self.text[span.start - self.start : span.end - self.start]


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph or a part of one; `source.text[start:end] == text` always holds.

    page: where it begins in the original, from 1; 0 where that has no pages.
    """

    id: str
    source_id: str
    language: Language
    heading: str
    start: int
    end: int
    text: str
    sentences: tuple[Span, ...]
    translation: PassageTranslation | None = None
    page: int = 0

    def sentence(self, number: int) -> str:
        """The words of sentence `number`, as they stand in the source."""
        span = self.sentences[number]
        return self.text[span.start - self.start : span.end - self.start]

    def sentence_in(self, number: int, language: Language) -> str | None:
        """Sentence `number` in the asked language, or None when no translation holds it."""
        if language == self.language:
            return self.sentence(number)
        if self.translation is not None and self.translation.language == language:
            return self.translation.sentence(number)
        return None


@dataclass(frozen=True, slots=True)
class Signals:
    """Why a passage was found: cosines −1 to 1, lexical as standard deviations above no match."""

    passage: float
    sentence: float
    dense: float
    lexical: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its place in the ranking; `score` rises with relevance, rank starts at 1."""

    passage: Passage
    score: float
    rank: int
    signals: Signals


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim slice of a source: `source.text[start:end] == text`, for the text of that hash."""

    source_id: str
    start: int
    end: int
    text: str
    source_sha256: str


@dataclass(frozen=True, slots=True)
class Citation:
    """What the marker [number] stands for."""

    number: int
    source: Source
    passage: Passage
    quotes: tuple[Quote, ...]
    support: Support
    translations: tuple[str, ...] = ()

    @property
    def page(self) -> int:
        """The page of the original where the quoted words begin, from 1; 0 without pages."""
        start = self.quotes[0].start if self.quotes else self.passage.start
        return self.source.page(start)


@dataclass(frozen=True, slots=True)
class Issue:
    """Why a claim is not fully supported: what of it the cited passages do not hold.

    kind: "figure" and "name" are not there, "negation" turns what is there around, "words" say
    something else, "place" has all of them but not in one place, "citation" cites nothing,
    "judge" a second reading by the chat model denied it. text: the words in question, as the
    claim has them; "" for the whole claim.
    """

    kind: IssueKind
    text: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the chat model was asked for an answer: calls made, tokens sent, tokens received.

    Tokens are the model's own count; where its service gives none, they are estimated.
    """

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(
            self.calls + other.calls,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.estimated or other.estimated,
        )


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Statement:
    """One piece of an answer with the numbers of the citations that carry it.

    `translated` says that `text` is the aligned translation of the cited words, not the words.
    `support` grades it; `issues` are what the check missed in the cited passages. A quoted
    statement is supported by what it is; only written ones can have issues.
    """

    text: str
    language: Language
    citations: tuple[int, ...]
    translated: bool
    support: Support = "supported"
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Lead:
    """The few words that answer, put before the sentence that holds them.

    A slice of the source's text or, when `translated`, of its aligned translation's:
    `….text[start:end] == text`. citation: the number of the citation that holds them.
    """

    text: str
    source_id: str
    start: int
    end: int
    citation: int
    translated: bool


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds spent on each step; first_word_s: from the question to the first word shown."""

    embed_s: float = 0.0
    retrieve_s: float = 0.0
    compose_s: float = 0.0
    verify_s: float = 0.0
    first_word_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation, for those who keep plain text instead of answers.

    stand_alone: the question as it was searched for; the question itself where that is not known.
    sources: ids of the sources that the answer cited, as far as that is known.
    """

    question: str
    answer: str = ""
    stand_alone: str = ""
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Take the question where there is no other form of it."""
        object.__setattr__(self, "stand_alone", self.stand_alone or self.question)
