"""HTML parsed without harm, and small questions about its elements."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree, html

from .zips import attribute

NOTE = re.compile(r"(?:doc-)?(?:foot|end|rear)notes?")
_OF_HEAD = frozenset("title meta link script style base noscript template".split())
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


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
