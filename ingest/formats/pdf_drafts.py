"""The lines of a column, told apart: paragraphs, items of a list, headings, notes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles
from typing import Literal

from .pdf_order import Column
from .pdf_page import Page
from .pdf_pieces import Piece
from .tables import is_wide

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
# A limit: longer than any heading of the papers and official documents that were tried.
_HEADING_CHARS = 150
# How much of its column a line fills that is no text.
_SHORT = 0.6
# Than the type of the text, where the font is the same.
_MUCH_LARGER = 1.3
# Than the type of the text: a footnote's. 9 points against 10 are 0.9.
_SMALLER = 0.92
# A line that leaves more room than this did not end for want of it.
_ROOM = 8.0
ITEM = re.compile(
    r"[•◦▪●○■□◆‣∙·►➢✓][ ]?\S|[-–—*][ ]\S|\(?(?:\d{1,3}|[a-z]|[ivx]{2,4})[.)][ ]\S|\[\d{1,3}\]"
    r"|[①-⑳]|[（(](?:\d{1,3}|[一二三四五六七八九十]{1,3})[）)]"
    r"|(?:\d{1,3}|[一二三四五六七八九十]{1,3})[、．]"
)
_ENDS = frozenset(".!?。！？…:：;；")
_CLOSERS = "\"'”’」』）)]】"
_NARROW = frozenset("iIlLjtfr.,;:'!|()[] ")
_BROAD = frozenset("mwMWQODGHNUABCEKRX@%")
# Lines of running text fill as much of their column, where nothing evens out their ends.
_RAGGED = 0.75
# Than the type of the text: a heading's.
LARGER = 1.12


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


@dataclass(frozen=True, slots=True)
class Body:
    """The type of most of a document's text."""

    size: float
    font: str
    bold: bool = False


def body_type(pages: Iterable[Page]) -> Body:
    """The type in which most characters are set; sizes are told apart by half a point."""
    sizes: Counter[float] = Counter()
    fonts: Counter[str] = Counter()
    bold: Counter[bool] = Counter()
    for page in pages:
        for piece in page.pieces:
            sizes[round(piece.size * 2) / 2] += len(piece.text)
            fonts[piece.font] += len(piece.text)
            bold[piece.bold] += len(piece.text)
    if not sizes:
        return Body(0.0, "")
    size, font = sizes.most_common(1)[0][0], fonts.most_common(1)[0][0]
    return Body(size, font, bold[True] > bold[False])


@dataclass(frozen=True, slots=True)
class Measure:
    """Of a column, in points: how far its lines go, where most begin, from one to the next."""

    edge: float
    base: float
    pitch: float
    body: Body


def measure(lines: Sequence[Piece], body: Body) -> Measure:
    """The measure of a column's lines."""
    return Measure(_edge(lines), _base(lines, body), _pitch(lines), body)


def mark_before(group: Sequence[Piece], line: Piece, m: Measure) -> str | None:
    r"""What stands between a line and the `group` before it; None where it begins a new one.

    "\n" for lines that stand alone, as those of a poem; "" where a line was full.
    """
    before, first = group[-1], group[0]
    size = max(line.size, before.size)
    broken = before.text.endswith("-")
    if line.middle - before.middle > 1.35 * max(m.pitch, 0.9 * size):
        return None
    if abs(line.size - before.size) > 0.08 * size or (line.bold != before.bold and not broken):
        return None
    if ITEM.match(line.text) and not broken and line.left < before.left + 0.5 * size:
        return None
    fits = _fits(before, line, m.edge)
    ended = is_ended(before)
    if ITEM.match(first.text):
        # The further lines of an item follow a full one, or stand further in than its mark.
        if line.left < first.left + (0.5 if fits and not broken else -0.5) * size:
            return None
    elif not broken and _moved(before, line, m, within=not (ended or fits)):
        # Lines of a program or a poem move without an end of a sentence before.
        return None if ended or not fits else "\n"
    if not fits or broken:
        return "\n" if _centred(before, line) and not broken else ""
    if ended:
        return None
    return "" if _ragged(before, line, m) else "\n"


def _moved(before: Piece, line: Piece, m: Measure, *, within: bool) -> bool:
    """Whether a line begins elsewhere than the one before; `within`: a sentence goes on."""
    step = 0.8 * max(line.size, before.size)
    further = line.left > m.base + step and abs(before.left - m.base) < 0.6 * step
    outward = line.left < m.base - step and before.left > line.left + step
    # The second line of a paragraph stands further out than its first, too.
    return further or (outward and not within)


def _ragged(before: Piece, line: Piece, m: Measure) -> bool:
    """Whether a line of text that could be longer is: where nothing evens out their ends."""
    wide = before.right - m.base > _RAGGED * (m.edge - m.base)
    return wide and line.text[0].islower() and line.font == before.font == m.body.font


def _centred(before: Piece, line: Piece) -> bool:
    size = max(before.size, line.size)
    middles = before.left + before.right - line.left - line.right
    return abs(middles) < size and abs(before.left - line.left) > size


def _fits(before: Piece, line: Piece, edge: float) -> bool:
    """Whether the first word of a line would have had room on the line before."""
    if is_wide(line.text[0]) or is_wide(before.text[-1]):
        return before.right + 2.2 * line.size < edge
    word = _weight(line.text.split(" ", 1)[0]) / _weight(line.text) * (line.right - line.left)
    # A space, and as much again for what the weights of letters cannot tell; where a sentence
    # ends, a new paragraph is likelier.
    room = 0.3 if is_ended(before) else 1.0
    return before.right + room * line.size + word < edge


def is_ended(line: Piece) -> bool:
    """Whether a sentence ends with a line."""
    return line.text.rstrip(_CLOSERS)[-1:] in _ENDS


def _weight(words: str) -> float:
    """About how wide words are beside others of their line."""
    return sum(0.5 if c in _NARROW else 1.5 if c in _BROAD else 1.0 for c in words)


def _edge(lines: Sequence[Piece]) -> float:
    """How far lines go to the right; a few may go further."""
    rights = [line.right for line in lines]
    return quantiles(rights, n=10, method="inclusive")[8] if len(rights) > 5 else max(rights)


def _base(lines: Sequence[Piece], body: Body) -> float:
    """Where most lines begin."""
    lefts = Counter(round(line.left) for line in lines if line.size < LARGER * body.size)
    return float(lefts.most_common(1)[0][0]) if lefts else min(line.left for line in lines)


def _pitch(lines: Sequence[Piece]) -> float:
    """From one line to the next, in points; usual type is set at 1.2 times its size."""
    steps = [b.middle - a.middle for a, b in pairwise(lines)]
    steps = [step for step in steps if step > 0.5 * lines[0].size]
    usual = 1.3 * median(line.size for line in lines)
    return median(steps) if len(steps) >= 4 else min([usual, *steps])
