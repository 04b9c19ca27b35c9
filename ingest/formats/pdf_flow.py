"""The text of a PDF as it flows: over columns and pages, with what floats beside it put apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from .document import Block
from .pdf_breaks import Body, body_type
from .pdf_drafts import Draft, draft, heading_depth
from .pdf_joining import Joiner
from .pdf_order import Column, arrange
from .pdf_page import Page
from .pdf_pieces import Piece
from .pdf_tables import Table, sentences
from .tables import is_wide

# How many drafts (captions, rows, headings of figures) may stand between two halves of a paragraph.
_BETWEEN = 8
_TITLE = 1.2
# How much room a full line may leave, in widths of its type.
_ROOM = 2.0


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
            while at > 0 and _ends_after(ordered[at - 1], page):
                at -= 1
        ordered.insert(at, part)
    return ordered


def _ends_after(part: Draft | Table, page: int) -> bool:
    return isinstance(part, Draft) and part.lines[-1].page > page >= part.lines[0].page


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
