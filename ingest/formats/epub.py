"""Books in EPUB: their chapters in the order of the spine, and who wrote them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html.entities import html5
from typing import Any, NamedTuple

from ingest.refusing import DocumentError

from .document import Block, Document, ReadOptions, assemble, leveled, notes_last
from .html_blocks import html_blocks, html_tree, without_declaration, words_of
from .html_page import page_text
from .names import one_line
from .zips import Parts, attribute, beside, local, xml_parser

_CONTAINER = "META-INF/container.xml"
_HEADING = re.compile("h[1-6]")
# What pages are declared as, also in books of the standard before EPUB.
_PAGE = re.compile(r"html|x-oeb1-document")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*;)")
_KEPT_ENTITIES = frozenset(("amp;", "lt;", "gt;", "quot;", "apos;"))
_AROUND = frozenset("toc cover landmarks page-list loi lot index-group".split())
# Fonts may be made unreadable without a right to them; the text of such books is free.
_FONT_CIPHERS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
# The share of a page's words that lead into the book, from which on it is a table of contents.
_LINKED = 0.7


class _Item(NamedTuple):
    part: str
    kind: str
    properties: str


def read_epub(data: bytes, name: str, options: ReadOptions) -> Document:
    """The chapters of a book with their headings; cover and table of contents are left out."""
    parts = Parts(data, name)
    _check_free(parts, name)
    package = _package(parts, name)
    source = parts.read(package)
    if source is None:
        raise DocumentError("damaged", name, why="its list of chapters is missing")
    root = _xml(source.decode("utf-8", "replace"))
    if root is None:
        root = parts.parsed(source, package)
    items = _items(root, package)
    labels, around = _contents(parts, root, items, package)
    blocks: list[Block] = []
    for part in _spine(root, items):
        if part in around or (page := parts.read(part)) is None:
            continue
        blocks += _chapter(page_text(page, name), labels.get(part, ""))
    text, _, _ = assemble(notes_last(leveled(blocks)))
    return Document(
        text,
        "epub",
        title=_told(root, "title"),
        author=_told(root, "creator"),
        publisher=_told(root, "publisher"),
        date=_date(_told(root, "date", most=1)),
    )


def _check_free(parts: Parts, name: str) -> None:
    """Raises DocumentError for books whose text is encrypted."""
    listed = parts.tree("META-INF/encryption.xml")
    if listed is None:
        return
    ciphers = [
        attribute(e, "Algorithm")
        for e in listed.iter()
        if local(e) == "EncryptionMethod" and local(e.getparent()) == "EncryptedData"
    ]
    if any(cipher not in _FONT_CIPHERS for cipher in ciphers):
        raise DocumentError("encrypted", name)


def _package(parts: Parts, name: str) -> str:
    container = parts.tree(_CONTAINER)
    found = () if container is None else container.iter()
    for element in found:
        if local(element) == "rootfile" and (path := attribute(element, "full-path")):
            return path
    raise DocumentError("damaged", name, why="its container names no book")


def _items(root: Any, package: str) -> Mapping[str, _Item]:
    return {
        attribute(e, "id"): _Item(
            beside(package, attribute(e, "href")),
            attribute(e, "media-type"),
            attribute(e, "properties"),
        )
        for e in root.iter()
        if local(e) == "item"
    }


def _spine(root: Any, items: Mapping[str, _Item]) -> list[str]:
    """The parts of the book that are pages, in reading order; what is beside it comes last."""
    refs = [e for e in root.iter() if local(e) == "itemref" and attribute(e, "idref") in items]
    refs.sort(key=lambda e: attribute(e, "linear") == "no")
    found = (items[attribute(e, "idref")] for e in refs)
    return list(dict.fromkeys(item.part for item in found if _PAGE.search(item.kind)))


def _contents(
    parts: Parts, root: Any, items: Mapping[str, _Item], package: str
) -> tuple[Mapping[str, str], set[str]]:
    """What the table of contents calls each page, and which pages are cover or contents."""
    labels: dict[str, str] = {}
    around = {
        beside(package, attribute(e, "href"))
        for e in root.iter()
        if local(e) == "reference" and attribute(e, "type").lower() in _AROUND
    }
    for item in items.values():
        is_nav = "nav" in item.properties.split()
        if not is_nav and item.kind != "application/x-dtbncx+xml":
            continue
        if is_nav:
            around.add(item.part)
        source = parts.read(item.part)
        tree = None if source is None else _xml(source.decode("utf-8", "replace"))
        if tree is not None:
            links = [(attribute(e, "href"), words_of(e)) for e in tree.iter() if local(e) == "a"]
            for target, label in links if is_nav else _points(tree):
                labels.setdefault(beside(item.part, target), label)
    return labels, around


def _points(ncx: Any) -> list[tuple[str, str]]:
    points: list[tuple[str, str]] = []
    for point in (e for e in ncx.iter() if local(e) == "navPoint"):
        own = {local(child): child for child in point}
        if "navLabel" in own and "content" in own:
            points.append((attribute(own["content"], "src"), words_of(own["navLabel"])))
    return points


def _chapter(source: str, label: str) -> list[Block]:
    """The blocks of a page of the book; `label` is its heading where it has none."""
    root = _xml(source)
    if root is None:
        root = html_tree(source)
    body = None if root is None else next((e for e in root.iter() if local(e) == "body"), None)
    if body is None or _is_around(body):
        return []
    blocks = html_blocks(body, leave=_is_around)
    if not blocks or _is_contents(body):
        return []
    if label and not any(block.kind == "heading" for block in blocks):
        blocks.insert(0, Block("heading", label, 1))
    return blocks


def _is_around(element: Any) -> bool:
    kinds = f"{attribute(element, 'type')} {attribute(element, 'role')}".replace("doc-", "")
    return bool(_AROUND.intersection(kinds.split())) or local(element) == "nav"


def _is_contents(body: Any) -> bool:
    """Whether nearly all words of a page, but for its headings, lead to other pages of the book."""
    links = (e for e in body.iter() if local(e) == "a")
    inside = (e for e in links if (href := attribute(e, "href")) and "://" not in href)
    linked = sum(len(words_of(e)) for e in inside)
    headings = (e for e in body.iter() if _HEADING.fullmatch(local(e)))
    words = len(words_of(body)) - sum(len(words_of(e)) for e in headings)
    return words > 0 and linked >= _LINKED * words


def _xml(source: str) -> Any | None:
    """The page as XML; None where it is not well formed."""
    from lxml import etree

    known = _ENTITY.sub(lambda m: m[0] if m[1] in _KEPT_ENTITIES else html5.get(m[1], ""), source)
    try:
        return etree.fromstring(without_declaration(known), xml_parser())
    except (etree.XMLSyntaxError, ValueError):
        return None


def _date(told: str) -> str:
    """A date without its time; "" for the year 101, which calibre writes for unknown ones."""
    return "" if told.startswith("0101-") else told.partition("T")[0]


def _told(root: Any, field: str, *, most: int = 5) -> str:
    """What the book's metadata tell: several creators are parted by commas."""
    metadata = next((e for e in root.iter() if local(e) == "metadata"), None)
    found: Sequence[Any] = () if metadata is None else list(metadata.iter())
    values = [one_line(e.text or "") for e in found if local(e) == field]
    values = list(dict.fromkeys(value for value in values if value))
    return ", ".join(values[: 1 if field == "title" else most])
