"""Web pages: the article and what is known of it, without what stands around it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ingest.refusing import DocumentError

from .document import Block, Document, ReadOptions, assemble, clean, leveled, notes_last, title_of
from .html_blocks import NOTE, has_role, html_blocks, html_tree, words_of
from .names import one_line
from .plain import decoded
from .zips import attribute, local

_CHARSET = re.compile(
    rb"<meta\b[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})|<\?xml\b[^>]{0,200}?"
    rb"encoding\s*=\s*[\"']([\w.:-]{2,40})",
    re.I,
)
# Browsers look this far for a declaration; pages that are saved have more before it.
_HEAD_BYTES = 16_384
# The article is where nearly all of the text stands that trafilatura takes for it.
_COVERED = 0.9
# Trafilatura is made for long pages: where it takes less than this, it took a part for the whole.
_ARTICLE_SHARE = 0.4
_AROUND = frozenset("nav aside footer form menu".split())
_AROUND_ROLES = frozenset(
    "navigation banner contentinfo complementary search menu menubar dialog alertdialog".split()
)
_AROUND_NAME = re.compile(
    r"(?:^|[-_ ])(?:nav|navbar|navigation|menu|breadcrumbs?|sidebar|cookies?|share|sharing|"
    r"social|related|recommend(?:ed|ations)?|advert(?:isement)?|ads?|skip-link|pagination|"
    r"toolbar|newsletter|copyright)(?:$|[-_ ])",
    re.I,
)
_PARTS = frozenset("div section ul ol dl p table td header center".split())
# The share of a part's words that are links, from which on it leads elsewhere; and characters:
# what is shorter says nothing, nor does a list whose items are shorter.
_LINKED = 0.8
# Characters: about ten words of English.
_SHORT = 60
# Shorter pieces of text are found everywhere.
_PIECE = 6
# Each is looked for in the whole page: some hundreds, from all over the article, tell its place.
_PIECES = 400
_SPACE = re.compile(r"\s+")
# Deeper than any page describes itself.
_DEPTH = 6


def read_html(data: bytes, name: str, options: ReadOptions) -> Document:
    """The article of a web page; all that a page says where it has no article.

    Its encoding is what `decode_text` finds with what is declared: `options.charset` (of the
    answer that it came with), then the page itself.
    """
    source = page_text(data, name, options.charset)
    root = html_tree(source)
    if root is None:
        raise DocumentError("empty", name)
    pieces, about = _about(source)
    whole = next((e for e in root.iter() if local(e).lower() == "body"), root)
    own = next((words_of(e) for e in root.iter() if local(e).lower() == "title"), "")
    found = _blocks(whole, _article(whole, pieces), own)
    told = told_article(root)
    if _size(found) < _ARTICLE_SHARE * _size(told):
        found = told
    blocks = notes_last(leveled(found))
    text, _, _ = assemble(blocks)
    return Document(
        text,
        "html",
        title=_title(blocks, about["title"], own),
        author=about["author"],
        publisher="" if about["sitename"].startswith("©") else about["sitename"],
        date=about["date"],
    )


def page_text(data: bytes, name: str, charset: str = "") -> str:
    """The source of a page; raises DocumentError where its encoding cannot be told."""
    found = [one or two for one, two in _CHARSET.findall(data[:_HEAD_BYTES])]
    declared = [charset, *(match.decode("ascii") for match in found)]
    return decoded(data, name, *declared)


def _about(text: str) -> tuple[list[str], dict[str, str]]:
    """The pieces of the article as trafilatura finds it, and what the page tells of itself."""
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    found = trafilatura.bare_extraction(
        text,
        with_metadata=True,
        include_comments=False,
        favor_recall=True,
        # The extensive search takes years that the text speaks of for the page's own date.
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    fields = ("title", "author", "date", "sitename")
    told = {field: one_line(str(getattr(found, field, None) or "")) for field in fields}
    body = getattr(found, "body", None)
    pieces = (_SPACE.sub("", piece) for piece in (() if body is None else body.itertext()))
    long = [piece for piece in pieces if len(piece) >= _PIECE]
    return long[:: 1 + len(long) // _PIECES], told


def _article(whole: Any, pieces: Sequence[str]) -> Any:
    """The smallest element that holds nearly all of these pieces."""
    least = _COVERED * sum(map(len, pieces))
    article = whole
    while least:
        # A table is read as a whole: its cells do not make sense alone.
        inner = [child for child in article if local(child) not in ("", "table")]
        best = max(inner, key=lambda child: _covered(child, pieces), default=None)
        if best is None or _covered(best, pieces) < least:
            break
        article = best
    return article


def _covered(element: Any, pieces: Sequence[str]) -> int:
    text = _SPACE.sub("", "".join(element.itertext()))
    return sum(len(piece) for piece in pieces if piece in text)


def _blocks(whole: Any, article: Any, own: str) -> list[Block]:
    """The blocks of the article, or of the whole page where they are too few."""
    everything = html_blocks(
        whole, leave=lambda element: element is not whole and _is_around(element)
    )
    if not everything:  # a page of nothing but links
        everything = html_blocks(whole)
    blocks = html_blocks(
        article, leave=lambda element: element is not article and _is_around(element)
    )
    if article is whole or _size(blocks) < _ARTICLE_SHARE * _size(everything):
        return everything
    # The article's title often stands outside the element that holds its text.
    title = _heading(everything, blocks[0], own)
    return blocks if title is None or title in blocks else [replace(title, level=1), *blocks]


def _heading(everything: Sequence[Block], first: Block, own: str) -> Block | None:
    """The heading of the article that begins with this block; None where none is surely its own.

    The site's name may be the page's only heading of level 1: the one counts that stands nearest
    above the article, if the page's own title begins with it.
    """
    end = everything.index(first) if first in everything else 0
    above = [b for b in everything[:end] if b.kind == "heading" and len(b.text) > 3]
    if above and own.startswith(above[-1].text):
        return above[-1]
    tops = [b for b in everything if b.kind == "heading" and b.level == 1]
    return tops[0] if len(tops) == 1 else None


def _title(blocks: Sequence[Block], found: str, own: str) -> str:
    """The article's only heading of level 1, else what trafilatura found, as the page has it."""
    if blocks and blocks[0].kind == "heading" and blocks[0].level == 1:
        return blocks[0].text
    # It also takes headings of menus for titles; the page's own title holds the right one.
    title = found if found in own else own
    return one_line(title) or title_of(blocks)


