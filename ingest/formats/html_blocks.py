"""Elements of HTML, of web pages as of the chapters of a book, parsed and read as blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree, html

from .document import Block, BlockKind, clean, raised
from .tables import Cell, table_blocks
from .zips import attribute, local, number

# Nothing of these is read as text.
_SILENT = frozenset(
    "script style template noscript svg iframe object canvas head title button select option "
    "textarea input audio video rt rp map dialog math-renderer".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset "
    "figcaption figure footer form header hgroup hr html legend li main nav ol p pre section "
    "summary table tbody td tfoot th thead tr ul".split()
)
_HEADING = re.compile(r"h([1-6])")
_NOTE_MARK = re.compile(r"(?:doc-)?noteref|footnote-ref(?:erence)?")
_HAN = "\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
# A line break in the source is a space, though not between two Chinese characters.
_SOFT_BREAK = re.compile(rf"(?<=[{_HAN}])[ \t\r]*\n[ \t\r\n]*(?=[{_HAN}])")
_BLANK_LINE = re.compile(r"[ \t\r]*\n[ \t\r]*\n\s*|\0(?:\s*\0)+\s*")
_EDGE = re.compile(r"\A\s*\n\s*|\s*\n\s*\Z")
_MARKER = re.compile(r"[\[(（【]?(?:\d{1,3}|[*†‡§↩︎^a-z])[\])）】]?")
# The sign by which the address of a heading can be copied.
_PERMALINKS = frozenset("§¶#🔗^↑")
# Deeper than any page is written; Python's own limit is not far beyond.
_DEPTH = 200
# How Wikipedia describes the picture of a formula.
_FORMULA = re.compile(r"\{\\(?:display|text)style (.*)\}")

Leave = Callable[[Any], bool]
NOTE = re.compile(r"(?:doc-)?(?:foot|end|rear)notes?")
_OF_HEAD = frozenset("title meta link script style base noscript template".split())
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
# What wikis and others mark as no part of the text: it is not printed.
_UNPRINTED = re.compile(r"noprint|no-print|d-print-none|mw-editsection|mw-cite-backlink")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def html_blocks(root: Any, *, leave: Leave | None = None) -> list[Block]:
    """The blocks of an element in reading order; notes come as blocks of the kind "note".

    leave: says of an element whether it is left out with all that it holds.
    """
    walk = _Walk(leave or (lambda element: False))
    walk.element(root, 0)
    walk.flush()
    return [block for block in walk.blocks if block.text]


class _Walk:
    """The way through the elements: `words` fills until a block ends."""

    def __init__(self, leave: Leave) -> None:
        self.blocks: list[Block] = []
        self._words: list[str] = []
        self._kind: BlockKind = "paragraph"
        self._level = 2
        self._mark = ""
        self._verbatim = False
        self._leave = leave

    def flush(self) -> None:
        """End the block at hand."""
        text = "".join(self._words)
        self._words = []
        whole = self._verbatim or self._kind == "heading"
        for piece in [text] if whole else _BLANK_LINE.split(text):
            words = _told(piece.replace("\1", "\n"), self._verbatim)
            if words:
                self.blocks.append(Block(self._kind, clean(self._mark + words), self._level))
                # Further paragraphs of an item stand below it.
                self._mark = ""
                if self._kind == "item":
                    self._kind = "paragraph"

    def element(self, element: Any, depth: int) -> None:
        """Read an element, and not what follows it."""
        tag = local(element).lower()
        is_silent = tag in _SILENT and not (tag == "button" and _is_question(element))
        if not tag or is_silent or is_hidden(element) or self._leave(element):
            return
        if depth > _DEPTH:
            self._words.append(" ".join(element.itertext()))
        elif tag == "br":
            self._words.append("\0")
        elif tag == "img":
            self._words.append(_alternative(element))
        elif tag == "sup" and not _is_sign(element, tag):
            self._words.append(raised("".join(element.itertext())))
        elif tag in _BLOCKS or _HEADING.fullmatch(tag):
            self.flush()
            self._block(element, tag, depth)
            self.flush()
        elif not _is_sign(element, tag):
            self._inside(element, depth)

    def _block(self, element: Any, tag: str, depth: int) -> None:
        if heading := _HEADING.fullmatch(tag):
            self._as("heading", element, depth, level=int(heading[1]))
        elif tag != "li" and has_role(element, NOTE):
            self._as("note", element, depth)
        elif tag == "table":
            self.blocks += _table(element, self._leave)
        elif tag in ("ul", "ol"):
            self._list(element, depth)
        elif tag == "pre":
            self._verbatim = True
            self._inside(element, depth)
            self.flush()
            self._verbatim = False
        else:
            self._inside(element, depth)

    def _inside(self, element: Any, depth: int) -> None:
        self._words.append(self._between(element.text or ""))
        for child in element:
            self.element(child, depth + 1)
            self._words.append(self._between(child.tail or ""))

    def _between(self, words: str) -> str:
        # Line breaks beside an element, blank lines too, are how a program wrote its template.
        return words if self._verbatim else _EDGE.sub("\1", words)

    def _as(self, kind: BlockKind, element: Any, depth: int, *, level: int = 2) -> None:
        before = self._kind, self._level, self._mark
        self._kind, self._level, self._mark = kind, level, ""
        begin = len(self.blocks)
        self._inside(element, depth)
        self.flush()
        if kind == "note":
            self.blocks[begin:] = [_as_note(block) for block in self.blocks[begin:]]
        self._kind, self._level, self._mark = before

    def _list(self, element: Any, depth: int) -> None:
        numbered = local(element).lower() == "ol"
        count = number(attribute(element, "start"), 1)
        before = self._kind, self._mark
        for child in element:
            if local(child).lower() != "li":
                self.element(child, depth + 1)
                self.flush()
                continue
            count = number(attribute(child, "value"), count)
            self._kind, self._mark = "item", f"{count}. " if numbered else "- "
            begin = len(self.blocks)
            self.element(child, depth + 1)
            self.flush()
            if has_role(child, NOTE):
                self.blocks[begin:] = [_as_note(block) for block in self.blocks[begin:]]
            count += 1
        self._kind, self._mark = before


def _told(text: str, verbatim: bool) -> str:
    if verbatim:
        return text.replace("\0", "\n")
    lines = (" ".join(_SOFT_BREAK.sub("", line).split()) for line in text.split("\0"))
    return "\n".join(line for line in lines if line)


def _as_note(block: Block) -> Block:
    # The sign leads back to the place of the note in the text.
    words = block.text.replace("\u21a9\ufe0e", "").replace("\u21a9", "").strip()
    return Block("note", words) if block.kind in ("paragraph", "item") else block


def _table(element: Any, leave: Leave) -> list[Block]:
    rows, headers, above = [], 0, True
    named = False
    blocks: list[Block] = []
    for part in _rows(element):
        if local(part).lower() == "caption":
            blocks += html_blocks(part, leave=leave)
            continue
        cells = [cell for cell in part if local(cell).lower() in ("td", "th")]
        if not cells or leave(part):
            continue
        names = [local(cell).lower() == "th" for cell in cells]
        # The corner above a column of names is often an empty `td`.
        only = any(names) and all(
            name or not words_of(cell) for name, cell in zip(names, cells, strict=True)
        )
        above = above and (only or local(part.getparent()).lower() == "thead")
        named = named or any(names)
        headers += above
        rows.append([_cell(cell, leave) for cell in cells])
    return blocks + table_blocks(rows, headers if named else headers or None)


def _rows(element: Any) -> Iterator[Any]:
    """The rows of a table and its caption, without those of tables inside it."""
    for child in element:
        tag = local(child).lower()
        if tag in ("tr", "caption"):
            yield child
        elif tag in ("thead", "tbody", "tfoot"):
            yield from _rows(child)


def _cell(element: Any, leave: Leave) -> Cell:
    return Cell(
        tuple(html_blocks(element, leave=leave)),
        number(attribute(element, "colspan"), 1),
        number(attribute(element, "rowspan"), 1),
    )


def _is_question(button: Any) -> bool:
    """Whether a button is the heading of a part that it opens, as of an answer to a question."""
    above = button.getparent()
    in_heading = above is not None and _HEADING.fullmatch(local(above).lower()) is not None
    return in_heading or (opens(button) and is_panel(button.getnext()))


def _is_sign(element: Any, tag: str) -> bool:
    """Whether it is a sign with a link: a raised number to a note, or what headings end in."""
    if tag not in ("sup", "a"):
        return False
    words = words_of(element)
    if words in _PERMALINKS and (element.get("href") or "").startswith("#"):
        return True
    if not _MARKER.fullmatch(words):
        return False
    linked = tag == "sup" and any(local(link).lower() == "a" for link in element.iter())
    return linked or has_role(element, _NOTE_MARK)


def _alternative(image: Any) -> str:
    """What stands for an image: its description, unless that is a file's name."""
    words = " ".join((image.get("alt") or "").split())
    if formula := _FORMULA.fullmatch(words):
        return f" {formula[1]} "
    return "" if re.fullmatch(r"\S*\.\w{2,4}|[\w-]*", words) else f" {words} "


