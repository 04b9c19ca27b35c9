"""Sources cut into passages that are exact slices of them."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from assistant.retrieval.language import passage_language
from assistant.retrieval.sentences import split_lines, split_prose
from assistant.types import Passage, PassageTranslation, Source, Span

# Part of every build's name: an index cut by another splitter is rebuilt.
SPLITTER = "paragraphs-3"

CountTokens = Callable[[str], int]
# A heading's mark in a text of ours: one to six signs and a space, as in Markdown.
_MARK = r"#{1,6}[ \t]+"
_BLOCK = re.compile(rf"{_MARK}(?P<heading>[^\n]*)|(?:(?!{_MARK})[^\n]*\S[^\n]*(?:\n|$))+")


def split_source(
    source: Source, *, count_tokens: CountTokens, passage_tokens: int
) -> list[Passage]:
    """The source's passages in reading order.

    A passage is a paragraph (a run of lines without a blank one), cut at sentence ends where it
    is longer than `passage_tokens`. Lines that start with `#` are headings: they name the
    passages below them and are no passages; the first, with one `#`, is the title. In a source
    with an aligned translation each line is one sentence; elsewhere lines may be wrapped.
    Overlap stays 0: a citation must have one place.
    """
    passages: list[Passage] = []
    lines = _Lines(source)
    heading = ""
    for block in _BLOCK.finditer(source.text):
        if (words := block["heading"]) is not None:
            # The title is the source's own; only what comes after it names a part.
            is_title = not block.group().startswith("##") and not heading and not passages
            heading = "" if is_title else words.strip()
            continue
        cut = split_lines if source.translation else split_prose
        sentences = cut(source.text, *block.span())
        for group in _grouped(source.text, sentences, count_tokens, passage_tokens):
            passages.append(_passage(source, heading, group, lines))
    return list(_named(passages))


def _grouped(
    text: str, sentences: Sequence[Span], count_tokens: CountTokens, limit: int
) -> Iterator[list[Span]]:
    group: list[Span] = []
    tokens = 0
    for span in sentences:
        size = count_tokens(text[span.start : span.end])
        if group and tokens + size > limit:
            yield group
            group, tokens = [], 0
        group.append(span)
        tokens += size
    if group:
        yield group


def _passage(source: Source, heading: str, sentences: Sequence[Span], lines: _Lines) -> Passage:
    start, end = sentences[0].start, sentences[-1].end
    text = source.text[start:end]
    return Passage(
        id=f"{source.id}.{hashlib.sha256(text.encode()).hexdigest()[:8]}",
        source_id=source.id,
        language=source.language if source.translation else passage_language(text),
        heading=heading,
        start=start,
        end=end,
        text=text,
        sentences=tuple(sentences),
        translation=lines.translation_of(sentences),
        page=source.page(start),
    )


class _Lines:
    """The lines of an aligned text and of its translation, found once a source."""

    def __init__(self, source: Source) -> None:
        self._translation = source.translation
        self._starts = [0, *(match.end() for match in re.finditer("\n", source.text))]
        self._theirs = _line_spans(source.translation.text) if source.translation else []

    def translation_of(self, sentences: Sequence[Span]) -> PassageTranslation | None:
        """What translates these sentences, or None when nothing does."""
        if self._translation is None:
            return None
        numbers = (bisect_right(self._starts, span.start) - 1 for span in sentences)
        spans = tuple(self._theirs[number] for number in numbers)
        start, end = spans[0].start, spans[-1].end
        return PassageTranslation(
            language=self._translation.language,
            text=self._translation.text[start:end],
            start=start,
            sentences=spans,
        )


def _line_spans(text: str) -> list[Span]:
    spans, begin = [], 0
    for line in text.split("\n"):
        words = line.strip()
        at = begin + line.index(words)
        spans.append(Span(at, at + len(words)))
        begin += len(line) + 1
    return spans


def _named(passages: Sequence[Passage]) -> Iterator[Passage]:
    # Two passages of one source may hold the same words; ids must differ and stay the same.
    seen: dict[str, int] = {}
    for passage in passages:
        seen[passage.id] = seen.get(passage.id, 0) + 1
        again = seen[passage.id]
        yield passage if again == 1 else replace(passage, id=f"{passage.id}.{again}")
