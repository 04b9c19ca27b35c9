"""What stands on page after page and is no text: headers, footers, page numbers, watermarks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from .pdf_drafts import LARGER, body_type
from .pdf_page import Page
from .pdf_pieces import Piece

# The stretch at the top and at the bottom of a page where furniture stands, as a share of it.
_MARGIN = 0.15
# How far it may move from page to page.
_SHIFT = 0.012
# Left and right pages may differ: what is furniture stands on three, or on both of two.
_PAGES = 3
_DIGITS = re.compile(r"\d+")
_ROMAN = r"[ivxlcIVXLC]{1,7}"
_NUMBER = re.compile(
    rf"[-–—·•\s(（]*(?:(?:page|p\.|第)\s*)?(?:\d{{1,4}}|{_ROMAN})\s*"
    rf"(?:页|(?:/|of|／|页?\s*共)\s*\d{{1,4}}\s*页?)?[-–—·•\s)）]*",
    re.I,
)


def without_furniture(pages: Sequence[Page]) -> list[Page]:
    """The pages without what repeats on them in the same place (digits ignored) or numbers them."""
    repeated = _repeated(pages, body_type(pages).size)
    kept: list[Page] = []
    for page in pages:
        pieces = [p for p in page.pieces if id(p) not in repeated]
        aside = [p for p in page.aside if id(p) not in repeated]
        numbers = _page_numbers(page, pieces)
        pieces = [p for p in pieces if id(p) not in numbers]
        kept.append(replace(page, pieces=tuple(pieces), aside=tuple(aside)))
    return kept


def _repeated(pages: Sequence[Page], body: float) -> set[int]:
    """By identity: pieces in the margins, or at an angle, with the same words on several pages."""
    places: dict[str, list[tuple[Page, Piece, float]]] = defaultdict(list)
    for page in pages:
        for piece in page.pieces:
            if _in_margin(page, piece):
                at = piece.middle / page.height
                places[_DIGITS.sub("#", piece.text)].append((page, piece, at))
        for piece in page.aside:
            places["/" + piece.text].append((page, piece, 0.0))
    least = min(_PAGES, max(2, len(pages)))
    found: set[int] = set()
    for alike in places.values():
        for page, piece, at in alike:
            near = [
                other
                for other in alike
                if abs(other[2] - at) < _SHIFT and _same(page, piece, other[0], other[1], body)
            ]
            if len({other[0].number for other in near}) >= least:
                found.add(id(piece))
    return found


def _same(page: Page, piece: Piece, other_page: Page, other: Piece, body: float) -> bool:
    """Whether two pieces differ at most by the number of their page; headings may count, too."""
    if abs(piece.size - other.size) > 0.1 * piece.size:
        return False
    a, b = _DIGITS.findall(piece.text), _DIGITS.findall(other.text)
    if a != b and piece.size > LARGER * body:
        return False
    step = other_page.number - page.number
    return all(x == y or int(y[:9]) - int(x[:9]) == step for x, y in zip(a, b, strict=True))


def _in_margin(page: Page, piece: Piece) -> bool:
    return piece.bottom < _MARGIN * page.height or piece.top > (1 - _MARGIN) * page.height


def _page_numbers(page: Page, pieces: Sequence[Piece]) -> set[int]:
    """By identity: the outermost piece above or below, where it is a number and stands alone."""
    found: set[int] = set()
    for sign in (1, -1):
        ends = sorted(pieces, key=lambda p: sign * p.middle)
        if len(ends) < 2:
            continue
        outer, inner = ends[0], ends[1]
        apart = abs(inner.middle - outer.middle) > 1.8 * max(outer.size, inner.size)
        if _in_margin(page, outer) and apart and _NUMBER.fullmatch(outer.text):
            found.add(id(outer))
    return found
