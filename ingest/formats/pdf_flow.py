"""The text of a PDF as it flows: over columns and pages, with what floats beside it put apart."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from .document import Block, BlockKind, LineBox
from .pdf_drafts import Body, Draft, body_type, draft, heading_depth
from .pdf_order import Column, Table, arrange, sentences
from .pdf_page import Page
from .pdf_pieces import Piece
from .tables import is_wide

# How many drafts (captions, rows, headings of figures) may stand between two halves of a paragraph.
_BETWEEN = 8
# Than the type of the text: a title's.
_TITLE = 1.2
# How much room a full line may leave, in widths of its type.
_ROOM = 2.0
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BEFORE_BREAK = re.compile(r"([^\W\d_]+)-$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_LAST_COMPOUND = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+-$")
# Shorter parts of a word are words by chance.
_PART = 4
_HEADING_MARK = re.compile(r"#{1,6}[ \t]")
# Dots that lead to a page number in a table of contents.
_LEADER = re.compile(r"\s*(?:…[ ]?){3,}\s*|\s*(?:[.·．][ ]?){5,}\s*")


@dataclass(frozen=True, slots=True)
class Flow:
    """The blocks of a document; title: the largest words at the top of its first page, or ""."""

    blocks: tuple[Block, ...]
    title: str


def flow(pages: Sequence[Page]) -> Flow:
    """Blocks in reading order: notes and labels of a page stand before what goes on from it."""
    body = body_type(pages)
    parts: list[Draft | Table] = []
    for page in pages:
        parts += _page_parts(page, body)
    title = _title(parts, body)
    parts = _joined(parts)
    joiner = Joiner(pages)
    ranks = _ranks(parts, title)
    blocks: list[Block] = []
    for part in _notes_first(parts):
        if isinstance(part, Table):
            blocks += [joiner.told(text, places) for text, places in sentences(part)]
        else:
            blocks.append(_block(part, joiner, ranks, part is title))
    words = _title_words(joiner, title)
    return Flow(tuple(block for block in blocks if block.text), words)


def _title_words(joiner: Joiner, title: Draft | None) -> str:
    if title is None:
        return ""
    lines = list(zip(title.marks, title.lines, strict=True))
    return joiner.block("heading", lines).text.replace("\n", " ")


def _page_parts(page: Page, body: Body) -> list[Draft | Table]:
    parts: list[Draft | Table] = []
    for number, part in enumerate(arrange(page.pieces, page.marks.rules)):
        if isinstance(part, Column):
            parts += draft(part, page, body, number=number)
        else:
            parts.append(part)
    for apart in (page.labels, page.aside):
        if apart:
            marks = ("", *("; " for _ in apart[1:]))
            parts.append(Draft("note", tuple(apart), marks))
    return parts


def _title(parts: Iterable[Draft | Table], body: Body) -> Draft | None:
    """The heading in the largest type on page 1."""
    headings = [p for p in parts if isinstance(p, Draft) and p.kind == "heading"]
    first = [p for p in headings if p.lines[0].page == 1 and p.size > _TITLE * body.size]
    return max(first, key=lambda p: p.size, default=None)


def _joined(parts: Sequence[Draft | Table]) -> list[Draft | Table]:
    """Paragraphs made whole that go over a column or a page; what stood between follows them."""
    whole: list[Draft | Table] = []
    taken: set[int] = set()
    for i, part in enumerate(parts):
        if i in taken:
            continue
        at: int | None = i
        while at is not None and isinstance(part, Draft) and part.unfinished:
            at = _rest(parts, at, part, taken)
            if at is not None:
                taken.add(at)
                part = _with(part, parts[at])
        whole.append(part)
    return whole


def _with(part: Draft, after: Draft | Table) -> Draft:
    assert isinstance(after, Draft)
    lines, marks = part.lines + after.lines, part.marks + after.marks
    return replace(part, lines=lines, marks=marks, room=after.room, column=after.column)


def _rest(
    parts: Sequence[Draft | Table], at: int, part: Draft, taken: Collection[int]
) -> int | None:
    """Which draft goes on with an unfinished one, in another column; None where none does."""
    last = part.lines[-1]
    for i in range(at + 1, min(at + 2 + _BETWEEN, len(parts))):
        after = parts[i]
        if i in taken or isinstance(after, Table) or after.kind in ("note", "caption"):
            continue
        first = after.lines[0]
        if first.page > last.page + 1 or after.kind == "heading":
            return None
        # What stands in the same column was told apart for a reason.
        apart = first.page > last.page or after.column != part.column
        if apart and _goes_on(part, after, adjacent=_adjacent(parts, at, i)):
            return i
    return None


def _adjacent(parts: Sequence[Draft | Table], at: int, i: int) -> bool:
    return all(
        isinstance(part, Draft) and part.kind in ("note", "caption") for part in parts[at + 1 : i]
    )


def _goes_on(part: Draft, after: Draft, *, adjacent: bool) -> bool:
    if after.kind != "paragraph" or abs(after.size - part.size) > 0.05 * part.size:
        return False
    if part.lines[-1].font != after.lines[0].font:
        return False
    char = after.lines[0].text[0]
    if char.islower():
        return True
    if not adjacent or after.indented or part.room > _ROOM:
        return False
    return not is_wide(char) or is_wide(part.lines[-1].text[-1])


def _notes_first(parts: Sequence[Draft | Table]) -> list[Draft | Table]:
    """Notes of a page moved before the text that goes on from there to the next."""
    ordered: list[Draft | Table] = []
    for part in parts:
        at = len(ordered)
        if isinstance(part, Draft) and part.kind in ("note", "caption", "paragraph"):
            page = part.lines[0].page
            while (
                at > 0
                and isinstance(before := ordered[at - 1], Draft)
                and before.lines[-1].page > page >= before.lines[0].page
            ):
                at -= 1
        ordered.insert(at, part)
    return ordered


def _ranks(parts: Iterable[Draft | Table], title: Draft | None) -> list[float]:
    """Sizes of headings without numbers, the largest first."""
    sizes = {
        round(part.size)
        for part in parts
        if isinstance(part, Draft) and part.kind == "heading" and part is not title
    }
    return sorted(sizes, reverse=True)


def _block(part: Draft, joiner: Joiner, ranks: Sequence[float], is_title: bool) -> Block:
    lines: list[tuple[str, Piece]] = list(zip(part.marks, part.lines, strict=True))
    if part.kind == "heading":
        text = " ".join(line.text for line in part.lines)
        depth = heading_depth(text) or ranks.index(round(part.size)) + 1 if not is_title else 0
        return joiner.block("heading", lines, level=min(depth + 1, 5))
    kind = "paragraph" if part.kind == "caption" else part.kind
    return joiner.block(kind, lines)


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
