"""What every format is read with, and into: one plain text, its headings, pages and notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.retrieval.language import passage_language

BlockKind = Literal["heading", "paragraph", "item", "row", "note"]
# What the reader of a document is told of it; `ingest/outcomes.py` holds the sentences.
NoteKind = Literal["scanned", "foreign", "repaired", "left_out", "recognised"]
# Left, top, right, bottom as shares of the page's width and height, from its upper left corner.
Box = tuple[float, float, float, float]

_RAISED = str.maketrans("0123456789+-−–", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")
_RAISED_NUMBER = re.compile(r"\s*[-+−–]?[0-9]{1,3}\s*")
_HEADING_MARK = re.compile(r"^(?=#{1,6}[ \t])", re.M)


@dataclass(frozen=True, slots=True)
class LineBox:
    """Where the words text[start:end] stand: one line of a page; pages count from 1."""

    start: int
    end: int
    page: int
    box: Box


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document, in reading order.

    text: as `clean` gives it. level: of a heading, 1 for the document's own title. page: where it
    begins, from 1; 0 where the format has none. turns: where in `text` further pages begin, as
    (offset, page). boxes: where its lines stand, with offsets into `text`.
    """

    kind: BlockKind
    text: str
    level: int = 2
    page: int = 0
    turns: tuple[tuple[int, int], ...] = ()
    boxes: tuple[LineBox, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the reader of a document should know; `value`: how many, or which."""

    kind: NoteKind
    value: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it is indexed; offsets count characters of `text`.

    Lines of `text` that begin with `#` are headings; blank lines part paragraphs. pages[i] is
    where page i + 1 begins; () where the format has none. date: ISO 8601, or "". format: "pdf",
    "docx", "html", "epub", "md", "txt" or "csv".
    """

    text: str
    format: str
    title: str = ""
    author: str = ""
    publisher: str = ""
    date: str = ""
    pages: tuple[int, ...] = ()
    boxes: tuple[LineBox, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a reader may do. pages, chars: the most that a document may have of each.

    ocr: whether scanned pages are read by the `ocr` extra, where it is installed.
    """

    password: str = ""
    charset: str = ""
    ocr: bool = True
    pages: int = 2_000
    chars: int = 1_000_000


def clean(words: str) -> str:
    """Words for a block: no blank lines, no space at line ends, nothing that reads as a heading."""
    lines = (line.strip() for line in words.replace("\0", "").splitlines())
    return _HEADING_MARK.sub(r"\\", "\n".join(line for line in lines if line))


def raised(words: str) -> str:
    """Words that stand above the line, a number in characters that say so: 10⁶ is not 106."""
    return words.translate(_RAISED) if _RAISED_NUMBER.fullmatch(words) else words


def assemble(
    blocks: Iterable[Block], *, page_count: int = 0
) -> tuple[str, tuple[int, ...], tuple[LineBox, ...]]:
    """The text of a document, where its pages begin, and where its lines stand on them.

    Items of a list, rows of a table and notes that follow each other are lines of one paragraph.
    `page_count`: how many pages there are; one without text begins where the next one does.
    """
    parts: list[str] = []
    length, before = 0, ""
    begins: list[tuple[int, int]] = []
    boxes: list[LineBox] = []
    for block in blocks:
        if not block.text:
            continue
        together = before == block.kind and block.kind in ("item", "row", "note")
        gap = "" if not parts else "\n" if together else "\n\n"
        mark = "#" * max(1, min(block.level, 6)) + " " if block.kind == "heading" else ""
        words = block.text.replace("\n", " ") if mark else block.text
        start = length + len(gap) + len(mark)
        if block.page:
            begins.append((block.page, length + len(gap)))
            begins += [(page, start + at) for at, page in block.turns]
        boxes += [replace(b, start=start + b.start, end=start + b.end) for b in block.boxes]
        parts.append(gap + mark + words)
        length += len(parts[-1])
        before = block.kind
    text = "".join(parts) + "\n" if parts else ""
    return text, _page_starts(begins, page_count, len(text)), tuple(boxes)


def _page_starts(begins: Sequence[tuple[int, int]], count: int, length: int) -> tuple[int, ...]:
    first: dict[int, int] = {}
    for page, at in begins:
        first.setdefault(page, at)
    starts: list[int] = []
    following = length
    for page in range(max(count, *first, 0) if first else count, 0, -1):
        # Pages are told in reading order: a page never begins after the one that follows it.
        following = min(first.get(page, following), following)
        starts.append(following)
    return tuple(reversed(starts))


def leveled(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with level 1 for nothing but a title: a single such heading, before any text.

    Level 0 says of a heading that it is meant as the title. Where several headings are of level
    1, as chapters are, every heading but the title goes one level down: the first of them would
    otherwise be taken for the document's own title.
    """
    headings = [i for i, block in enumerate(blocks) if block.kind == "heading"]
    tops = [i for i in headings if blocks[i].level == 1]
    titles = [i for i in headings if blocks[i].level < 1]
    first = next((i for i, block in enumerate(blocks) if block.text), -1)
    title = first if [first] in (titles, [*titles, *tops]) else -1
    down = bool(tops) and tops != [title]
    return [
        replace(block, level=max(1, block.level) + (down and i != title))
        if block.kind == "heading"
        else block
        for i, block in enumerate(blocks)
    ]


def notes_last(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with their notes after all others, under a heading in the text's language."""
    rest = [block for block in blocks if block.kind != "note"]
    notes = [block for block in blocks if block.kind == "note" and block.text]
    if not notes:
        return rest
    language = passage_language("\n".join(block.text for block in rest or notes))
    return [*rest, Block("heading", "注释" if language == "zh" else "Notes"), *notes]


def title_of(blocks: Sequence[Block]) -> str:
    """The words of the first heading; "" where there is none."""
    return next((block.text for block in blocks if block.kind == "heading" and block.text), "")
