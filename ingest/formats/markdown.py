"""Markdown files as their readers see them: without marks, with headings, lists and tables."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.tree import SyntaxTreeNode

from .document import Block, Document, ReadOptions, assemble, clean, leveled, notes_last, title_of
from .html_blocks import html_blocks, html_tree
from .names import one_line
from .plain import decoded
from .tables import Cell, table_blocks

_ANCHOR = re.compile(r"[ \t]*\{[#.][^}\n]*\}$")
_REFERENCE = re.compile(r"\[\^[^\]\s]+\]")
# GitHub's and Obsidian's mark of a quotation that is a remark: "[!NOTE]".
_CALLOUT = re.compile(r"\[![\w-]+\][-+]?[ \t]*")
# Beside Chinese marks, `**` is often none to the standard, though to all who write it.
_STRONG = re.compile(r"\*\*([^*\n]*[\u3000-\u9fff\uff00-\uffef“”‘’][^*\n]*)\*\*")
_BREAK = re.compile(r"<br\b", re.I)
_FRONT_MATTER = re.compile(
    r"(?P<mark>---|\+\+\+)\n(?P<body>[\w-]+[ \t]*[:=].*?)\n(?:(?P=mark)|\.\.\.)(?:\n|\Z)", re.S
)
_FIELD = re.compile(r"^(title|author|date)[ \t]*[:=][ \t]*(.+)$", re.M | re.I)
_CONTAINER = re.compile(r":{3,}[ \t]*(?:\{[^}]*\}|[\w-]+)?[ \t]*(?P<title>.*?)[ \t]*:*$")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]:[ \t]*(?P<words>.*)$")
# A title without the space that the standard asks for, as many write it in Chinese.
_CLOSE_HEADING = re.compile(r"(?P<marks>#{2,6})(?P<words>[^#\s!].*?)[ \t]*#*$")
_LINK_TARGET = re.compile(r"\[[^\]^][^\]]*\]:[ \t]*\S")
_AFTER: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}


def read_markdown(data: bytes, name: str, options: ReadOptions) -> Document:
    """A Markdown file; its front matter may name title, author and date."""
    about, body = front_matter(decoded(data, name, options.charset))
    tokens = parser().parse(body)
    blocks = notes_last(leveled(list(_inside(SyntaxTreeNode(tokens)))))
    text, _, _ = assemble(blocks)
    return Document(
        text,
        "md",
        title=one_line(about.get("title", "")) or title_of(blocks),
        author=one_line(about.get("author", "")),
        date=one_line(about.get("date", "")),
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


def front_matter(text: str) -> tuple[Mapping[str, str], str]:
    """What a file says of itself at its top (title, author, date), and the text below."""
    found = _FRONT_MATTER.match(text)
    if not found:
        return {}, text
    try:
        read = tomllib.loads if found["mark"] == "+++" else yaml.safe_load
        told: Any = read(found["body"])
    except (ValueError, yaml.YAMLError, RecursionError):
        told = None
    if not isinstance(told, dict):
        # Most often a title with a colon that should have been quoted.
        told = {field: words.strip("\"' ") for field, words in _FIELD.findall(found["body"])}
    fields = {str(key).lower(): _told(value) for key, value in told.items()}
    fields.setdefault("author", fields.get("authors", ""))
    return fields, text[found.end() :]


def parser() -> MarkdownIt:
    """CommonMark with tables, containers (`:::`) and footnotes (`[^1]: …`)."""
    markdown = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
    markdown.block.ruler.before("fence", "container", _container, _AFTER)
    markdown.block.ruler.before("reference", "close_heading", _close_heading, _AFTER)
    markdown.block.ruler.before("reference", "footnote", _footnote, _AFTER)
    return markdown


def _told(value: object) -> str:
    """A value of front matter as words: one, or a list of them; a person may have a `name`."""
    # No deeper: aliases of aliases would take for ever.
    values = value[:10] if isinstance(value, list) else [value]
    named = (one.get("name") if isinstance(one, dict) else one for one in values)
    days = (one.date() if isinstance(one, datetime) else one for one in named)
    return ", ".join(str(one) for one in days if isinstance(one, (str, int, float, date)))


def _container(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A line that opens or closes a container: its title is a paragraph, its text as any other."""
    found = _CONTAINER.match(_line(state, start))
    if found is None or state.is_code_block(start):
        return False
    if not silent:
        _push(state, "paragraph", found["title"], start, start + 1)
    return True


def _footnote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A note: the rest of its line, the lines below that are not blank, and indented paragraphs."""
    found = _FOOTNOTE.match(_line(state, start))
    if found is None or state.is_code_block(start):
        return False
    if silent:
        return True
    lines, after = [found["words"]], start + 1
    while after < end:
        line = _line(state, after)
        indented = state.sCount[after] - state.blkIndent >= 2
        if _FOOTNOTE.match(line) or _LINK_TARGET.match(line):
            break
        if line and not indented and state.isEmpty(after - 1):
            break
        lines.append(line)
        after += 1
    _push(state, "footnote", "\n".join(line for line in lines if line), start, after)
    return True


def _close_heading(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    found = _CLOSE_HEADING.match(_line(state, start))
    if found is None or state.is_code_block(start):
        return False
    if not silent:
        _push(state, "heading", found["words"], start, start + 1, tag=f"h{len(found['marks'])}")
    return True


def _line(state: StateBlock, number: int) -> str:
    begin = state.bMarks[number] + state.tShift[number]
    return state.src[begin : state.eMarks[number]]


def _push(
    state: StateBlock, kind: str, words: str, start: int, after: int, *, tag: str = "p"
) -> None:
    state.line = after
    if not words:
        return
    state.push(f"{kind}_open", tag, 1).map = [start, after]
    inline = state.push("inline", "", 0)
    inline.content, inline.children, inline.map = words, [], [start, after]
    state.push(f"{kind}_close", tag, -1)
