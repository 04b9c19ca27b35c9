"""HTML parsed without harm, and small questions about its elements."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree, html

from .zips import attribute, local

NOTE = re.compile(r"(?:doc-)?(?:foot|end|rear)notes?")
_OF_HEAD = frozenset("title meta link script style base noscript template".split())
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
# What wikis and others mark as no part of the text: it is not printed.
_UNPRINTED = re.compile(r"noprint|no-print|d-print-none|mw-editsection|mw-cite-backlink")
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