def _size(blocks: Sequence[Block]) -> int:
    return sum(len(block.text) for block in blocks)


def _is_around(element: Any) -> bool:
    """Whether it stands around the article: navigation, links to other pages, forms."""
    tag = local(element).lower()
    if tag in _AROUND and not has_role(element, NOTE):
        return True
    if attribute(element, "role").lower() in _AROUND_ROLES:
        return True
    if tag not in _PARTS:
        return False
    words = words_of(element)
    links = [words_of(link) for link in element.iter() if local(link).lower() == "a"]
    linked = sum(map(len, links)) / (len(words) or 1)
    if _AROUND_NAME.search(f"{element.get('class') or ''} {element.get('id') or ''}"):
        return linked > 0.5 or len(words) < _SHORT
    return len(links) >= 3 and linked >= _LINKED and len(words) < _SHORT * len(links)


def told_article(root: Any) -> list[Block]:
    """The headline and the longest `articleBody` of a page's JSON-LD; none where it has none."""
    body, headline = "", ""
    for element in root.iter():
        if local(element).lower() != "script":
            continue
        if attribute(element, "type").strip().lower() == "application/ld+json":
            for words, title in _articles(_value(element.text or ""), 0):
                if len(words) > len(body):
                    body, headline = words, title
    if not body.strip():
        return []
    # Most write plain text, some the article's HTML.
    inner = html_tree(body) if "</p>" in body.lower() else None
    lines = body.replace("\r", "\n").split("\n")
    text = [Block("paragraph", words) for line in lines if (words := clean(line))]
    blocks = text if inner is None else html_blocks(inner)
    title = one_line(headline)
    return [Block("heading", title, 1), *blocks] if title else blocks


def _value(source: str) -> Any:
    try:
        return json.loads(source, strict=False)
    except (ValueError, RecursionError):
        return None


def _articles(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Each text with its headline, wherever it stands in the description."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and isinstance(value.get("articleBody"), str):
        yield value["articleBody"], str(value.get("headline") or "")
    for one in inner if depth < _DEPTH else ():
        yield from _articles(one, depth + 1)