def html_tree(source: str) -> Any | None:
    """The root of a page, however broken its source; None where it holds nothing at all.

    Raises RecursionError where elements are nested deeper than the parser goes: it would leave
    out the rest without a word.
    """
    # Deep pages are read as well: the memory of the process that reads them is bounded.
    parser = html.HTMLParser(no_network=True, huge_tree=True, remove_comments=True)
    try:
        root = html.document_fromstring(without_declaration(source), parser=parser)
    except (etree.ParserError, ValueError):
        return None
    if any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
        raise RecursionError
    _close_head(root)
    return root


def _close_head(root: Any) -> None:
    """Move what is no head's to the body: `<body>` may be left out, and libxml2 knows no `main`."""
    head = root.find("head")
    wrong = [] if head is None else list(head)
    while wrong and (not isinstance(wrong[0].tag, str) or wrong[0].tag in _OF_HEAD):
        del wrong[0]
    if not wrong:
        return
    body = root.find("body")
    if body is None:
        body = etree.SubElement(root, "body")
    last = wrong[-1]
    last.tail = (last.tail or "") + (body.text or "") or None
    body.text = None
    body[:0] = wrong


def without_declaration(source: str) -> str:
    """The source without `<?xml … ?>`: lxml refuses what is decoded and still names an encoding."""
    return _DECLARATION.sub("", source, count=1)


