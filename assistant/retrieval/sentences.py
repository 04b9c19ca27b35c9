"""Where sentences begin and end, as exact offsets, in English, Chinese and mixed text."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from ..types import Span

_CLOSERS = r"\"'”’」』）)》】］\]"
_END = re.compile(
    rf"(?:[。！？!?]+|…+|[.]++)[{_CLOSERS}]*|；|;(?=\s)",
)
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st sr jr vs etc cf eg ie al no vol ed fig dept inc ltd co corp gen col lt "
    "sgt capt rev hon gov sen rep approx ca jan feb mar apr jun jul aug sep sept oct nov dec "
    "u.s u.k e.g i.e a.m p.m ph.d b.c a.d d.c mt ft".split()
)
_NOT_SPACE = re.compile(r"\S")
_LAST_WORD = re.compile(r"([A-Za-z][A-Za-z.]*)\.$")
# What begins a line of its own: an item of a list, a row of a table, a quoted or a numbered line.
_ITEM = re.compile(
    r"[-*+](?=\s)|[•·●○▪◦‣>|]|\(?[0-9]{1,3}(?:[.)](?=\s)|[、．）])|（[0-9]{1,3}）"
    r"|[（(]?[一二三四五六七八九十]{1,3}[、）)]|第[一二三四五六七八九十百0-9]{1,4}[章节条]"
)
_FIRST_WORD = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff][，。、；：！？”’）》」』]*|\S{1,40}"
)
# A row of a table as the readers of files write it: "Region: North; Firms: 3".
_CELL = r"[^\s:：;；][^:：;；\n]{0,60}(?:: |：)[^;\n]*"
_ROW = re.compile(rf"{_CELL}(?:; {_CELL})+")
# Editors and mail programs break lines between these widths, in columns (a Han character has two).
_WRAPPED = range(40, 121)
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


def split_prose(text: str, start: int, end: int) -> list[Span]:
    """The sentences of running text[start:end], whose lines may be wrapped or stand alone.

    A line break inside a sentence is white space where the line was full, or where the next line
    goes on in lower case; elsewhere (headings, lists, rows, a paragraph a line) it ends one.
    """
    lines = split_lines(text, start, end)
    rows = [_ROW.fullmatch(text, line.start, line.end) is not None for line in lines]
    widths = [_columns(text[line.start : line.end]) for line in lines]
    widest = max(widths, default=0)
    spans: list[Span] = []
    begin = lines[0].start if lines else start
    for i, (line, after) in enumerate(pairwise(lines)):
        following = text[after.start : after.start + 60]
        if rows[i] or rows[i + 1] or not _goes_on(following, widths[i], widest):
            spans += _row_or_prose(text, begin, line.end, rows[i])
            begin = after.start
    return spans + _row_or_prose(text, begin, end, bool(rows) and rows[-1])


def _row_or_prose(text: str, begin: int, end: int, is_row: bool) -> list[Span]:
    """One sentence for a row: its cells make sense together only."""
    if is_row:
        return [piece for span in _trimmed(text, begin, end) for piece in _bounded(text, span)]
    return split_sentences(text, begin, end)


def _goes_on(following: str, width: int, widest: int) -> bool:
    """Whether a line of that width was broken only because the next one's words did not fit."""
    if _ITEM.match(following):
        return False
    if following[:1].islower():
        return True
    word = _FIRST_WORD.match(following)
    if word is None or widest not in _WRAPPED:
        return False
    # One more: the space before a Latin word, half the mark that may hang over a Chinese line.
    return width + 1 + _columns(word[0]) > widest


def _columns(words: str) -> int:
    return len(words) + sum(unicodedata.east_asian_width(c) in "WF" for c in words)


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
        if mark[0] == "." and match.end() < end and not text[match.end()].isspace():
            return False
        # Only a look ahead: a slice to the end would make long texts take the square of their time.
        after = _NOT_SPACE.search(text, match.end(), end)
        if after is None:
            return True
        if after[0].islower():
            return False
        head = text[max(begin, match.start() - 60) : match.start() + 1]
        return mark[0] != "." or not _is_abbreviated(head)
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
