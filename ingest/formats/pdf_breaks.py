"""Whether a line of a PDF goes on with the one above it, and what stands between the two."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles

from .pdf_page import Page
from .pdf_pieces import Piece
from .tables import is_wide

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