def words_of(element: Any) -> str:
    """All words of an element on one line."""
    return " ".join("".join(element.itertext()).split())


def has_role(element: Any, role: re.Pattern[str]) -> bool:
    """Whether an element says, by epub:type, role or class, that it is such a thing."""
    told = (attribute(element, name) for name in ("type", "role", "class"))
    return any(role.fullmatch(word) for word in " ".join(told).lower().split())


def is_hidden(element: Any) -> bool:
    """Whether a reader never sees it, or only on the screen and not on paper."""
    if has_role(element, _UNPRINTED):
        return True
    is_closed = (
        element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or _HIDDEN.search(element.get("style") or "") is not None
    )
    return is_closed and not is_panel(element)


def opens(element: Any) -> bool:
    """Whether it is a button or another part that opens one."""
    return local(element).lower() == "button" or element.get("aria-expanded") is not None


def is_panel(element: Any | None) -> bool:
    """Whether a reader opens it with the button or the heading right before it."""
    if element is None or local(element).lower() not in ("div", "section", "dd", "p"):
        return False
    if element.get("role") == "tabpanel":
        return True
    before = element.getprevious()
    words = "" if before is None else words_of(before)
    # A menu or a dialog stands below a bar of buttons rather than below a question.
    return bool(words) and any(opens(e) and words_of(e) == words for e in before.iter())
