"""The lines of a column, told apart: paragraphs, items of a list, headings, notes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .pdf_breaks import ITEM, LARGER, Body, Measure, is_ended, mark_before, measure
from .pdf_order import Column
from .pdf_page import Page
from .pdf_pieces import Piece

Kind = Literal["heading", "paragraph", "item", "note", "caption"]

_CAPTION = re.compile(
    r"(?:(?:fig(?:ure|\.)|table|listing|chart|exhibit|box)\s*[A-Z]?\d|[图表]\s*\d)", re.I
)
_NUMBERED = re.compile(
    r"(?P<arabic>\d{1,2}(?:\.\d{1,2}){0,3})\.?\s+(?=[^\W\d_])|(?P<part>第.{1,4}[章编篇部])"
    r"|(?P<section>第.{1,4}节)|(?P<first>[一二三四五六七八九十]{1,3}、)"
    r"|(?P<second>[（(][一二三四五六七八九十]{1,3}[）)])"
    r"|(?P<chapter>(?:chapter|part|appendix|annex)\s+[\dA-ZIVX]{1,4}\b)",
    re.I,
)
_MARKER = re.compile(r"[*∗†‡§¶#$①-⑳]|\[?\d{1,3}\]?(?!\d)[\s.]?\D|注[:：释]|Note")
_HEADING_CHARS = 150
# How much of its column a line fills that is no text.
_SHORT = 0.6
_MUCH_LARGER = 1.3
_SMALLER = 0.92
# A line that leaves more room than this did not end for want of it.
_ROOM = 8.0


@dataclass(frozen=True, slots=True)
class Draft:
    r"""Lines that belong together; marks[i] stands before lines[i]: "\n", or "" to be decided.

    room: what its last line leaves free of the column, in widths of its type. indented: whether
    its first line does not begin where the column does. column: tells it from others.
    """

    kind: Kind
    lines: tuple[Piece, ...]
    marks: tuple[str, ...]
    room: float = 0.0
    indented: bool = False
    column: int = 0

    @property
    def size(self) -> float:
        """Of most of its type, in points."""
        return Counter(line.size for line in self.lines).most_common(1)[0][0]

    @property
    def unfinished(self) -> bool:
        """Whether its words may go on in the next column."""
        prose = self.kind in ("paragraph", "item", "caption")
        return prose and self.room < _ROOM and not is_ended(self.lines[-1])


def draft(column: Column, page: Page, body: Body, *, number: int) -> list[Draft]:
    """The drafts of a column, from top to bottom; `number` is what tells it from others."""
    lines = list(column.lines)
    m = measure(lines, body)
    notes = _notes_begin(lines, page, m)
    groups: list[tuple[list[Piece], list[str]]] = []
    for i, line in enumerate(lines):
        mark = None if i == 0 or i == notes else mark_before(groups[-1][0], line, m)
        if mark is None:
            groups.append(([line], [""]))
        else:
            groups[-1][0].append(line)
            groups[-1][1].append(mark)
    first_note = lines[notes] if notes < len(lines) else None
    drafts: list[Draft] = []
    noted = False
    following: list[list[Piece]] = [*(group for group, _ in groups[1:]), []]
    for (group, marks), after in zip(groups, following, strict=True):
        noted = noted or group[0] is first_note
        kind: Kind = "note" if noted else _kind(group, after, m)
        room = (m.edge - group[-1].right) / group[-1].size
        indented = group[0].left > m.base + 0.8 * group[0].size
        drafts.append(Draft(kind, tuple(group), tuple(marks), room, indented, number))
    return drafts


def _notes_begin(lines: Sequence[Piece], page: Page, m: Measure) -> int:
    """Where footnotes begin: small type at the end, after text, low on the page."""
    at = len(lines)
    while at > 0 and lines[at - 1].size < _SMALLER * m.body.size:
        at -= 1
    if at == 0 or at == len(lines) or page.recognised:
        return len(lines)
    first, before = lines[at], lines[at - 1]
    apart = first.middle - before.middle > 1.3 * m.pitch or _MARKER.match(first.text)
    heading = before.bold or before.size > LARGER * m.body.size
    low = first.top > 0.4 * page.height and lines[-1].bottom > 0.75 * page.height
    return at if apart and low and not heading and not _CAPTION.match(first.text) else len(lines)


def _kind(group: Sequence[Piece], after: Sequence[Piece], m: Measure) -> Kind:
    text = " ".join(line.text for line in group)
    if _CAPTION.match(text):
        return "caption"
    if _may_head(group, text) and (_is_set_off(group, text, m.body) or _leads(group, after, m)):
        return "heading"
    return "item" if ITEM.match(text) else "paragraph"


def _may_head(group: Sequence[Piece], text: str) -> bool:
    """Whether these words are few enough, and are words, and end as headings do."""
    if len(group) > 3 or len(text) > _HEADING_CHARS or text[-1] in ".;,。；，、…":
        return False
    return sum(char.isalpha() for char in text) * 2 >= len(text.replace(" ", ""))


def _is_set_off(group: Sequence[Piece], text: str, body: Body) -> bool:
    """Whether words are set in a heading's type."""
    # In the font of the text, somewhat larger type may as well be a list of authors.
    least = LARGER if group[0].font != body.font else _MUCH_LARGER
    larger = all(line.size > least * body.size for line in group)
    if larger or (all(line.bold for line in group) and len(text) > 1 and not body.bold):
        return True
    other = group[0].font != body.font and group[0].size > 0.98 * body.size
    return bool(_NUMBERED.match(text)) and other and len(group) == 1


def _leads(group: Sequence[Piece], after: Sequence[Piece], m: Measure) -> bool:
    """Whether a short line with a heading's number stands before running text, in its type."""
    number = _NUMBERED.match(group[0].text)
    if len(group) > 1 or not after or number is None:
        return False
    if not (number["part"] or number["section"] or number["first"] or number["chapter"]):
        return False
    short = group[0].right - m.base < _SHORT * (m.edge - m.base)
    return short and len(after) > 1 and not _NUMBERED.match(after[0].text)


def heading_depth(text: str) -> int:
    """How deep a numbered heading stands, from 1; 0 for one without a number."""
    found = _NUMBERED.match(text)
    if found is None:
        return 0
    if found["arabic"]:
        return found["arabic"].count(".") + 1
    return 2 if found["section"] or found["second"] else 1
