"""Reading the likeliest passages: what the reader found, for choosing and for deciding."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..types import Language, Passage, Span
from .reader import Reader, Reading
from .sentence_choice import Choice

# At most so many: two lose 2 of the 129 answerable questions of report-dev and near-misses-fit.
READ_PASSAGES = 3
# The margin of a passage that is as likely to answer as not. If the likeliest sentence so far
# would stay ahead of it, no more is read: 1.8 passages are instead of 3, and of the 218 questions
# of both sets all figures stay as they were.
EVEN_MARGIN = 0.0
# What a span may be cut with and nobody would quote.
_EDGES = " \t\n,;:.，、；：。"
# What may stand before a letter, a figure or 年 as a part of the same word or date.
_INSIDE = re.compile("[A-Za-z0-9年月日号%％]")
_LEFT = re.compile(r"(?:[A-Za-z'’-]+|[\d.,]*\d)$")
_RIGHT = re.compile(r"[A-Za-z0-9%％]+")
# How much a sentence's reading counts beside its likeness to the question, and the margin (in
# logits) that brings it from a half to 0.73. On the held-out SQuAD articles the first sentence
# holds the answer for 74.9 % without and 82.4 % with it (443 questions); 0.6 and 1.2, 5 and 12
# logits lose on one of the sets in docs/answering.md what they gain on another.
READER_WEIGHT = 0.8
MARGIN_SCALE = 8.0


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """A span grown to whole words and figures: "bridge" to "Cambridge", 年3月 to 2015年3月."""
    left = _LEFT.search(text[:start]) if _INSIDE.match(text[start : start + 1]) else None
    right = _RIGHT.match(text[end:]) if _RIGHT.search(text[end - 1 : end]) else None
    return start - len(left.group() if left else ""), end + len(right.group() if right else "")


@dataclass(frozen=True, slots=True)
class PassageReading:
    """A passage as it was read: its surface's language and what the reader found in it."""

    passage: Passage
    language: Language
    reading: Reading

    @property
    def translated(self) -> bool:
        """Whether the passage's translation was read, not its own words."""
        return self.language != self.passage.language

    @property
    def found(self) -> tuple[str, int, int]:
        """The likeliest answer and its offsets in the text of the source or its translation."""
        text, _ = surface(self.passage, self.language)
        span = self.reading.span
        low, high = _whole_words(text, span.start, span.end)
        words = text[low:high]
        start = low + len(words) - len(words.lstrip(_EDGES))
        words = words.strip(_EDGES)
        offset = self.passage.start
        if self.translated and self.passage.translation:
            offset = self.passage.translation.start
        return words, offset + start, offset + start + len(words)

    @property
    def sentence(self) -> int:
        """The number of the sentence that the likeliest answer begins in."""
        place = self.reading.span.start
        _, sentences = surface(self.passage, self.language)
        return next((n for n, s in enumerate(sentences) if s.start <= place < s.end), -1)


def read_passages(
    reader: Reader, question: str, asked: Language, choices: Sequence[Choice]
) -> list[PassageReading]:
    """The passages of the best choices, read around their best sentence, best choice first.

    Those that would hardly come out ahead of what was read are left out.

    `question` is without the names that only say in which document to look: passages do not
    repeat them. A passage is read in the language `asked` where it has an aligned translation.
    """
    best: dict[str, Choice] = {}
    for choice in choices:
        best.setdefault(choice.passage.id, choice)
    found, ahead = [], -math.inf
    for choice in list(best.values())[:READ_PASSAGES]:
        if choice.score + _worth(EVEN_MARGIN) < ahead:
            break
        language = surface_language(choice.passage, asked)
        text, sentences = surface(choice.passage, language)
        reading = reader.read(question, text, sentences, choice.number)
        if reading is not None:
            found.append(PassageReading(choice.passage, language, reading))
            ahead = max(ahead, choice.score + _worth(reading.margins.get(choice.number)))
    return found


def surface_language(passage: Passage, wanted: Language) -> Language:
    """The wanted language where the passage is, or is translated, in it; else its own."""
    translation = passage.translation
    return wanted if translation and translation.language == wanted else passage.language


def surface(passage: Passage, language: Language) -> tuple[str, list[Span]]:
    """A passage's text in one of its languages, and its sentences as spans of that text."""
    if language == passage.language or passage.translation is None:
        text, start, spans = passage.text, passage.start, passage.sentences
    else:
        translation = passage.translation
        text, start, spans = translation.text, translation.start, translation.sentences
    return text, [Span(s.start - start, s.end - start) for s in spans]


def rescore(choices: Sequence[Choice], readings: Sequence[PassageReading]) -> list[Choice]:
    """The choices with what the reader says of each added to its score, best first.

    A sentence that was not read gets nothing: the reader is asked about the likeliest ones.
    """
    margins = {
        (read.passage.id, number): margin
        for read in readings
        for number, margin in read.reading.margins.items()
    }
    added = [
        replace(c, score=c.score + _worth(margins.get((c.passage.id, c.number)))) for c in choices
    ]
    return sorted(added, key=lambda c: (-c.score, c.hit.rank, c.number))


def _worth(margin: float | None) -> float:
    if margin is None:
        return 0.0
    return READER_WEIGHT / (1 + math.exp(-max(-50.0, min(50.0, margin / MARGIN_SCALE))))


def reading_of(choice: Choice, readings: Sequence[PassageReading]) -> PassageReading | None:
    """What was read around a choice, if its passage was."""
    return next((r for r in readings if r.passage.id == choice.passage.id), None)
