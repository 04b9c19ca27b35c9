"""Where sentences begin and end, as exact offsets, in English, Chinese and mixed text."""

from __future__ import annotations

import re

from .types import Span

_CLOSERS = r"\"'”’」』）)》】］\]"
_END = re.compile(
    rf"(?:[。！？!?]+|…+|[.]+(?=[{_CLOSERS}]*(?:\s|$)))[{_CLOSERS}]*|；|;(?=\s)",
)
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st sr jr vs etc cf eg ie al no vol ed fig dept inc ltd co corp gen col lt "
    "sgt capt rev hon gov sen rep approx ca jan feb mar apr jun jul aug sep sept oct nov dec "
    "u.s u.k e.g i.e a.m p.m ph.d b.c a.d d.c mt ft".split()
)
_LAST_WORD = re.compile(r"([A-Za-z][A-Za-z.]*)\.$")
# A sentence longer than this is cut at a comma or a space: models see 512 tokens.
_MAX_CHARS = 900


def split_sentences(text: str, start: int, end: int) -> list[Span]:
    """The sentences of text[start:end], in order, without the white space between them.

    Offsets count from the start of `text`. Chinese is cut at Chinese punctuation, English at
    full stops that end a sentence rather than an abbreviation, both at semicolons only when
    the parts are long. Every character that is not white space belongs to exactly one sentence.
    """
    spans: list[Span] = []
    begin = start
    for match in _END.finditer(text, start, end):
        if match.end() > begin and _ends_sentence(text, begin, match, end):
            spans += _trimmed(text, begin, match.end())
            begin = match.end()
    spans += _trimmed(text, begin, end)
    return [piece for span in spans for piece in _bounded(text, span)]


def split_lines(text: str, start: int, end: int) -> list[Span]:
    """The lines of text[start:end] that are not blank: the sentences of an aligned text."""
    spans: list[Span] = []
    begin = start
    # Only "\n" parts lines, as in the alignment: str.splitlines knows nine more marks.
    for line in text[start:end].split("\n"):
        spans += _trimmed(text, begin, begin + len(line))
        begin += len(line) + 1
    return spans


def _ends_sentence(text: str, begin: int, match: re.Match[str], end: int) -> bool:
    mark = match.group()
    if mark[0] in "；;":
        return match.end() - begin > 60
    if mark[0] == "." or mark[0] in "!?":
        after = text[match.end() : end].lstrip()
        if not after:
            return True
        if after[0].islower():
            return False
        return mark[0] != "." or not _is_abbreviated(text[begin : match.start() + 1])
    return True


def _is_abbreviated(head: str) -> bool:
    word = _LAST_WORD.search(head)
    if word is None:
        return head[:-1].strip().isdigit()  # "2." opens an item of a list
    name = word.group(1)
    return name.lower() in _ABBREVIATIONS or (len(name) == 1 and name.isupper())


def _trimmed(text: str, begin: int, end: int) -> list[Span]:
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    return [Span(begin, end)] if end > begin else []


def _bounded(text: str, span: Span) -> list[Span]:
    if span.end - span.start <= _MAX_CHARS:
        return [span]
    middle = (span.start + span.end) // 2
    for marks in ("，,、：:；; ", " \n\t"):
        cuts = [i for i in range(span.start + 50, span.end - 50) if text[i] in marks]
        if cuts:
            middle = min(cuts, key=lambda i: abs(i - middle)) + 1
            break
    halves = _trimmed(text, span.start, middle) + _trimmed(text, middle, span.end)
    return [piece for half in halves for piece in _bounded(text, half)]
