"""Word documents: headings, lists, tables in their place, notes at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ingest.refusing import DocumentError

from .document import (
    Block,
    Document,
    Note,
    ReadOptions,
    assemble,
    clean,
    leveled,
    notes_last,
    title_of,
)
from .docx_words import (
    Style,
    Words,
    WordsReader,
    child,
    is_on,
    outline_level,
    read_numbering,
    read_styles,
    value,
)
from .names import one_line, told_author, told_title
from .tables import Cell, is_wide, table_blocks
from .zips import Parts, attribute, beside, local, number

# Columns of characters (a Chinese one is two wide): a longer paragraph in bold is no heading.
_HEADING_COLUMNS = 60
_SENTENCE_END = re.compile(r"[。．.！!？?；;，,：:]$")
# How official documents in Chinese number their parts: 第一章 and 一、 above （一）.
_NUMBERED = re.compile(r"第[一二三四五六七八九十百]+[章编部篇]|[一二三四五六七八九十]{1,3}、")
_NUMBERED_BELOW = re.compile(r"第[一二三四五六七八九十百]+节|（[一二三四五六七八九十]{1,3}）")
# A limit: tables in cells in tables; Python stops not far beyond.
_DEPTH = 60
# What stands in each file that python-docx makes, unless its program says otherwise.
_TEMPLATE_AUTHOR, _TEMPLATE_DATE = "python-docx", "2013-12-23"


def read_docx(data: bytes, name: str, options: ReadOptions) -> Document:
    """What a Word document says; running headers, footers, comments and macros are left out."""
    parts = Parts(data, name)
    main = _main(parts)
    root = parts.tree(main)
    body = child(root, "body")
    if body is None:
        raise DocumentError("damaged", name, why="it has no body")
    reader = _Reader(
        read_styles(parts.tree(beside(main, "styles.xml"))),
        parts.tree(beside(main, "numbering.xml")),
    )
    blocks = reader.read(body)
    for kind in ("footnote", "endnote"):
        blocks += reader.notes(kind, parts.tree(beside(main, f"{kind}s.xml")))
    blocks = notes_last(leveled(blocks))
    core = parts.tree("docProps/core.xml")
    text, _, _ = assemble(blocks)
    author = told_author(_property(core, "creator"))
    date = _property(core, "created")[:10]
    own_title = blocks[0].text if blocks and blocks[0].level == 1 else ""
    return Document(
        text,
        "docx",
        title=own_title or told_title(_property(core, "title")) or title_of(blocks),
        author="" if author == _TEMPLATE_AUTHOR else author,
        publisher=_property(parts.tree("docProps/app.xml"), "Company"),
        date="" if date == _TEMPLATE_DATE else date,
        notes=tuple(_left_out(parts, reader)),
    )


def _main(parts: Parts) -> str:
    """The part that holds the text: word/document.xml unless the package names another."""
    relations = parts.tree("_rels/.rels")
    for relation in () if relations is None else relations:
        if attribute(relation, "Type").endswith("/officeDocument"):
            return beside("", attribute(relation, "Target"))
    return "word/document.xml"


def _left_out(parts: Parts, reader: _Reader) -> Iterator[Note]:
    if any(part.endswith("vbaProject.bin") for part in parts.names):
        yield Note("left_out", "macros")
    if any(re.fullmatch(r"word/comments\d*\.xml", part) for part in parts.names):
        yield Note("left_out", "comments")
    if reader.pictures:
        yield Note("left_out", "pictures")


def _property(root: Any | None, field: str) -> str:
    found = child(root, field)
    return "" if found is None else one_line(found.text or "")


class _Reader:
    """Reads the blocks of a document in order: numbers and fields go on from one to the next."""

    def __init__(self, styles: Mapping[str, Style], numbering: Any | None) -> None:
        self._styles = styles
        self._numbering = read_numbering(numbering)
        self._words = WordsReader(styles)
        self._noted: list[tuple[str, str]] = []
        self._depth = 0

    @property
    def pictures(self) -> int:
        """How many pictures the text had."""
        return self._words.pictures

    def read(self, body: Any) -> list[Block]:
        """The blocks of the body; lines that look like headings are, where no style says so."""
        found = list(self._blocks(body))
        blocks = [block for block, _ in found]
        headings = [block for block in blocks if block.kind == "heading"]
        # A single one of level 1 is most often the title.
        if len(headings) > 1 or any(block.level > 1 for block in headings):
            return blocks
        texts = [looks for block, looks in found if block.kind == "paragraph"]
        if sum(map(bool, texts)) * 2 > len(texts):
            return blocks
        return [replace(b, kind="heading", level=looks) if looks else b for b, looks in found]

    def notes(self, kind: str, root: Any | None) -> list[Block]:
        """The notes of that kind that the text refers to, in the order of the references."""
        texts: dict[str, str] = {}
        for note in () if root is None else root:
            paragraphs = (b.text for b, _ in self._blocks(note))
            texts[attribute(note, "id")] = " ".join(paragraphs)
        ids = dict.fromkeys(id_ for of, id_ in self._noted if of == kind)
        told = [texts[id_] for id_ in ids if texts.get(id_)]
        return [Block("note", clean(f"{i}. {text}")) for i, text in enumerate(told, 1)]

    def _blocks(self, container: Any) -> Iterator[tuple[Block, int]]:
        """Blocks, each with the level of the heading that it looks like; 0 for none."""
        self._depth += 1
        for element in container if self._depth < _DEPTH else ():
            tag = local(element)
            if tag == "p":
                yield from self._paragraph(element)
            elif tag == "tbl":
                yield from ((block, 0) for block in self._table(element))
            elif tag == "AlternateContent":
                yield from self._blocks(next(iter(element), element))
            elif tag in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag", "Choice"):
                gallery = value(element, "sdtPr", "docPartObj", "docPartGallery")
                if gallery != "Table of Contents":
                    yield from self._blocks(element)
        self._depth -= 1

    def _paragraph(self, element: Any) -> Iterator[tuple[Block, int]]:
        style = self._styles.get(value(element, "pPr", "pStyle")) or self._styles[""]
        words = self._words.read(element)
        self._noted += words.notes
        text = clean(words.text)
        # An empty item of a list counts as well, unless it was deleted.
        counts = text or child(element, "pPr", "rPr", "del") is None
        mark = self._mark(element, style) if counts else ""
        if text and not style.is_contents:
            outline = value(element, "pPr", "outlineLvl")
            level = outline_level(outline) if outline else style.level
            marked = f"{mark} {text}" if mark else text
            if level >= 0:
                yield Block("heading", marked.removeprefix("- "), level), 0
            elif mark:
                yield Block("item", marked), 0
            else:
                yield Block("paragraph", text), _looks(text, words)
        for box in words.boxes:
            yield from ((block, 0) for block, _ in self._blocks(box))

    def _mark(self, paragraph: Any, style: Style) -> str:
        list_id = value(paragraph, "pPr", "numPr", "numId") or style.list_id
        level = value(paragraph, "pPr", "numPr", "ilvl")
        return self._numbering.mark(list_id, number(level, style.list_level))

    def _table(self, element: Any) -> list[Block]:
        rows: list[list[Cell]] = []
        headers = 0
        # By column: the cell that a merged one below goes on from.
        above: dict[int, Cell] = {}
        for row in _inside(element, "tr"):
            if child(row, "trPr", "del") is not None:
                continue
            cells: list[Cell] = []
            at = 0
            for cell in _inside(row, "tc"):
                span = min(number(value(cell, "tcPr", "gridSpan"), 1), 100)
                merge = child(cell, "tcPr", "vMerge")
                own = Cell(tuple(block for block, _ in self._blocks(cell)), span)
                if merge is not None and attribute(merge, "val") != "restart" and at in above:
                    own = _again(above[at], span)
                above[at] = own
                cells.append(own)
                at += span
            if headers == len(rows) and is_on(value(row, "trPr", "tblHeader")):
                headers += 1
            rows.append(cells)
        return table_blocks(rows, headers or None)


def _again(cell: Cell, width: int) -> Cell:
    """A cell that is merged with the one above: its words, not the tables inside it, once more."""
    return Cell(tuple(block for block in cell.blocks if block.kind != "row"), width)


def _inside(element: Any, tag: str) -> Iterator[Any]:
    """The rows of a table or the cells of a row, also those in controls and insertions."""
    for inner in element:
        if local(inner) == tag:
            yield inner
        elif local(inner) in ("sdt", "sdtContent", "ins", "customXml"):
            yield from _inside(inner, tag)


def _looks(text: str, words: Words) -> int:
    """The level of the heading that a paragraph without such a style looks like; 0 for none."""
    columns = sum(2 if is_wide(c) else 1 for c in text)
    if columns > _HEADING_COLUMNS or "\n" in text or _SENTENCE_END.search(text):
        return 0
    if _NUMBERED_BELOW.match(text):
        return 3
    is_bold = words.bold == sum(not c.isspace() for c in words.text)
    return 2 if is_bold or _NUMBERED.match(text) else 0
