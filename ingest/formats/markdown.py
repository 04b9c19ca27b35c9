"""Markdown files as their readers see them: without marks, with headings, lists and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it.tree import SyntaxTreeNode

from .document import Block, Document, ReadOptions, assemble, clean
from .html_blocks import html_blocks
from .html_tree import html_tree
from .markdown_rules import front_matter, parser
from .names import one_line
from .plain import decoded
from .structure import leveled, notes_last, title_of
from .tables import Cell, table_blocks

_CHARS = 200
_ANCHOR = re.compile(r"[ \t]*\{[#.][^}\n]*\}$")
_REFERENCE = re.compile(r"\[\^[^\]\s]+\]")
# GitHub's and Obsidian's mark of a quotation that is a remark: "[!NOTE]".
_CALLOUT = re.compile(r"\[![\w-]+\][-+]?[ \t]*")
# Beside Chinese marks, `**` is often none to the standard, though to all who write it.
_STRONG = re.compile(r"\*\*([^*\n]*[\u3000-\u9fff\uff00-\uffef“”‘’][^*\n]*)\*\*")
_BREAK = re.compile(r"<br\b", re.I)


def read_markdown(data: bytes, name: str, options: ReadOptions) -> Document:
    """A Markdown file; its front matter may name title, author and date."""
    about, body = front_matter(decoded(data, name, options.charset))
    tokens = parser().parse(body)
    blocks = notes_last(leveled(list(_inside(SyntaxTreeNode(tokens)))))
    text, _, _ = assemble(blocks)
    return Document(
        text,
        "md",
        title=one_line(about.get("title", ""), _CHARS) or title_of(blocks),
        author=one_line(about.get("author", ""), _CHARS),
        date=one_line(about.get("date", ""), _CHARS),
    )


def _inside(node: SyntaxTreeNode) -> Iterator[Block]:
    notes = 0
    for child in node.children:
        if child.type == "footnote":
            notes += 1
            yield Block("note", clean(f"{notes}. {_words(child)}"))
        else:
            yield from _blocks(child)


def _blocks(node: SyntaxTreeNode) -> Iterator[Block]:
    if node.type == "heading":
        words = _ANCHOR.sub("", one_line(_words(node), 1_000))
        yield Block("heading", words, int(node.tag[1:]))
    elif node.type == "paragraph":
        yield Block("paragraph", clean(_words(node)))
    elif node.type in ("bullet_list", "ordered_list"):
        yield from _list(node)
    elif node.type in ("fence", "code_block"):
        yield Block("paragraph", clean(node.content))
    elif node.type == "html_block":
        root = html_tree(node.content)
        yield from () if root is None else html_blocks(root)
    elif node.type == "table":
        yield from _table(node)
    else:
        yield from _inside(node)


def _list(node: SyntaxTreeNode) -> Iterator[Block]:
    number = int(node.attrs.get("start", 1))
    for item in node.children:
        mark = f"{number}. " if node.type == "ordered_list" else "- "
        number += 1
        for block in _inside(item):
            if mark and block.kind == "paragraph":
                block, mark = Block("item", mark + block.text), ""
            yield block


def _table(node: SyntaxTreeNode) -> list[Block]:
    rows = [row.children for part in node.children for row in part.children]
    cells = [[Cell((Block("paragraph", clean(_words(cell))),)) for cell in row] for row in rows]
    # A table cannot be written without the row of names, but that may be empty.
    named = any(cell.blocks[0].text for cell in cells[0])
    return table_blocks(cells if named else cells[1:], 1 if named else 0)


def _words(node: SyntaxTreeNode) -> str:
    """The words of a paragraph, heading or cell, without the marks of notes."""
    words = "".join(_inline(child) for child in node.children)
    words = _STRONG.sub(r"\1", words)
    return _REFERENCE.sub("", _CALLOUT.sub("", words) if words.startswith("[!") else words)


def _inline(node: SyntaxTreeNode) -> str:
    if node.type in ("softbreak", "hardbreak"):
        return "\n"
    if node.type == "html_inline":
        return "\n" if _BREAK.match(node.content) else ""
    if node.type == "image":
        return "".join(_inline(child) for child in node.children)
    if node.children:
        return "".join(_inline(child) for child in node.children)
    return node.content
