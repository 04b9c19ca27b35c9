"""Lines of a PDF put together into one text, with where each of them stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from .document import Block, BlockKind, LineBox
from .pdf_page import Page
from .pdf_pieces import Piece
from .tables import is_wide

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BEFORE_BREAK = re.compile(r"([^\W\d_]+)-$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_LAST_COMPOUND = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+-$")
# Shorter parts of a word are words by chance.
_PART = 4
_HEADING_MARK = re.compile(r"#{1,6}[ \t]")
# Dots that lead to a page number in a table of contents.
_LEADER = re.compile(r"\s*(?:…[ ]?){3,}\s*|\s*(?:[.·．][ ]?){5,}\s*")


class Joiner:
    """Puts the lines of a document together; knows its words, to tell hyphens from breaks."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._pages: Mapping[int, Page] = {page.number: page for page in pages}
        # The first and the last word of a line may be half of one.
        self._words = frozenset(
            word.lower()
            for page in self._pages.values()
            for piece in page.pieces
            for word in _WORD.findall(piece.text)[1:-1]
        )

    def block(
        self, kind: BlockKind, lines: Sequence[tuple[str, Piece]], *, level: int = 2
    ) -> Block:
        r"""A block of lines, each with what parts it from the one before: "\n", "; " or "".

        "" leaves to this the choice of a space, of nothing, or of taking a hyphen away.
        """
        text = ""
        places: list[tuple[int, int, Piece]] = []
        for mark, line in lines:
            words = _LEADER.sub(" … ", line.text).strip()
            if not words:
                continue
            if text and not mark:
                text, mark = self._parted(text, words)
            text += mark if text else ""
            if _HEADING_MARK.match(words) and (not text or text.endswith("\n")):
                text += "\\"
            places.append((len(text), len(text) + len(words), line))
            text += words
        return self._placed(Block(kind, text, level=level), places)

    def told(self, text: str, places: Sequence[tuple[int, int, Piece]]) -> Block:
        """A row of a table, whose cells stand in text[start:end]."""
        return self._placed(Block("row", text), places)

    def _placed(self, block: Block, places: Sequence[tuple[int, int, Piece]]) -> Block:
        # Where a hyphen went, a line ends where the next begins.
        starts = [*(start for start, _, _ in places[1:]), len(block.text)]
        boxes = tuple(
            LineBox(start, min(end, following), line.page, self._pages[line.page].share(line.box))
            for (start, end, line), following in zip(places, starts, strict=True)
        )
        turns = tuple(
            (after.start, after.page)
            for before, after in pairwise(boxes)
            if before.page != after.page
        )
        return replace(block, page=boxes[0].page if boxes else 0, turns=turns, boxes=boxes)

    def _parted(self, text: str, words: str) -> tuple[str, str]:
        """The text before a line break, perhaps without its hyphen, and what goes between."""
        if text[-1] in "-‐" and len(text) > 1 and text[-2].isalpha():
            first = _FIRST_WORD.match(words)
            if first and self._broken(text, first[0]):
                return text[:-1], ""
            return text, ""
        if is_wide(text[-1]) and is_wide(words[0]):
            return text, ""
        # A long address or path is broken after its signs.
        return text, "" if text[-1] in "/–—" and text[-2:-1] != " " else " "

    def _broken(self, text: str, after: str) -> bool:
        """Whether the hyphen at the end only breaks a word."""
        before = _BEFORE_BREAK.search(text[:-1] + "-")
        if before is None:
            return False
        left, right = before[1].lower(), after.lower()
        if left + right in self._words:
            return True
        if f"{left}-{right}" in self._words or _LAST_COMPOUND.search(text):
            return False
        if not after[0].islower():
            return False
        both = left in self._words and right in self._words
        return not (both and min(len(left), len(right)) >= _PART)
